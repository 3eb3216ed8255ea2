"""The conversation at a real terminal: keys in, lines edited, kept and forgotten."""

import os
import pty
import re
import select
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.settings import PROJECT

Keys = Callable[[str], str]

QUESTION = "how many countries signed?"
LEFT = "\x1b[D"
UP = "\x1b[A"
CTRL_C = "\x03"
CTRL_D = "\x04"
_PATIENCE_S = 240
# What prompt_toolkit sends when it begins to read a line, and when it asks where the cursor is.
_PROMPTED = b"\x1b[?2004h"
_ASKED = b"\x1b[6n"
_CODE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
_COLOUR = re.compile(r"\x1b\[(\d+;)*[34]\d[;m]")


@contextmanager
def at_terminal(folder: Path, **variables: str) -> Iterator[tuple[Keys, Callable[[], int]]]:
    """Run the bot in a terminal; yield what types keys and returns what is then shown, and the end.

    The cursor is said to be on the last line, below which there is nothing to clear.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment |= {"BOT_DATABASE": str(folder / "log.sqlite"), "PYTHONWARNINGS": "error", "TERM": "xterm"}
    screen, keyboard = pty.openpty()
    termios.tcsetwinsize(keyboard, (40, 100))
    bot = subprocess.Popen(
        [sys.executable, "-m", "bot"],
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        env=environment | variables,
        cwd=PROJECT,
        start_new_session=True,
    )
    os.close(keyboard)

    def read_until_prompted() -> str:
        shown = b""
        until = time.monotonic() + _PATIENCE_S
        while _PROMPTED not in shown:
            assert time.monotonic() < until, shown
            if select.select([screen], [], [], 1)[0]:
                piece = os.read(screen, 65_536)
                os.write(screen, piece.count(_ASKED) * b"\x1b[40;1R")
                shown += piece
        return shown.decode("utf-8", "replace")

    def type_keys(keys: str) -> str:
        os.write(screen, keys.encode())
        return read_until_prompted()

    def leave() -> int:
        os.write(screen, CTRL_D.encode())
        bot.wait(_PATIENCE_S)
        return bot.returncode

    try:
        read_until_prompted()
        yield type_keys, leave
    finally:
        bot.kill()
        bot.wait()
        os.close(screen)


def test_terminal_edits_lines_and_keeps_them(tmp_path: Path) -> None:
    with at_terminal(tmp_path, NO_COLOR="1") as (type_keys, leave):
        shown = type_keys("how many countres signed?" + 10 * LEFT + "i\r")
        assert "72 countries" in _CODE.sub("", shown)
        assert not _COLOUR.search(shown)
        assert "never asked" in type_keys(f"never asked{CTRL_C}")
        type_keys(f"{UP}\r")
        assert leave() == 0
    history = tmp_path / "log.history"
    # A line that is repeated is kept once.
    assert _read_lines(history) == [QUESTION]
    assert history.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection:
        assert connection.execute("SELECT question FROM exchanges").fetchall() == 2 * [(QUESTION,)]


def test_terminal_forgets_lines(tmp_path: Path) -> None:
    history = tmp_path / "log.history"
    history.write_text(
        "not a line\n2020-01-01T00:00:00+00:00\tlong ago\n2999-01-01T00:00:00+00:00\t/sources\n", "utf-8"
    )
    with at_terminal(tmp_path, BOT_ENCODER="none") as (type_keys, leave):
        assert "https://baotintuc.vn/" in type_keys(f"{UP}\r")
        assert _read_lines(history) == ["/sources"]
        assert "Erased: 0 questions" in _CODE.sub("", type_keys("/forget yes\r"))
        assert not history.exists()
        # What is typed afterwards is kept again, and nothing else comes back.
        type_keys("help\r")
        type_keys(f"{UP}{UP}{UP}\r")
        assert leave() == 0
    assert _read_lines(history) == ["help"]


def _read_lines(history: Path) -> list[str]:
    """Return the lines of a history without their times."""
    return [line.partition("\t")[2] for line in history.read_text("utf-8").splitlines()]
