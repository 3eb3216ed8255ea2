"""How often each article was quoted in an answer."""

import aiosqlite

from bot.journal.database import Database


class Quotations:
    """Counts quotations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> dict[str, int]:
        """Return the number of answers that quote an article, by its id; those of none are left out.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[str, int]:
            rows = await connection.execute_fetchall("""
                SELECT passages.article AS article, count(DISTINCT exchange_id) AS answers
                FROM shown_passages
                JOIN passages ON passages.id = passage_id
                JOIN exchanges ON exchanges.id = exchange_id AND is_answered
                GROUP BY passages.article
            """)
            return {row["article"]: row["answers"] for row in rows}

        return await self._database.read(read)
