"""The bots that the load benchmark compares, each a process of its own against a local Bot API.

A peer gets the strict server of the tests over HTTP, a fresh database, and an environment without
the settings of whoever runs the benchmark. What it uses is read from ``/proc`` (Linux).
"""

import asyncio
import os
import re
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from bot.sandbox.server import BotApi
from bot.settings import PREFIX, PROJECT, Settings

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_START_S = 300.0
_STOP_S = 10.0
_SETTLED_S = 1.0
_LOOK_S = 0.1
_SHOWN_CHARACTERS = 2000

# What would hold a burst back on purpose; passed only where the bot has such a setting.
_UNLIMITED = {"questions_per_minute": "0", "messages_per_second": "0", "chat_messages_per_second": "0"}
_PACED = {"questions_per_minute": "0"}


@dataclass(frozen=True, slots=True)
class Peer:
    """A bot to measure: its name, the arguments of its process, its settings."""

    name: str
    arguments: tuple[str, ...]
    settings: dict[str, str]


ECHO = "echo"
PEERS = {
    peer.name: peer
    for peer in (
        Peer(ECHO, ("-m", "tests.benchmarks.echo_bot"), {}),
        Peer("echo-concurrent", ("-m", "tests.benchmarks.echo_bot", "--concurrent"), {}),
        Peer("bot", ("-m", "bot"), _UNLIMITED),
        Peer("constant", ("-m", "tests.benchmarks.constant_bot"), _UNLIMITED),
        # What the durable inbox costs lies between these two.
        Peer("constant-no-inbox", ("-m", "tests.benchmarks.constant_bot", "--without-inbox"), _UNLIMITED),
    )
}
"""All peers, the yardstick first."""

PACED = Peer("bot", ("-m", "bot"), _PACED)
"""The bot as it is run, but that one person may ask as much as they like."""


class PeerError(Exception):
    """A peer ended, or does not answer; the message has the end of its log."""


class Running:
    """A peer's process, as the kernel sees it."""

    def __init__(self, process: asyncio.subprocess.Process, database: Path, log: Path) -> None:
        """Take the process and its files."""
        self._process = process
        self._folder = Path("/proc") / str(process.pid)
        self._database = database
        self._log = log

    def read_memory_mb(self) -> float:
        """Return the resident memory."""
        found = re.search(r"^VmRSS:\s+(\d+) kB", self._read("status"), re.MULTILINE)
        # A process that has ended but was not waited for has none.
        return int(found[1]) / 1024 if found else 0.0

    def count_files(self) -> int:
        """Return how many files and sockets are open."""
        try:
            return len(os.listdir(self._folder / "fd"))  # noqa: PTH208 - only the number matters
        except OSError:
            self.fail("has ended")

    def read_cpu_s(self) -> float:
        """Return the CPU time used so far, by all its threads."""
        return _read_cpu_s(self._read("stat"))

    def count_backlog(self) -> int | None:
        """Return how many updates wait in the database, or None where it keeps none."""
        if not self._database.exists():
            return None
        try:
            with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
                return _count_waiting(connection)
        except sqlite3.Error:
            return None

    def check(self) -> None:
        """Raise a PeerError if the process has ended."""
        if self._process.returncode is not None:
            self.fail(f"ended with status {self._process.returncode}")

    def fail(self, what: str) -> NoReturn:
        """Raise a PeerError that shows the end of the log."""
        log = self._log.read_text("utf-8", "replace")[-_SHOWN_CHARACTERS:]
        message = f"the bot {what}:\n{log}"
        raise PeerError(message)

    async def stop(self) -> None:
        """End the process, kindly first."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_S)
            except TimeoutError:
                self._process.kill()
        await self._process.wait()

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text()
        except OSError:
            self.fail("has ended")


@asynccontextmanager
async def run_peer(peer: Peer, api: BotApi, folder: Path) -> AsyncIterator[Running]:
    """Start a peer, give it once it polls and does nothing else, and end it.

    Raises:
        PeerError: it ended, or did not begin to poll.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {"BOT_TOKEN": api.token, "BOT_API_URL": api.url}
    database, log = folder / "bot.sqlite", folder / "bot.log"
    if peer.settings:
        environment["BOT_DATABASE"] = str(database)
    for name, value in peer.settings.items():
        if name in Settings.model_fields:
            environment[f"{PREFIX}{name.upper()}"] = value
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *peer.arguments, env=environment, cwd=PROJECT, stdout=output, stderr=output
        )
    running = Running(process, database, log)
    try:
        await _settle(running, api)
        yield running
    finally:
        await running.stop()


async def _settle(running: Running, api: BotApi) -> None:
    """Wait until the bot polls and has called nothing else for a moment."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        running.check()
        others = [call for call in api.calls if call.method != "getUpdates"]
        has_polled = len(others) < len(api.calls)
        if has_polled and others and others[-1].at < api.clock.now() - _SETTLED_S:
            return
        await asyncio.sleep(_LOOK_S)
    running.fail("did not begin to poll")


def _read_cpu_s(stat: str) -> float:
    # The name before the brackets' end may hold spaces.
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS_PER_S


def _count_waiting(connection: sqlite3.Connection) -> int | None:
    """Count the rows of the inbox that are not done, however it marks those."""
    columns = {str(row[1]) for row in connection.execute("PRAGMA table_info(inbox)")}
    if not columns:
        return None
    done = next((name for name in ("done_at", "handled_at", "finished_at") if name in columns), None)
    condition = f" WHERE {done} IS NULL" if done else " WHERE NOT is_done" if "is_done" in columns else ""
    return int(connection.execute(f"SELECT count(*) FROM inbox{condition}").fetchone()[0])  # noqa: S608
