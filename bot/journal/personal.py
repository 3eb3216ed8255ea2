"""Everything that is kept about one person: collected for /mydata, erased for /forget.

``forget`` leaves no byte of it in the database or beside it: deleted rows are overwritten
(``secure_delete``), and the write-ahead log is emptied.
"""

from typing import Any

import aiosqlite

from bot.journal.database import Database
from bot.model import Origin

_Row = dict[str, Any]

_ACTS_WITHOUT_PERSON = (
    "UPDATE roles SET granted_by = NULL WHERE granted_by = ?",
    "UPDATE pins SET pinned_by = NULL WHERE pinned_by = ?",
    "UPDATE hidden_gaps SET hidden_by = NULL WHERE hidden_by = ?",
    "UPDATE test_questions SET added_by = NULL WHERE added_by = ?",
)


class PersonalRecords:
    """Collects and erases the records of a person."""

    def __init__(self, database: Database, bot_id: int) -> None:
        """Work on one database; ``bot_id`` tells this bot's inbox in it from those of other tokens."""
        self._database = database
        self._bot_id = bot_id

    async def collect(self, user_id: int) -> dict[str, list[_Row]]:
        """Return every row about a person, by table, with the passages that were shown to them.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[str, list[_Row]]:
            return {
                "exchanges": await _read_rows(
                    connection, "SELECT * FROM exchanges WHERE user_id = ? ORDER BY id", user_id
                ),
                "shown_passages": await _read_rows(
                    connection,
                    """
                    SELECT exchange_id, rank, also_of, highlight, short, certainty, score, answers, is_pinned,
                        passages.*
                    FROM exchanges
                    JOIN shown_passages ON exchange_id = exchanges.id
                    JOIN passages ON passages.id = passage_id
                    WHERE user_id = ? ORDER BY exchange_id, rank
                    """,
                    user_id,
                ),
                "votes": await _read_rows(connection, "SELECT * FROM votes WHERE user_id = ?", user_id),
                "readers": await _read_rows(connection, "SELECT * FROM readers WHERE user_id = ?", user_id),
                "question_vectors": await _read_rows(
                    connection,
                    """
                    SELECT exchange_id, encoder, hex(vector) AS vector_float16 FROM question_vectors
                    JOIN exchanges ON exchanges.id = exchange_id WHERE user_id = ?
                    """,
                    user_id,
                ),
                "pinned_questions": await _read_rows(
                    connection, "SELECT * FROM pinned_questions WHERE user_id = ? ORDER BY id", user_id
                ),
                "test_questions": await _read_rows(
                    connection, "SELECT * FROM test_questions WHERE user_id = ? ORDER BY id", user_id
                ),
                "roles": await _read_rows(connection, "SELECT * FROM roles WHERE user_id = ?", user_id),
                "digests": await _read_rows(connection, "SELECT * FROM digests WHERE user_id = ?", user_id),
                "acts": await _read_rows(
                    connection, "SELECT * FROM acts WHERE ? IN (user_id, subject_id) ORDER BY id", user_id
                ),
            }

        return await self._database.read(read)

    async def forget(self, user_id: int) -> int:
        """Erase every row about a person, and every trace of it; return the number of exchanges erased.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def erase(connection: aiosqlite.Connection) -> int:
            await connection.execute("DELETE FROM votes WHERE user_id = ?", (user_id,))
            await connection.execute("DELETE FROM readers WHERE user_id = ?", (user_id,))
            await connection.execute("DELETE FROM roles WHERE user_id = ?", (user_id,))
            await connection.execute("DELETE FROM digests WHERE user_id = ?", (user_id,))
            await connection.execute("DELETE FROM pinned_questions WHERE user_id = ?", (user_id,))
            await connection.execute("DELETE FROM pins WHERE id NOT IN (SELECT pin_id FROM pinned_questions)")
            await connection.execute("DELETE FROM test_questions WHERE user_id = ?", (user_id,))
            # What was done to the bot stays on record, without the person.
            for update in _ACTS_WITHOUT_PERSON:
                await connection.execute(update, (user_id,))
            await connection.execute(
                "UPDATE acts SET user_id = NULL, name = NULL WHERE user_id = ?", (user_id,)
            )
            await connection.execute(
                "UPDATE acts SET subject_id = NULL, subject_name = NULL WHERE subject_id = ?", (user_id,)
            )
            # The request itself is in the inbox until it is done: it is the first entry of its chat. Entries
            # behind it are still to be answered; entries of a bot with another token never will be.
            await connection.execute(
                """
                UPDATE inbox SET payload = NULL, chat_id = NULL, done_at = received_at
                WHERE chat_id = ? AND done_at IS NULL AND (bot_id != ? OR id =
                (SELECT min(id) FROM inbox INDEXED BY inbox_owed
                WHERE bot_id = ? AND chat_id = ? AND done_at IS NULL))
                """,
                (user_id, self._bot_id, self._bot_id, user_id),
            )
            async with connection.execute("DELETE FROM exchanges WHERE user_id = ?", (user_id,)) as cursor:
                return cursor.rowcount

        erased = await self._database.run(erase)
        await self._database.erase_traces()
        return erased


class LocalRecords:
    """Erases what was asked in terminals of this machine, where nobody has a user id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self) -> int:
        """Erase every exchange, and every trace of it; return their number.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def erase(connection: aiosqlite.Connection) -> int:
            # The wordings in pins and tests are copies.
            for table in ("pinned_questions", "test_questions"):
                await connection.execute(
                    f"""
                    DELETE FROM {table} WHERE user_id IS NULL AND exchange_key IN
                    (SELECT key FROM exchanges WHERE origin IN (?, ?) AND user_id IS NULL)
                    """,  # noqa: S608 - the names above
                    (Origin.TERMINAL.value, Origin.ASK.value),
                )
            await connection.execute("DELETE FROM pins WHERE id NOT IN (SELECT pin_id FROM pinned_questions)")
            async with connection.execute(
                "DELETE FROM exchanges WHERE origin IN (?, ?) AND user_id IS NULL",
                (Origin.TERMINAL.value, Origin.ASK.value),
            ) as cursor:
                return cursor.rowcount

        erased = await self._database.run(erase)
        await self._database.erase_traces()
        return erased


async def _read_rows(connection: aiosqlite.Connection, query: str, user_id: int) -> list[_Row]:
    async with connection.execute(query, (user_id,)) as cursor:
        return [dict(row) async for row in cursor]
