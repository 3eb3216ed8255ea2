"""The file: brought up to date, survived where it fails, put aside where it is damaged."""

import asyncio
import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.migrations import NewerSchemaError, migrate
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.model import (
    Trouble,
    TroubleKind,
)
from tests.journal_records import ANNA, BEN, BOT, collect, exchange, read, read_bytes


async def test_database_refuses_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    database = Database(path)
    with pytest.raises(NewerSchemaError, match="newer than this bot's"):
        await database.open()
    await database.close()


async def test_database_may_be_brought_up_to_date_by_two_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((Path(__file__).parent / "data" / "schema_1.sql").read_text("utf-8"))
    async with (
        aiosqlite.connect(path, isolation_level=None) as one,
        aiosqlite.connect(path, isolation_level=None) as other,
    ):
        await asyncio.gather(migrate(one), migrate(other))
    assert read(path, "SELECT count(*) FROM passages") == [(3,)]


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
        (TroubleKind.LOG_UNWRITABLE, False),
        (TroubleKind.LOG_UNWRITABLE, True),
        (TroubleKind.LOG_ROWS_LOST, False),
    ]
    assert troubles[-1].detail.startswith("2 entries")


async def test_database_heals_by_itself_once_the_file_does(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.opening._BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    await database.close()
    journal = Journal(database)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal.record(exchange("waits"))
        await journal.flush()
        assert database.is_failing
        with pytest.raises(DatabaseUnavailableError):
            await journal.find("any")
        other.execute("COMMIT")
    async with asyncio.timeout(5):
        while database.is_failing:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)
    assert read(database.path, "SELECT question FROM exchanges") == [("waits",)]


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
    assert collect(troubles) == [(TroubleKind.LOG_UNWRITABLE, False)]
    assert "full" in troubles[0].detail
    # The connection is opened anew, as an operator would have made room.
    await journal.flush()
    await full.close()
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(40,)]


@pytest.mark.parametrize("damage", ["no database", "torn"])
async def test_database_puts_a_damaged_file_aside(database: Database, damage: str) -> None:
    journal = Journal(database)
    for number in range(50):
        journal.record(exchange(f"question {number} " + "x" * 1000))
    await journal.flush()
    await database.close()
    content = bytearray(database.path.read_bytes())
    if damage == "no database":
        content[:100] = b"x" * 100
    else:
        content[4096 * 3 : 4096 * 9] = b"x" * 4096 * 6
    database.path.write_bytes(content)
    troubles: list[Trouble] = []
    opened = Database(database.path, troubles.append)
    await opened.open()
    Journal(opened).record(exchange("new"))
    await opened.close()
    assert collect(troubles) == [(TroubleKind.LOG_DAMAGED, False)]
    [aside] = [path for path in database.path.parent.iterdir() if ".damaged-" in path.name]
    assert aside.read_bytes() == content
    assert str(aside) in troubles[0].detail
    assert read(database.path, "SELECT question FROM exchanges") == [("new",)]


@pytest.mark.parametrize("removal", ["deleted", "moved", "replaced", "with its folder"])
async def test_database_begins_anew_where_its_file_is_taken_away(tmp_path: Path, removal: str) -> None:
    path = tmp_path / "state" / "log.sqlite"
    troubles: list[Trouble] = []
    database = Database(path, troubles.append)
    journal = Journal(database)
    journal.record(exchange("before"))
    await journal.flush()
    moved = tmp_path / "moved.sqlite"
    if removal == "deleted":
        path.unlink()
    elif removal == "with its folder":
        shutil.rmtree(path.parent)
    else:
        path.rename(moved)
    if removal == "replaced":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE of_somebody_else (one)")
    for number in range(3):
        journal.record(exchange(f"after {number}"))
        await journal.flush()
    await database.close()
    assert collect(troubles) == [(TroubleKind.LOG_REMOVED, False)]
    assert read(path, "SELECT question FROM exchanges") == [(f"after {number}",) for number in range(3)]
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    if moved.exists():
        assert read(moved, "SELECT question FROM exchanges") == [("before",)]
    if removal == "replaced":
        assert read(path, "SELECT count(*) FROM of_somebody_else") == [(0,)]


async def test_database_that_is_taken_away_while_it_is_read_leaves_its_log_aside(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.opening._BUSY_TIMEOUT_S", 0.05)
    troubles: list[Trouble] = []
    database = Database(database.path, troubles.append)
    journal = Journal(database)
    journal.record(exchange("before"))
    await journal.flush()
    moved = database.path.with_name("moved.sqlite")
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM exchanges").fetchall()
        journal.record(exchange("meanwhile"))
        await journal.flush()
        database.path.rename(moved)
        journal.record(exchange("after"))
        await journal.flush()
    await database.close()
    assert read(database.path, "SELECT question FROM exchanges") == [("after",)]
    [aside] = database.path.parent.glob("log.sqlite.removed-*-wal")
    assert aside.name in troubles[0].detail
    aside.rename(moved.with_name("moved.sqlite-wal"))
    assert read(moved, "SELECT question FROM exchanges") == [("before",), ("meanwhile",)]


async def test_database_behind_a_link_is_not_read_with_what_another_file_left(tmp_path: Path) -> None:
    real, link = tmp_path / "real.sqlite", tmp_path / "log.sqlite"
    backup = Database(tmp_path / "backup.sqlite")
    Journal(backup).record(exchange("restored"))
    await backup.close()
    link.symlink_to(real)
    database = Database(link)
    journal = Journal(database)
    journal.record(exchange("before"))
    await journal.flush()
    with closing(sqlite3.connect(real, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM exchanges").fetchall()
        journal.record(exchange("meanwhile"))
        await journal.flush()
        backup.path.replace(real)
        journal.record(exchange("after"))
        await journal.flush()
    await database.close()
    assert read(link, "SELECT question FROM exchanges") == [("restored",), ("after",)]


async def test_database_leaves_alone_what_belongs_to_a_file_in_the_place_of_its_own(
    database: Database,
) -> None:
    journal = Journal(database)
    journal.record(exchange("before"))
    await journal.flush()
    database.path.rename(database.path.with_name("moved.sqlite"))
    for companion in ("-wal", "-shm"):
        database.path.with_name(database.path.name + companion).unlink()
    other = Database(database.path)
    other_journal = Journal(other)
    other_journal.record(exchange("of the other"))
    await other_journal.flush()
    journal.record(exchange("after"))
    await journal.flush()
    other_journal.record(exchange("of the other, later"))
    await other_journal.flush()
    await database.close()
    await other.close()
    assert read(database.path, "SELECT question FROM exchanges") == [
        ("of the other",),
        ("after",),
        ("of the other, later",),
    ]


async def test_database_that_is_taken_away_while_it_fails_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.opening._BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    path = tmp_path / "log.sqlite"
    troubles: list[Trouble] = []
    database = Database(path, troubles.append)
    journal = Journal(database)
    journal.record(exchange("before"))
    await journal.flush()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal.record(exchange("meanwhile"))
        await journal.flush()
        path.rename(tmp_path / "moved.sqlite")
    await journal.flush()
    await database.close()
    assert read(path, "SELECT question FROM exchanges") == [("meanwhile",)]
    assert collect(troubles) == [
        (TroubleKind.LOG_UNWRITABLE, False),
        (TroubleKind.LOG_REMOVED, False),
        (TroubleKind.LOG_UNWRITABLE, True),
    ]


async def test_database_that_is_replaced_by_a_newer_one_keeps_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    path = tmp_path / "log.sqlite"
    database = Database(path)
    journal = Journal(database)
    await database.open()
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    journal.record(exchange("meanwhile"))
    await journal.flush()
    assert database.is_failing
    path.unlink()
    await journal.flush()
    await database.close()
    assert read(path, "SELECT question FROM exchanges") == [("meanwhile",)]


async def test_database_of_the_first_schema_keeps_every_row(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((Path(__file__).parent / "data" / "schema_1.sql").read_text("utf-8"))
    database = Database(path)
    await database.open()
    found = [await Journal(database).find(key) for key in ("one", "two")]
    shown = [
        [(hit.passage.text, hit.highlight, len(hit.also)) for hit in each.answer.hits]
        for each in found
        if each
    ]
    assert shown == [
        [("One is one.", "is one", 1), ("Two.", None, 0)],
        [("Two.", None, 0)],
    ]
    await database.close()
    assert read(path, "SELECT text FROM passages ORDER BY text") == [("Eins.",), ("One is one.",), ("Two.",)]


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


async def test_database_in_use_delays_only_the_erasing_of_traces(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.opening._BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    journal = Journal(database)
    for number in range(20):
        journal.record(exchange(f"Annas secret {number} " + "x" * 3000))
    await journal.flush()
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM exchanges").fetchone()
        assert await PersonalRecords(database, BOT).forget(ANNA) == 20
        assert not database.is_failing
        journal.record(exchange("next", BEN))
        await journal.flush()
        assert not database.is_failing
    async with asyncio.timeout(5):
        while b"Annas secret" in read_bytes(database):  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)


async def test_database_that_fails_keeps_nobody_waiting_in_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.opening._BUSY_TIMEOUT_S", 0.3)
    await database.close()
    readers = Readers(database)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with asyncio.timeout(1):
            results = await asyncio.gather(
                *(readers.choose_language(number, "nb") for number in range(20)), return_exceptions=True
            )
        assert {type(result) for result in results} == {DatabaseUnavailableError}


async def test_database_heals_though_nothing_is_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    database = Database(folder / "log.sqlite")
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
        breaking = asyncio.create_task(readers.choose_language(number, "nb"))
        await asyncio.sleep(0.0003)
        breaking.cancel()
        await asyncio.gather(breaking, return_exceptions=True)
    await journal.flush()
    assert not database.is_failing
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(200,)]
