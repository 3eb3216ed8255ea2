"""Lines from the keyboard: edited and with a history at a terminal, else as they come.

The history is a file beside the database that only its owner may read: one line for each line typed,
with its time. It keeps them as long as the database keeps questions.
"""

import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.history import History
from rich.console import Console

from bot.journal.private_files import open_for_its_owner

_LOG = logging.getLogger(__name__)
_PROMPT = "> "
_MOST_LINES = 1000


class Keyboard(Protocol):
    """Reads what a person types."""

    def read_line(self) -> str:
        """Return the next line, without its end.

        Raises:
            EOFError: there are no more lines.
            KeyboardInterrupt: the person gave the line up with Ctrl-C.
        """

    def forget(self) -> None:
        """Forget every line that was typed, in this run and before."""


class PlainKeyboard:
    """Reads lines as they come, and keeps none."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def read_line(self) -> str:
        """Return the next line, as ``Keyboard`` says."""
        try:
            return make_whole(self._console.input(f"[bold]{_PROMPT}[/bold]"))
        except (EOFError, KeyboardInterrupt):
            self._console.print()
            raise

    def forget(self) -> None:
        """Do nothing: no line is kept."""


class EditingKeyboard:
    """Lets lines be edited, and earlier ones be called back with the arrow keys."""

    def __init__(self, history: Path, retention_days: int) -> None:
        """Keep the lines in a file for so many days; 0 is for ever."""
        self._history = history
        self._retention_days = retention_days
        self._session = self._open()

    def read_line(self) -> str:
        """Return the next line, as ``Keyboard`` says."""
        return make_whole(self._session.prompt([("bold", _PROMPT)]))

    def forget(self) -> None:
        """Remove the file, and what is in memory.

        Raises:
            OSError: the file cannot be removed.
        """
        self._history.unlink(missing_ok=True)
        self._session = self._open()

    def _open(self) -> "PromptSession[str]":
        return PromptSession(history=_KeptLines(self._history, self._retention_days))


def open_keyboard(console: Console, history: Path, retention_days: int) -> Keyboard:
    """Open the keyboard; lines are edited if both input and output are a terminal."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return EditingKeyboard(history, retention_days)
    return PlainKeyboard(console)


def make_whole(text: str) -> str:
    """Replace bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _KeptLines(History):
    """The lines of a file, one with its time in each of the file's lines."""

    def __init__(self, path: Path, retention_days: int) -> None:
        super().__init__()
        self._path = path
        self._retention_days = retention_days

    def load_history_strings(self) -> Iterator[str]:
        """Yield the lines, the latest first, and erase those that are too old or too many."""
        try:
            kept = self._path.read_text("utf-8", "replace").splitlines(keepends=True)
            fresh = [line for line in kept if self._is_fresh(line)][-_MOST_LINES:]
            if fresh != kept:
                self._replace(fresh)
        except FileNotFoundError:
            return
        except OSError as error:
            _LOG.warning("%s: cannot be read or written (%s); earlier lines are lost", self._path, error)
            return
        for line in reversed(fresh):
            yield line.rstrip("\n").partition("\t")[2]

    def store_string(self, string: str) -> None:
        """Add a line; where the file cannot be written, it is at hand in this run only."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._write(self._path, "ab", f"{now}\t{' '.join(make_whole(string).split())}\n")
        except OSError as error:
            _LOG.warning("%s: cannot be written (%s); this line is not kept", self._path, error)

    def _is_fresh(self, line: str) -> bool:
        """Tell whether a line of the file is a whole one, and not too old."""
        time, tab, _ = line.partition("\t")
        try:
            age = datetime.now(UTC) - datetime.fromisoformat(time)
        except (ValueError, TypeError):
            return False
        return bool(tab) and (not self._retention_days or age <= timedelta(days=self._retention_days))

    def _replace(self, lines: list[str]) -> None:
        unfinished = self._path.with_name(f"{self._path.name}.{os.getpid()}.unfinished")
        self._write(unfinished, "wb", "".join(lines))
        unfinished.replace(self._path)

    @staticmethod
    def _write(path: Path, mode: Literal["wb", "ab"], text: str) -> None:
        with open(path, mode, opener=open_for_its_owner) as file:
            file.write(text.encode())
