"""Pins: passages that an admin chose as the answer to a group of questions.

A pin keeps copies of the wordings it was made for, since it lasts longer than the exchanges; whoever
has their data erased takes theirs along, and a pin without any goes too. A pin whose passage has
gone from the articles is put aside, and used again once the passage is back. The vectors of the wordings
are kept beside them, so that a start does not wait until all are embedded.
"""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import aiosqlite
import numpy as np

from bot.journal.audit import Act, Actor, Entry, write_entry
from bot.journal.database import Database
from bot.journal.rows import read_question, write_time
from bot.model import Passage, Question
from bot.search.encoder import Vectors
from bot.search.pins import Pin


@dataclass(frozen=True, slots=True)
class KeptPin:
    """A pin, when it was made, and whether it is put aside."""

    pin: Pin
    pinned_at: datetime
    is_aside: bool


class PinnedAlreadyError(Exception):
    """One of the questions has a pin already."""


class Pins:
    """Keeps pins."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_pins(self) -> tuple[KeptPin, ...]:
        """Return all pins, the latest first.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        return await self._database.read(_read_pins)

    async def find_key(self, exchange_keys: Collection[str]) -> str | None:
        """Return the key of the pin that was made for the question of one of these exchanges.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> str | None:
            rows = await connection.execute_fetchall(
                """
                SELECT key FROM pins JOIN pinned_questions ON pin_id = pins.id
                WHERE exchange_key IN (SELECT value FROM json_each(?)) LIMIT 1
                """,
                (json.dumps(list(exchange_keys)),),
            )
            return next((row["key"] for row in rows), None)

        return await self._database.read(read)

    async def add(self, exchange_keys: Collection[str], passage: Passage, actor: Actor) -> str | None:
        """Pin a passage for the questions of exchanges; return the pin's key, or None if they are gone.

        Raises:
            PinnedAlreadyError: one of them is pinned.
            DatabaseUnavailableError: the file cannot be written now.
        """
        key = secrets.token_urlsafe(8)
        keys = json.dumps(list(exchange_keys))

        async def write(connection: aiosqlite.Connection) -> str | None:
            taken = await connection.execute_fetchall(
                "SELECT 1 FROM pinned_questions WHERE exchange_key IN (SELECT value FROM json_each(?))",
                (keys,),
            )
            if list(taken):
                raise PinnedAlreadyError
            cursor = await connection.execute(
                "INSERT INTO pins (key, article, text, pinned_at, pinned_by) VALUES (?, ?, ?, ?, ?)",
                (
                    key,
                    passage.article.id,
                    passage.text,
                    write_time(),
                    actor.user_id,
                ),
            )
            copied = await connection.execute(
                """
                INSERT INTO pinned_questions (pin_id, exchange_key, user_id, language, question, earlier)
                SELECT ?, key, user_id, language, question, earlier FROM exchanges
                WHERE key IN (SELECT value FROM json_each(?)) ORDER BY id
                """,
                (cursor.lastrowid, keys),
            )
            if not copied.rowcount:
                await connection.execute("DELETE FROM pins WHERE key = ?", (key,))
                return None
            await write_entry(connection, Entry(actor, Act.PINNED, passage.id))
            return key

        return await self._database.run(write)

    async def take_back(self, key: str, actor: Actor) -> bool:
        """Erase a pin; return False where it is gone already.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> bool:
            rows = list(await connection.execute_fetchall("SELECT article FROM pins WHERE key = ?", (key,)))
            if not rows:
                return False
            await connection.execute("DELETE FROM pins WHERE key = ?", (key,))
            await write_entry(connection, Entry(actor, Act.UNPINNED, rows[0]["article"]))
            return True

        return await self._database.run(write)

    async def read_vectors(self, encoder: str) -> dict[Question, Vectors]:
        """Return the vectors of pinned questions that an encoder made.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[Question, Vectors]:
            rows = await connection.execute_fetchall(
                """
                SELECT language, question, earlier, vector FROM pinned_vectors
                JOIN pinned_questions ON pinned_questions.id = question_id WHERE encoder = ?
                """,
                (encoder,),
            )
            return {
                read_question(row): np.frombuffer(row["vector"], np.float16).astype(np.float32)
                for row in rows
            }

        return await self._database.read(read)

    async def keep_vectors(self, encoder: str, vectors: Mapping[Question, Vectors]) -> None:
        """Keep the vectors of pinned questions; they go with the questions.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> None:
            # A question may have been erased while it was embedded.
            for row in await connection.execute_fetchall("SELECT * FROM pinned_questions"):
                vector = vectors.get(read_question(row))
                if vector is not None:
                    await connection.execute(
                        """
                        INSERT OR REPLACE INTO pinned_vectors (question_id, encoder, vector)
                        VALUES (?, ?, ?)
                        """,
                        (row["id"], encoder, vector.astype(np.float16).tobytes()),
                    )

        await self._database.run(write)

    async def put_aside(self, gone: Sequence[Pin]) -> tuple[tuple[Pin, ...], tuple[Pin, ...]]:
        """Put aside the pins whose passages have gone, and only those.

        Return those that were not aside before, and those that are back.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """
        gone_keys = {pin.key for pin in gone}
        aside_at = write_time()

        async def write(connection: aiosqlite.Connection) -> tuple[tuple[Pin, ...], tuple[Pin, ...]]:
            kept = await _read_pins(connection)
            new = tuple(each.pin for each in kept if each.pin.key in gone_keys and not each.is_aside)
            back = tuple(each.pin for each in kept if each.pin.key not in gone_keys and each.is_aside)
            await connection.executemany(
                "UPDATE pins SET aside_at = ? WHERE key = ?",
                [(aside_at, pin.key) for pin in new] + [(None, pin.key) for pin in back],
            )
            return new, back

        return await self._database.run(write)


async def _read_pins(connection: aiosqlite.Connection) -> tuple[KeptPin, ...]:
    asked: dict[int, list[Question]] = {}
    for row in await connection.execute_fetchall("SELECT * FROM pinned_questions ORDER BY id"):
        asked.setdefault(row["pin_id"], []).append(read_question(row))
    rows = await connection.execute_fetchall("SELECT * FROM pins ORDER BY id DESC")
    return tuple(
        KeptPin(
            pin=Pin(row["key"], row["article"], row["text"], tuple(asked.get(row["id"], ()))),
            pinned_at=datetime.fromisoformat(row["pinned_at"]),
            is_aside=row["aside_at"] is not None,
        )
        for row in rows
    )
