"""The bot as a process of its own, for tests that start, signal, starve and kill it.

The log goes through a pipe into a file, so that limits on what the process may write do not
touch it.
"""

import asyncio
import os
import shutil
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, closing
from pathlib import Path

from bot.sandbox.server import BotApi
from bot.settings import PROJECT

# The first process of a clean clone embeds the articles.
START_S = 180.0
ENDING_S = 5.0

Process = asyncio.subprocess.Process


class Service:
    """``python -m bot`` with its state in a folder, against a Bot API server."""

    def __init__(self, api: BotApi, folder: Path, corpus: Path, **variables: str) -> None:
        """Prepare it; ``variables`` are environment variables that every start has."""
        self.folder = folder
        self.database = folder / "log.sqlite"
        self.log_path = folder / "bot.log"
        self.command: Collection[str] = ("-m", "bot")
        self.before_start: Callable[[], None] | None = None
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
        self._environment |= {
            "BOT_TOKEN": api.token,
            "BOT_API_URL": api.url,
            "BOT_ADMIN_IDS": "1",
            "BOT_CORPUS": str(corpus),
            "BOT_DATABASE": str(self.database),
            "BOT_VERSIONS": str(folder / "versions"),
            "BOT_LOG_LEVEL": "DEBUG",
            **variables,
        }

    @property
    def log(self) -> str:
        """What was logged so far, by every start."""
        return self.log_path.read_text("utf-8") if self.log_path.exists() else ""

    @asynccontextmanager
    async def start(self, **variables: str) -> AsyncIterator[Process]:
        """Run the process for as long as the block lasts; what still runs at its end is killed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.command,
            env=self._environment | variables,
            cwd=PROJECT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=self.before_start,
        )
        copying = asyncio.create_task(self._copy_log(process))
        try:
            yield process
        finally:
            await kill(process)
            await copying

    async def until_logged(self, words: str, seconds: float = START_S) -> None:
        """Wait until the log says something."""
        async with asyncio.timeout(seconds):
            while words not in self.log:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.02)

    def read(self, query: str) -> list[tuple[object, ...]]:
        """Return rows of the database."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def read_copy(self, query: str) -> list[tuple[object, ...]]:
        """Return rows of the database as a process that was killed left it, touching nothing."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for part in self.folder.glob("log.sqlite*"):
            # The next process makes the index of the log anew, and so does SQLite here.
            if not part.name.endswith("-shm"):
                shutil.copy(part, copy)
        if not (copy / self.database.name).exists():
            return []
        with closing(sqlite3.connect(copy / self.database.name)) as connection:
            return connection.execute(query).fetchall()

    def list_questions(self) -> list[str]:
        """Return every question in the log, in order."""
        return [str(text) for (text,) in self.read("SELECT question FROM exchanges ORDER BY id")]

    async def _copy_log(self, process: Process) -> None:
        assert process.stdout is not None
        with self.log_path.open("ab", buffering=0) as file:
            while piece := await process.stdout.read(65_536):
                file.write(piece)


async def end(process: Process) -> float:
    """End the process as a service manager does; return how many seconds it took."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 2 * ENDING_S) == 0
    return time.monotonic() - started


async def kill(process: Process) -> None:
    """End the process as a power cut does; harmless twice."""
    if process.returncode is None:
        process.kill()
    await process.wait()


def find_free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
