"""The statistics count what is in the log, whenever it was written, and nothing that is gone."""

import random
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.retention import Retention
from bot.journal.statistics import Period, StatisticsError, read_statistics
from bot.model import Answer, AnswerKind, Exchange, Origin, Question

NOW = datetime(2026, 5, 20, 12, 30, tzinfo=UTC)
DAYS = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30, Period.YEAR: 365, Period.ALL: 10_000}


def make_exchanges(count: int) -> list[Exchange]:
    chance = random.Random(14)  # noqa: S311 - only made-up exchanges
    return [
        Exchange(
            NOW - timedelta(minutes=chance.randint(0, 500 * 24 * 60)),
            Origin.TELEGRAM,
            Answer(
                Question("how many?", chance.choice(["en", "nb", "vi"])),
                chance.choice(list(AnswerKind)),
                0.5,
                (),
                "abc123",
                chance.uniform(1, 30_000),
            ),
            chance.choice([None, *range(1, 40)]),
        )
        for _ in range(count)
    ]


async def write(database: Database, exchanges: list[Exchange]) -> None:
    journal = Journal(database)
    for exchange in exchanges:
        journal.record(exchange)
    await journal.flush()


def round_ms(elapsed_ms: float) -> int:
    """Round to two digits."""
    unit = next(unit for unit in (1, 10, 100, 1000) if elapsed_ms < 100 * unit)
    return unit * round(elapsed_ms / unit)


def check(path: Path, exchanges: list[Exchange]) -> None:
    for period, days in DAYS.items():
        first_day = NOW.date() - timedelta(days=days - 1)
        asked = [
            exchange
            for exchange in exchanges
            if exchange.asked_at.date() >= first_day and exchange.answer.kind is not AnswerKind.SMALL_TALK
        ]
        found = read_statistics(path, period, NOW)
        assert found.questions == len(asked)
        assert found.answered == sum(exchange.answer.is_answered for exchange in asked)
        assert found.people == len({exchange.user_id for exchange in asked} - {None})
        assert dict(found.languages) == Counter(exchange.answer.question.language for exchange in asked)
        by_day = Counter(exchange.asked_at.date() for exchange in asked)
        assert {day: tally.questions for day, tally in found.days.items()} == by_day
        by_hour = Counter(exchange.asked_at.hour for exchange in asked)
        assert {hour: tally.questions for hour, tally in found.hours.items()} == by_hour
        durations = sorted(round_ms(exchange.answer.elapsed_ms) for exchange in asked)
        middle = -(-len(durations) // 2) - 1
        assert found.median_ms == (durations[middle] if durations else None)


async def test_statistics_count_what_is_in_the_log(tmp_path: Path) -> None:
    exchanges = make_exchanges(2_000)
    database = Database(tmp_path / "log.sqlite")
    await database.open()
    await write(database, exchanges)
    check(database.path, exchanges)
    kept_since = NOW - timedelta(days=100)
    await Retention(database, 100).erase_old(NOW)
    check(database.path, [exchange for exchange in exchanges if exchange.asked_at >= kept_since])
    await database.close()


async def test_statistics_count_what_was_there_before_they_were(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((Path(__file__).parent / "data" / "schema_1.sql").read_text("utf-8"))
        (questions,) = connection.execute(
            "SELECT count(*) FROM exchanges WHERE kind != 'small_talk'"
        ).fetchone()
    database = Database(path)
    await database.open()
    await database.close()
    assert read_statistics(path, Period.ALL, NOW).questions == questions > 0


def test_statistics_of_no_database_say_so(tmp_path: Path) -> None:
    with pytest.raises(StatisticsError, match="no database yet"):
        read_statistics(tmp_path / "log.sqlite", Period.ALL, NOW)
