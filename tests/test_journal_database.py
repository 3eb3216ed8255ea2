"""Work on the file: kept while the file fails, left out where it is wrong, never waited for."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.model import (
    Trouble,
    TroubleKind,
)
from tests.journal_records import ANNA, BEN, BOT, collect, exchange, read, read_bytes, reading


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a log that is soon tried again where it fails."""
    opened = Database(tmp_path / "state" / "log.sqlite", try_again_s=0.05, busy_timeout_s=0.05)
    await opened.open()
    yield opened
    await opened.close()


async def test_database_keeps_what_waits_up_to_a_bound(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    troubles: list[Trouble] = []
    database = Database(folder / "log.sqlite", troubles.append, most_deferred=3)
    journal = Journal(database)
    for number in range(5):
        journal.record(exchange(f"question {number}"))
    await journal.flush()
    folder.unlink()
    await journal.flush()
    await database.close()
    assert read(folder / "log.sqlite", "SELECT question FROM exchanges") == [
        ("question 2",),
        ("question 3",),
        ("question 4",),
    ]
    assert collect(troubles) == [
        (TroubleKind.DATABASE_UNWRITABLE, False),
        (TroubleKind.DATABASE_UNWRITABLE, True),
        (TroubleKind.DATABASE_ROWS_LOST, False),
    ]
    assert troubles[-1].detail.startswith("2 entries")


async def test_database_heals_by_itself_once_the_file_does(impatient: Database) -> None:
    await impatient.close()
    journal = Journal(impatient)
    with closing(sqlite3.connect(impatient.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal.record(exchange("waits"))
        await journal.flush()
        assert impatient.is_failing
        with pytest.raises(DatabaseUnavailableError):
            await journal.find("any")
        other.execute("COMMIT")
    async with asyncio.timeout(5):
        while impatient.is_failing:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)
    assert read(impatient.path, "SELECT question FROM exchanges") == [("waits",)]


async def test_database_that_is_full_keeps_what_waits(database: Database) -> None:
    troubles: list[Trouble] = []
    await database.close()
    full = Database(database.path, troubles.append)
    await full.open()

    async def limit(connection: aiosqlite.Connection) -> None:
        await connection.execute("PRAGMA max_page_count = 1")

    await full.read(limit)
    journal = Journal(full)
    for number in range(40):
        journal.record(exchange(f"question {number} " + "x" * 4000))
    await journal.flush()
    assert collect(troubles) == [(TroubleKind.DATABASE_UNWRITABLE, False)]
    assert "full" in troubles[0].detail
    # The connection is opened anew, as an operator would have made room.
    await journal.flush()
    await full.close()
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(40,)]


async def test_database_that_fails_is_reported_once_and_heals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    database = Database(folder / "log.sqlite")
    journal = Journal(database)
    await database.open()
    journal.record(exchange("waits"))
    await journal.flush()
    with pytest.raises(DatabaseUnavailableError):
        await journal.find("any")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "log.sqlite cannot be written" in caplog.text
    folder.unlink()
    journal.record(exchange("kept"))
    await journal.flush()
    await database.close()
    assert caplog.records[-1].getMessage().endswith("can be written again")
    assert read(folder / "log.sqlite", "SELECT question FROM exchanges") == [("waits",), ("kept",)]


async def test_database_is_left_as_it_was_by_work_that_fails(database: Database) -> None:
    journal = Journal(database)
    twice = exchange()
    journal.record(twice)
    journal.record(twice)
    journal.record(exchange("next"))
    await journal.flush()
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(2,)]
    assert read(database.path, "SELECT count(*) FROM shown_passages") == [(8,)]


async def test_database_in_use_delays_only_the_erasing_of_traces(impatient: Database) -> None:
    journal = Journal(impatient)
    for number in range(20):
        journal.record(exchange(f"Annas secret {number} " + "x" * 3000))
    await journal.flush()
    with reading(impatient.path):
        assert await PersonalRecords(impatient, BOT).forget(ANNA) == 20
        assert not impatient.is_failing
        journal.record(exchange("next", BEN))
        await journal.flush()
        assert not impatient.is_failing
    async with asyncio.timeout(5):
        while b"Annas secret" in read_bytes(impatient):  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)


async def test_database_that_fails_keeps_nobody_waiting_in_line(tmp_path: Path) -> None:
    database = Database(tmp_path / "log.sqlite", busy_timeout_s=0.3)
    await database.open()
    await database.close()
    readers = Readers(database)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with asyncio.timeout(1):
            results = await asyncio.gather(
                *(readers.choose_languages(number, ["nb"]) for number in range(20)), return_exceptions=True
            )
        assert {type(result) for result in results} == {DatabaseUnavailableError}


async def test_database_heals_though_nothing_is_to_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    database = Database(folder / "log.sqlite", try_again_s=0.05)
    await database.open()
    assert database.is_failing
    folder.unlink()
    async with asyncio.timeout(5):
        while database.is_failing:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)
    await database.close()


async def test_database_goes_on_after_work_that_was_broken_off(database: Database) -> None:
    journal, readers = Journal(database), Readers(database)
    for number in range(200):
        journal.record(exchange(f"question {number}"))
        breaking = asyncio.create_task(readers.choose_languages(number, ["nb"]))
        await asyncio.sleep(0.0003)
        breaking.cancel()
        await asyncio.gather(breaking, return_exceptions=True)
    await journal.flush()
    assert not database.is_failing
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(200,)]
