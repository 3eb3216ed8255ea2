"""The log on standard error: for people, or as JSON for a log collector.

Every line tells which update was in hand when it was written, in whatever thread. Nobody who
writes to the bot, and no article, can forge a line or steer a terminal: in lines for people,
characters that would are written as escapes, and tracebacks are indented. What may not be in a
log at all is ``secrecy``'s.
"""

import logging
import re
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Literal, TextIO, TypeAlias

from pythonjsonlogger.json import JsonFormatter

from bot.characters import UNFIT_FOR_LOG_LINES, UNFIT_FOR_LOG_PARAGRAPHS
from bot.cli.secrecy import hide_secrets

LogFormat: TypeAlias = Literal["human", "json"]
UpdateReader: TypeAlias = Callable[[], str | None]

_LOG = logging.getLogger(__name__)
_INDENTATION = "    "


def read_no_update() -> None:
    """Return None: a terminal handles no updates."""


def open_log(stream: TextIO, log_format: LogFormat, read_update: UpdateReader) -> logging.Handler:
    """Return a handler that writes log lines to a stream; ``read_update`` names the update in hand."""
    handler = logging.StreamHandler(stream)
    handler.addFilter(_UpdateFilter(read_update))
    handler.setFormatter(_make_json_formatter() if log_format == "json" else _HumanFormatter())
    return handler


def start_logging(
    level: str,
    log_format: LogFormat = "human",
    read_update: UpdateReader = read_no_update,
    *secrets: str,
) -> None:
    """Send log lines of that level and above to standard error, without the secrets."""
    handler = open_log(sys.stderr, log_format, read_update)
    hide_secrets(handler, *secrets)
    logging.basicConfig(level=level, handlers=[handler])


class _UpdateFilter(logging.Filter):
    """Marks each record with the update in hand; a handler filters in the thread that logs."""

    def __init__(self, read_update: UpdateReader) -> None:
        super().__init__()
        self._read_update = read_update

    def filter(self, record: logging.LogRecord) -> bool:
        record.update = self._read_update()
        return True


class _HumanFormatter(logging.Formatter):
    """Formats a record as one line, and a traceback as indented lines below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    # These methods have the names that logging gives them.
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """Return the line, with the update in hand at its end."""
        update = getattr(record, "update", None)
        line = super().formatMessage(record) + (f" [update {update}]" if update else "")
        return UNFIT_FOR_LOG_LINES.sub(_escape, line)

    def formatException(  # noqa: N802
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Return the traceback, indented."""
        return _indent(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Return the stack, indented."""
        return _indent(super().formatStack(stack_info))


def _make_json_formatter() -> logging.Formatter:
    """Return a formatter of records as JSON objects, in ASCII."""
    return JsonFormatter(
        ["levelname", "name", "message", "update"],
        rename_fields={
            "levelname": "level",
            "name": "logger",
            "exc_info": "exception",
            "stack_info": "stack",
        },
        timestamp="time",
    )


def _indent(lines: str) -> str:
    return "\n".join(_INDENTATION + UNFIT_FOR_LOG_PARAGRAPHS.sub(_escape, line) for line in lines.split("\n"))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
