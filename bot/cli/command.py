"""What every command of the shell does first and last: read the settings, warn, and end with a reason."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer

from bot.cli.logs import read_no_update, start_logging
from bot.cli.printing import open_console, print_plain
from bot.cli.settings_loading import SettingsError, load_settings
from bot.language import parse_language
from bot.settings import Settings

ERRORS = open_console(stderr=True)
"""Standard error."""

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
"""The option of a command that prints rows."""


def parse_tag(tag: str) -> str:
    """Return the language of a tag that was typed.

    Raises:
        BadParameter: it is not one.
    """
    try:
        return parse_language(tag)
    except ValueError as error:
        message = f"{tag!r} {error}"
        raise typer.BadParameter(message) from error


def begin() -> Settings:
    """Read the settings, and write log lines from warnings on to standard error; else end."""
    settings = read_settings()
    log_warnings(settings)
    return settings


def read_settings() -> Settings:
    """Read the settings and print their warnings; else end with their mistakes."""
    settings, warnings = try_settings()
    warn(warnings)
    return settings


def try_settings() -> tuple[Settings, list[str]]:
    """Read the settings, with their warnings; else end with their mistakes."""
    try:
        return load_settings()
    except SettingsError as error:
        fail(*error.mistakes)


def log_warnings(settings: Settings) -> None:
    """Write log lines from warnings on to standard error."""
    start_logging("WARNING", "human", read_no_update, *settings.list_secrets())


def warn(messages: Iterable[str]) -> None:
    """Print warnings."""
    for message in messages:
        print_plain(ERRORS, f"warning: {message}", style="yellow")


def complain(message: str) -> None:
    """Print what failed, and go on."""
    print_plain(ERRORS, message, style="red")


def fail(*messages: str) -> NoReturn:
    """Print what failed, and end with status 1."""
    for message in messages:
        complain(message)
    raise typer.Exit(1)


@contextmanager
def failing_with(*errors: type[Exception]) -> Iterator[None]:
    """End with the message of an error of these types where one is raised within."""
    try:
        yield
    except errors as error:
        fail(str(error))
