"""Reading the settings: from the environment, ``config/.env`` and a TOML file, with what is wrong in them."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from bot.settings import CHAT_READER, PREFIX, TOKEN, WITHOUT_ENCODER, Settings, from_project

CONFIG_VARIABLE = "BOT_CONFIG"

# Some editors put a mark before the text.
_ENCODING = "utf-8-sig"
# The bits of a file's mode that allow something to group and others.
_OTHERS = 0o077
# An empty variable counts as unset, except for these, where empty has a meaning.
_MAY_BE_EMPTY = frozenset({"BOT_TRANSLATE_URL"})
_SECRET = frozenset({"token", "proxy", "webhook_secret", "reader_key"})
# What is wrong with such a URL may be that it holds a password.
_NOT_SHOWN = _SECRET | {"reader_url"}
_OF_CHAT_READER = ("reader_url", "reader_model", "reader_key")


class SettingsError(Exception):
    """The settings cannot be used; ``mistakes`` has one line for each mistake, without any secret."""

    def __init__(self, mistakes: list[str]) -> None:
        """Mask the token in the mistakes, in whichever setting it was put."""
        self.mistakes = [TOKEN.sub("***", mistake) for mistake in mistakes]
        super().__init__("\n".join(self.mistakes))


def load_settings() -> tuple[Settings, list[str]]:
    """Read the settings; return them with a warning for each unknown variable or file open to others.

    Raises:
        SettingsError: a value is wrong, a file cannot be read, or it has an unknown key.
    """
    dotenv_path = from_project(Path("config/.env"))
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
    return isinstance(written_for, str | Path) and from_project(Path(chosen)) != from_project(
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
        return from_project(Path("config/bot.toml"))
    path = from_project(Path(chosen))
    if not path.is_file():
        raise SettingsError(
            [f"{CONFIG_VARIABLE}: the file {path} does not exist; name an existing one or unset it"]
        )
    return path


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(_ENCODING))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError([f"{path}: cannot be read as TOML: {error}"]) from None


def _read_dotenv(path: Path) -> dict[str, str]:
    """Read ``BOT_NAME=value`` lines; other names are mistakes, since the file belongs to the bot alone."""
    try:
        pairs = dotenv_values(path, interpolate=False, encoding=_ENCODING) if path.is_file() else {}
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
