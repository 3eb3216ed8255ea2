"""Which owner got which week's digest."""

import aiosqlite

from bot.journal.database import Database
from bot.journal.rows import write_time


class Digests:
    """Remembers the digests that were sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_sent(self, week: str, user_id: int) -> bool:
        """Tell whether somebody got the digest of a week, named by its Monday.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> bool:
            query = "SELECT 1 FROM digests WHERE week = ? AND user_id = ?"
            async with connection.execute(query, (week, user_id)) as cursor:
                return await cursor.fetchone() is not None

        return await self._database.peek(read)

    async def note_sent(self, week: str, user_id: int) -> None:
        """Note that somebody got the digest of a week; earlier ones are forgotten.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> None:
            await connection.execute("DELETE FROM digests WHERE user_id = ?", (user_id,))
            await connection.execute(
                "INSERT INTO digests (week, user_id, sent_at) VALUES (?, ?, ?)",
                (week, user_id, write_time()),
            )

        await self._database.run(write)
