"""The inbox marks what is done, not sooner, and holds what the file cannot take."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosqlite

from bot.journal.database import Database
from bot.journal.inbox import Entry, Inbox
from bot.model import (
    TroubleKind,
)
from tests.journal_records import BOT, CHAT, read


async def test_inbox_marks_nothing_as_done_before_what_it_led_to_is_written(database: Database) -> None:
    inbox = Inbox(database, 1, lambda _trouble: None)
    await inbox.receive([Entry(number, CHAT, "{}", datetime.now(UTC)) for number in (1, 2)])
    reached, going_on = asyncio.Event(), asyncio.Event()
    seen: list[object] = []

    async def stand_still(_connection: aiosqlite.Connection) -> None:
        reached.set()
        await going_on.wait()

    async def look(connection: aiosqlite.Connection) -> None:
        [row] = await connection.execute_fetchall("SELECT done_at FROM inbox WHERE update_id = 2")
        seen.append(row["done_at"])

    database.defer(stand_still)
    inbox.finish(1)
    await reached.wait()
    database.defer(look)
    inbox.finish(2)
    going_on.set()
    await database.flush()
    assert seen == [None]
    assert await inbox.list_owed() == []


async def test_inbox_forgets_what_was_done_and_what_another_bot_left_two_days_ago(database: Database) -> None:
    def entry(number: int, age: timedelta = timedelta()) -> Entry:
        return Entry(number, CHAT, "{}", datetime.now(UTC) - age)

    old, inbox = timedelta(days=2, minutes=1), Inbox(database, BOT, lambda _trouble: None)
    await Inbox(database, 2, lambda _trouble: None).receive([entry(1, old), entry(2)])
    await inbox.receive([entry(number, old) for number in (3, 4, 5)])

    async def age(connection: aiosqlite.Connection) -> None:
        await connection.execute("UPDATE inbox SET done_at = received_at WHERE update_id = 3")

    await database.run(age)
    inbox.finish(4)
    await database.flush()
    assert read(database.path, "SELECT update_id, done_at IS NULL FROM inbox ORDER BY id") == [
        (2, 1),
        (4, 0),
        (5, 1),
    ]


async def test_inbox_is_durable_again_once_the_file_heals(tmp_path: Path) -> None:
    told: list[tuple[TroubleKind, bool]] = []
    (tmp_path / "log.sqlite").mkdir()
    database = Database(tmp_path / "log.sqlite")
    await database.open()
    inbox = Inbox(database, 1, lambda trouble: told.append((trouble.kind, trouble.is_over)))
    await inbox.receive([Entry(number, CHAT, "{}", datetime.now(UTC)) for number in (1, 2)])
    assert inbox.held == 2
    inbox.finish(1)
    assert inbox.held == 1
    (tmp_path / "log.sqlite").rmdir()
    await database.flush()
    assert inbox.is_durable
    assert inbox.held == 0
    assert told == [(TroubleKind.INBOX_OFF, False), (TroubleKind.INBOX_OFF, True)]
    assert [owed.update_id for owed in await inbox.list_owed()] == [2]
    await database.close()
