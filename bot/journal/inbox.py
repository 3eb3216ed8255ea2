"""The inbox: every update that arrived and is not done, on disk before its arrival is confirmed.

An entry is written when it arrives, read again if its content is no longer in memory, and marked as
done after its effect; from then on only its id is kept, for as long as Telegram might deliver the
update again. While the file fails, entries are held in memory, within bounds, and written once it
works again. The inbox neither interprets nor orders updates.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiosqlite
from cachetools import FIFOCache

from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.rows import write_time
from bot.model import Trouble, TroubleKind

_LOG = logging.getLogger(__name__)
# Telegram keeps undelivered updates for a day.
_RECOGNISED = timedelta(days=2)
_CLEARED_EVERY = timedelta(hours=1)
_MOST_RECENT = 10_000


class InboxFullError(Exception):
    """The file fails, and memory holds as many entries as it may."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An update as it arrived: ``payload`` is its JSON, ``chat_id`` the chat in whose order it is handled."""

    update_id: int
    chat_id: int | None
    payload: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Owed:
    """An entry that an earlier run of the bot did not finish, without its content."""

    update_id: int
    chat_id: int | None


class Inbox:
    """Keeps the updates of one bot until they are done."""

    def __init__(
        self, database: Database, bot_id: int, report: Callable[[Trouble], None], *, most_held: int = 10_000
    ) -> None:
        """Keep the updates of one bot; ``report`` is told when writing fails, and when it works again.

        While writing fails, at most ``most_held`` updates are held in memory.
        """
        self._database = database
        self._bot_id = bot_id
        self._report = report
        self._most_held = most_held
        self._held: dict[int, Entry] = {}
        self._recent: FIFOCache[int, None] = FIFOCache(_MOST_RECENT)
        self._finished: dict[int, str] = {}
        self._is_marking = False
        self._is_off = False
        self._cleared_at: datetime | None = None

    @property
    def is_durable(self) -> bool:
        """Whether the latest entries are on disk."""
        return not self._is_off

    @property
    def held(self) -> int:
        """How many unfinished entries are in memory only."""
        return len(self._held)

    async def list_owed(self) -> list[Owed]:
        """Return the entries that earlier runs of the bot did not finish, in order of arrival.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> list[Owed]:
            query = "SELECT update_id, chat_id FROM inbox WHERE done_at IS NULL AND bot_id = ? ORDER BY id"
            rows = await connection.execute_fetchall(query, (self._bot_id,))
            return [Owed(row["update_id"], row["chat_id"]) for row in rows]

        return await self._database.read(read)

    async def receive(self, entries: Sequence[Entry]) -> list[Entry]:
        """Keep entries, on disk if possible; return those that did not arrive before.

        Raises:
            InboxFullError: memory has no room for them either; none of them is kept.
        """
        try:
            new = await self._database.run(lambda connection: self._write_new(connection, entries))
        except DatabaseUnavailableError:
            return self._hold(entries)
        self._remember(new)
        return new

    async def read(self, update_id: int, *, is_repeated: bool) -> tuple[Entry, int] | None:
        """Return an unfinished entry, and how often it was taken up again, this time included.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        if update_id in self._held:
            return self._held[update_id], 0
        key = (self._bot_id, update_id)

        async def read(connection: aiosqlite.Connection) -> tuple[Entry, int] | None:
            if is_repeated:
                await connection.execute(
                    "UPDATE inbox SET attempts = attempts + 1 WHERE bot_id = ? AND update_id = ?", key
                )
            query = "SELECT * FROM inbox WHERE bot_id = ? AND update_id = ? AND done_at IS NULL"
            rows = list(await connection.execute_fetchall(query, key))
            if not rows:
                return None
            row = rows[0]
            received_at = datetime.fromisoformat(row["received_at"])
            return Entry(update_id, row["chat_id"], row["payload"], received_at), int(row["attempts"])

        return await (self._database.run(read) if is_repeated else self._database.read(read))

    def finish(self, update_id: int) -> None:
        """Mark an entry as done, soon; from then on only its id is kept."""
        if self._held.pop(update_id, None) is not None:
            return
        self._finished[update_id] = write_time(_now())
        self._mark_finished()

    async def _write_new(self, connection: aiosqlite.Connection, entries: Sequence[Entry]) -> list[Entry]:
        """Write those entries that are new, and return them."""
        known = await self._find_known(connection, [entry.update_id for entry in entries])
        new = [
            entry
            for entry in _unique(entries)
            if entry.update_id not in known and entry.update_id not in self._recent
        ]
        await self._write(connection, new)
        return new

    async def _write(self, connection: aiosqlite.Connection, entries: Sequence[Entry]) -> None:
        await connection.executemany(
            "INSERT OR IGNORE INTO inbox (bot_id, update_id, chat_id, received_at, payload)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (
                    self._bot_id,
                    entry.update_id,
                    entry.chat_id,
                    write_time(entry.received_at),
                    entry.payload,
                )
                for entry in entries
            ],
        )

    async def _find_known(self, connection: aiosqlite.Connection, ids: Collection[int]) -> set[int]:
        query = """
            SELECT update_id FROM inbox WHERE bot_id = ? AND update_id IN (SELECT value FROM json_each(?))
        """
        rows = await connection.execute_fetchall(query, (self._bot_id, json.dumps(list(ids))))
        return {row["update_id"] for row in rows}

    def _hold(self, entries: Sequence[Entry]) -> list[Entry]:
        new = [entry for entry in _unique(entries) if entry.update_id not in self._recent]
        if len(self._held) + len(new) > self._most_held:
            raise InboxFullError
        self._held.update({entry.update_id: entry for entry in new})
        self._remember(new)
        if not self._is_off:
            self._is_off = True
            detail = (
                "updates cannot be written to disk and are held in memory; if the bot ends now, they are lost"
            )
            _LOG.error("%s", detail)
            self._report(Trouble(TroubleKind.INBOX_OFF, detail))
            self._write_held_soon()
        return new

    def _write_held_soon(self) -> None:
        """Write the entries held in memory once the file works again, even if nothing more arrives."""
        written: list[Entry] = []

        async def write(connection: aiosqlite.Connection) -> None:
            written[:] = self._held.values()
            await self._write(connection, written)

        self._database.defer(write, lambda: self._notice_written(written))

    def _notice_written(self, written: Sequence[Entry]) -> None:
        for entry in written:
            # An entry that was finished while it was being written must be marked in the file as well.
            if self._held.pop(entry.update_id, None) is None:
                self.finish(entry.update_id)
        if self._held:
            self._write_held_soon()
            return
        self._is_off = False
        detail = "updates are written to disk again before their arrival is confirmed"
        _LOG.warning("%s", detail)
        self._report(Trouble(TroubleKind.INBOX_OFF, detail, is_over=True))

    def _remember(self, entries: Sequence[Entry]) -> None:
        """Remember the entries, to recognise them while the file fails."""
        self._recent.update(dict.fromkeys(entry.update_id for entry in entries))

    def _mark_finished(self) -> None:
        if not self._finished or self._is_marking:
            return
        self._is_marking = True
        # Entries finished from now on may have deferred work of their own, which must be written first.
        finished, self._finished = self._finished, {}

        async def write(connection: aiosqlite.Connection) -> None:
            await self._write_finished(connection, finished)

        self._database.defer(write, self._notice_marked)

    async def _write_finished(self, connection: aiosqlite.Connection, finished: Mapping[int, str]) -> None:
        await connection.executemany(
            "UPDATE inbox SET done_at = ?, payload = NULL, chat_id = NULL WHERE bot_id = ? AND update_id = ?",
            [(done_at, self._bot_id, update_id) for update_id, done_at in finished.items()],
        )
        now = _now()
        if self._cleared_at is None or now - self._cleared_at > _CLEARED_EVERY:
            self._cleared_at = now
            oldest = write_time(now - _RECOGNISED)
            # Two statements, since each has an index of its own.
            await connection.execute("DELETE FROM inbox WHERE done_at < ?", (oldest,))
            # Entries that a bot with another token left unfinished will never be answered.
            await connection.execute(
                "DELETE FROM inbox WHERE done_at IS NULL AND bot_id != ? AND received_at < ?",
                (self._bot_id, oldest),
            )

    def _notice_marked(self) -> None:
        self._is_marking = False
        self._mark_finished()


def _unique(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries, each update once."""
    return list({entry.update_id: entry for entry in entries}.values())


def _now() -> datetime:
    return datetime.now(UTC)
