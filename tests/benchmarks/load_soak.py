"""The endurance test: twice as many questions as Telegram lets the bot answer, for minutes.

The bot holds itself to Telegram's pace, so what it owes piles up; afterwards it works that off.
What piles up may grow in the database, but not in memory, and no file may stay open.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from tests.benchmarks.load_crowd import Crowd, ask_differently
from tests.benchmarks.load_peers import PACED, Running, run_peer

_RATE = 60
_PEOPLE = 2000
_STEP_S = 0.1
_WARMING_UP = 30
# What may come on top of the first quarter and still be called flat.
_MORE_MB = 10.0
_MORE_FILES = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """The state at one moment; ``backlog`` is what the database holds, None where it holds nothing."""

    seconds: float
    is_loaded: bool
    asked: int
    replied: int
    replies_per_s: float
    busiest_s: int
    backlog: int | None
    memory_mb: float
    files: int

    @property
    def owed(self) -> int:
        """How many questions have no reply yet."""
        return self.asked - self.replied


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether memory and open files stayed flat, and whether everybody got one reply."""

    more_mb: float
    more_files: float
    missing: int
    repeated: int

    @property
    def is_flat(self) -> bool:
        """Whether neither grew by more than it does by chance."""
        return self.more_mb <= _MORE_MB and self.more_files <= _MORE_FILES


async def soak(seconds: float, every_s: float) -> tuple[list[Sample], Verdict]:
    """Load the bot for so long, let it work off what it owes, and watch it.

    Raises:
        PeerError: the bot ended, or owes replies for good.
    """
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with BotApi() as api, run_peer(PACED, api, Path(folder)) as running:
            words = ask_differently()
            warming = Crowd(api, running)
            for one in islice(words, _WARMING_UP):
                warming.ask(api.person(language_code=one.language), one.text)
            await warming.wait()
            crowd = Crowd(api, running)
            watch = _Watch(running, crowd, every_s)
            watching = asyncio.create_task(watch.run())
            people = [
                (api.person(language_code=one.language), one.language) for one in islice(words, _PEOPLE)
            ]
            await _load(crowd, people, seconds)
            watch.is_loaded = False
            await crowd.wait()
            watching.cancel()
            watch.take()
            return watch.samples, judge(watch.samples, crowd)


def judge(samples: Sequence[Sample], crowd: Crowd) -> Verdict:
    """Compare the last quarter of the time under load with the second one: the first fills caches."""
    loaded = [sample for sample in samples if sample.is_loaded]
    quarter = max(1, len(loaded) // 4)
    early, late = loaded[quarter : 2 * quarter] or loaded, loaded[-quarter:]
    return Verdict(
        more_mb=statistics.mean(one.memory_mb for one in late)
        - statistics.mean(one.memory_mb for one in early),
        more_files=statistics.mean(one.files for one in late) - statistics.mean(one.files for one in early),
        missing=crowd.asked - crowd.replied,
        repeated=crowd.repeated,
    )


def describe_soak(samples: Sequence[Sample], verdict: Verdict) -> dict[str, Any]:
    """Return what was found as JSON has it."""
    return {
        "samples": [asdict(sample) | {"owed": sample.owed} for sample in samples],
        "verdict": asdict(verdict) | {"is_flat": verdict.is_flat},
    }


def print_soak(console: Console, samples: Sequence[Sample], verdict: Verdict) -> None:
    """Print the series and the verdict."""
    table = Table("s", "asked", "replied", "replies/s", "busiest s", "owed", "in database", "MB", "files")
    table.box = None
    for one in samples:
        backlog = "n/a" if one.backlog is None else str(one.backlog)
        table.add_row(
            f"{one.seconds:.0f}{'' if one.is_loaded else ' after'}",
            *(str(one.asked), str(one.replied), f"{one.replies_per_s:.1f}", str(one.busiest_s)),
            *(str(one.owed), backlog, f"{one.memory_mb:.1f}", str(one.files)),
        )
    console.print(table)
    console.print(
        f"{'flat' if verdict.is_flat else 'NOT FLAT'}: memory {verdict.more_mb:+.1f} MB, open files"
        f" {verdict.more_files:+.1f} (last quarter under load against the second); without a reply"
        f" {verdict.missing}, replied to twice {verdict.repeated}"
    )


async def _load(crowd: Crowd, people: Sequence[tuple[Person, str]], seconds: float) -> None:
    """Let people ask in turn at the constant rate; nobody writes in another language than before."""
    texts: dict[str, list[str]] = {}
    for one in islice(ask_differently(), _PEOPLE):
        texts.setdefault(one.language, []).append(one.text)
    started = time.monotonic()
    number = 0
    while (elapsed := time.monotonic() - started) < seconds:
        while number < elapsed * _RATE:
            person, language = people[number % len(people)]
            crowd.ask(person, texts[language][number % len(texts[language])])
            number += 1
        await asyncio.sleep(_STEP_S)


class _Watch:
    """Takes samples."""

    def __init__(self, running: Running, crowd: Crowd, every_s: float) -> None:
        self.samples: list[Sample] = []
        self.is_loaded = True
        self._running = running
        self._crowd = crowd
        self._every_s = every_s
        self._started = time.monotonic()

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._every_s)
                self.take()
                # The server keeps all it was sent, and would stop for seconds to look through that for
                # garbage; the bot opens a connection for each answer that has to wait for it.
                gc.freeze()
        finally:
            gc.unfreeze()

    def take(self) -> None:
        self._crowd.read_replies()
        before = self.samples[-1] if self.samples else None
        replied, seconds = self._crowd.replied, time.monotonic() - self._started
        times = self._crowd.reply_times[before.replied if before else 0 :]
        self.samples.append(
            Sample(
                seconds=seconds,
                is_loaded=self.is_loaded,
                asked=self._crowd.asked,
                replied=replied,
                replies_per_s=(replied - (before.replied if before else 0))
                / (seconds - (before.seconds if before else 0.0)),
                busiest_s=count_busiest(times),
                backlog=self._running.count_backlog(),
                memory_mb=self._running.read_memory_mb(),
                files=self._running.count_files(),
            )
        )


def count_busiest(times: Sequence[float]) -> int:
    """Return the most replies within any one second."""
    first = most = 0
    for number, time_ in enumerate(times):
        while times[first] <= time_ - 1:
            first += 1
        most = max(most, number + 1 - first)
    return most
