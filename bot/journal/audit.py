"""The acts of those who run the bot: who did what, and when.

An act changes something, shows what people asked, or takes data out. Acts are never changed, and kept
for as long as exchanges are. When somebody has their data erased, their acts stay without their name:
a detail therefore names things (an article, a version, a period), never a person or a question.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import aiosqlite

from bot.journal.database import Database
from bot.journal.rows import write_time
from bot.model import Origin


class Act(StrEnum):
    """The kinds of act; each has a text ``act.<kind>``."""

    RELOADED = "reloaded"
    ALLOWED = "allowed"
    TAKEN_BACK = "taken-back"
    VIEWED_STATS = "viewed-stats"
    EXPORTED = "exported"
    ADDED_ARTICLE = "added-article"
    TOOK_OUT_ARTICLE = "took-out-article"
    UNDID = "undid"
    ROLLED_BACK = "rolled-back"
    READ_WORDINGS = "read-wordings"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    HID_GAP = "hid-gap"
    SHOWED_GAP = "showed-gap"
    MADE_TEST = "made-test"
    TOOK_OUT_TEST = "took-out-test"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who acts; in the shell there is no more than the place."""

    user_id: int | None
    name: str | None
    origin: Origin = Origin.TELEGRAM


SHELL = Actor(None, None, Origin.TERMINAL)
"""Whoever has the shell of the bot's machine."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An act with its detail; the subject is the person whom it is about, if it is about one."""

    actor: Actor
    act: Act
    detail: str = ""
    subject_id: int | None = None
    subject_name: str | None = None
    acted_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Entries:
    """A page of the trail, the latest first, and how many entries there are in all."""

    shown: tuple[Entry, ...]
    total: int


class Audit:
    """Writes acts and lists them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, actor: Actor, act: Act, detail: str = "") -> None:
        """Write an act soon, without making the caller wait."""

        async def write(connection: aiosqlite.Connection) -> None:
            await write_entry(connection, entry)

        entry = Entry(actor, act, detail)
        self._database.defer(write)

    async def list_entries(self, skip: int, limit: int) -> Entries:
        """Return at most ``limit`` acts, the latest first, after leaving out the ``skip`` latest.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> Entries:
            counted = list(await connection.execute_fetchall("SELECT count(*) AS total FROM acts"))
            async with connection.execute(
                "SELECT * FROM acts ORDER BY id DESC LIMIT ? OFFSET ?", (limit, skip)
            ) as cursor:
                shown = [
                    Entry(
                        actor=Actor(row["user_id"], row["name"], Origin(row["origin"])),
                        act=Act(row["act"]),
                        detail=row["detail"],
                        subject_id=row["subject_id"],
                        subject_name=row["subject_name"],
                        acted_at=datetime.fromisoformat(row["acted_at"]),
                    )
                    async for row in cursor
                ]
            return Entries(tuple(shown), counted[0]["total"])

        return await self._database.read(read)

    async def find_names(self) -> dict[int, str]:
        """Return the latest name of everybody who acted and is not erased, by user id.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[int, str]:
            async with connection.execute(
                # SQLite takes the name from the row that has the greatest id.
                """
                SELECT user_id, name, max(id) FROM acts
                WHERE user_id IS NOT NULL AND name IS NOT NULL GROUP BY user_id
                """
            ) as cursor:
                return {row["user_id"]: row["name"] async for row in cursor}

        return await self._database.read(read)


async def write_entry(connection: aiosqlite.Connection, entry: Entry) -> None:
    """Write an act within the transaction that does what it says."""
    await connection.execute(
        """
        INSERT INTO acts (acted_at, origin, user_id, name, act, detail, subject_id, subject_name)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            write_time(entry.acted_at),
            entry.actor.origin.value,
            entry.actor.user_id,
            entry.actor.name,
            entry.act.value,
            entry.detail,
            entry.subject_id,
            entry.subject_name,
        ),
    )
