"""The file as it is found: of another schema, damaged, or no longer in its place."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.migrations import NewerSchemaError, migrate
from bot.model import (
    Trouble,
    TroubleKind,
)
from tests.journal_records import collect, exchange, read, reading


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
    assert collect(troubles) == [(TroubleKind.DATABASE_DAMAGED, False)]
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
    assert collect(troubles) == [(TroubleKind.DATABASE_REMOVED, False)]
    assert read(path, "SELECT question FROM exchanges") == [(f"after {number}",) for number in range(3)]
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    if moved.exists():
        assert read(moved, "SELECT question FROM exchanges") == [("before",)]
    if removal == "replaced":
        assert read(path, "SELECT count(*) FROM of_somebody_else") == [(0,)]


async def test_database_that_is_taken_away_while_it_is_read_leaves_its_log_aside(
    database: Database,
) -> None:
    troubles: list[Trouble] = []
    database = Database(database.path, troubles.append, busy_timeout_s=0.05)
    journal = Journal(database)
    journal.record(exchange("before"))
    await journal.flush()
    moved = database.path.with_name("moved.sqlite")
    with reading(database.path):
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
    with reading(real):
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
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.sqlite"
    troubles: list[Trouble] = []
    database = Database(path, troubles.append, busy_timeout_s=0.05, try_again_s=0.05)
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
        (TroubleKind.DATABASE_UNWRITABLE, False),
        (TroubleKind.DATABASE_REMOVED, False),
        (TroubleKind.DATABASE_UNWRITABLE, True),
    ]


async def test_database_that_is_replaced_by_a_newer_one_keeps_what_waits(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    database = Database(path, try_again_s=0.05)
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
