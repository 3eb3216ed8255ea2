"""How long the statistics and their picture take over a database with very many exchanges.

    python -m tests.benchmarks.stats [--exchanges N] [--file FILE]

A database is filled as the bot would have in a year, and read for each period; then a picture is drawn.
"""

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from bot.chart import draw_chart
from bot.chat.cards.statistics_card import make_chart
from bot.journal.database import Database
from bot.journal.statistics import Period, read_statistics
from bot.model import AnswerKind, Origin, Vote
from bot.wording.phrases import load_phrases

_SEED = 14
_PEOPLE = 50_000
_DAYS = 365
_LANGUAGES = ("en", "nb", "fr", "id", "de", "vi")
_WEIGHTS = (30, 25, 10, 15, 5, 15)
_KINDS = (AnswerKind.ANSWER, AnswerKind.NOT_FOUND, AnswerKind.SMALL_TALK)
_ROUNDS = 5


def main() -> None:
    """Fill a database, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help="where the database is kept; if it is there, it is read")
    arguments = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or Path(folder) / "log.sqlite"
        now = datetime.now(UTC)
        if not path.exists():
            elapsed_s = _time(lambda: _make(path, arguments.exchanges, now))
            console.print(f"{arguments.exchanges:,} exchanges written in {elapsed_s:.0f} s")
        console.print(f"{path.stat().st_size / 1e6:.0f} MB")
        for period in Period:
            started_s = time.process_time()
            elapsed = sorted(_time(lambda: read_statistics(path, period, now)) for _ in range(_ROUNDS))  # noqa: B023
            processor_s = (time.process_time() - started_s) / _ROUNDS
            console.print(
                f"{period.value:>5}: median {elapsed[_ROUNDS // 2]:.3f} s, slowest {elapsed[-1]:.3f} s,"
                f" of the processor's time {processor_s:.3f} s"
            )
        chart = make_chart(read_statistics(path, Period.ALL, now), load_phrases()["en"])
        first, second = _time(lambda: draw_chart(chart)), _time(lambda: draw_chart(chart))
        console.print(f"picture: the first {first:.3f} s, the second {second:.3f} s")


def _time(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _make(path: Path, exchanges: int, now: datetime) -> None:
    asyncio.run(_create(path))
    _fill(path, exchanges, now)


async def _create(path: Path) -> None:
    database = Database(path)
    await database.open()
    await database.close()


def _fill(path: Path, exchanges: int, now: datetime) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            """
            INSERT INTO exchanges (key, asked_at, origin, user_id, chat_id, language, question, kind,
            is_answered, confidence, corpus_version, elapsed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            _make_exchanges(exchanges, now),
        )
        connection.execute(
            """
            INSERT INTO votes SELECT id, user_id, CASE WHEN id % 3 THEN ? ELSE ? END, asked_at
            FROM exchanges WHERE id % 10 = 0
            """,
            (Vote.UP.value, Vote.DOWN.value),
        )


def _make_exchanges(exchanges: int, now: datetime) -> Iterator[tuple[object, ...]]:
    chance = random.Random(_SEED)  # noqa: S311 - only made-up exchanges
    start = now - timedelta(days=_DAYS)
    step = timedelta(days=_DAYS) / exchanges
    for number in range(exchanges):
        asked_at = (start + number * step).isoformat(timespec="milliseconds")
        user_id = 700_000_000 + int(_PEOPLE * chance.random() ** 3)
        (language,) = chance.choices(_LANGUAGES, _WEIGHTS)
        (kind,) = chance.choices(_KINDS, (60, 30, 10))
        yield (
            f"key{number}",
            asked_at,
            Origin.TELEGRAM.value,
            user_id,
            user_id,
            language,
            f"How many countries signed the convention number {number}?",
            kind.value,
            kind is AnswerKind.ANSWER,
            chance.random(),
            f"{number // 100_000:012x}",
            chance.lognormvariate(3.5, 0.8),
        )


if __name__ == "__main__":
    main()
