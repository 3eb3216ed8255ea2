"""Votes on answers: one for each person and answer, which may be changed."""

import aiosqlite

from bot.journal.database import Database
from bot.journal.rows import write_time
from bot.model import Vote


class Votes:
    """Keeps each person's vote on each answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cast(self, key: str, user_id: int, vote: Vote | None) -> bool:
        """Store a person's vote on an exchange; None takes it back. Return False where the exchange is gone.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> bool:
            async with connection.execute("SELECT id FROM exchanges WHERE key = ?", (key,)) as cursor:
                row = await cursor.fetchone()
            if row is None:
                return False
            if vote is None:
                await connection.execute(
                    "DELETE FROM votes WHERE exchange_id = ? AND user_id = ?", (row["id"], user_id)
                )
            else:
                await connection.execute(
                    "INSERT OR REPLACE INTO votes (exchange_id, user_id, vote, voted_at) VALUES (?, ?, ?, ?)",
                    (row["id"], user_id, vote.value, write_time()),
                )
            return True

        return await self._database.run(write)

    async def find(self, key: str, user_id: int) -> Vote | None:
        """Return a person's vote on an exchange.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> Vote | None:
            async with connection.execute(
                """
                SELECT vote FROM votes JOIN exchanges ON exchanges.id = exchange_id
                WHERE key = ? AND votes.user_id = ?
                """,
                (key, user_id),
            ) as cursor:
                row = await cursor.fetchone()
            return Vote(row["vote"]) if row else None

        return await self._database.read(read)
