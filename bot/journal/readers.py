"""The choices of readers: the languages that they read, the one in which the bot talks to them first."""

from collections.abc import Sequence

import aiosqlite

from bot.journal.database import Database
from bot.journal.rows import write_time


class Readers:
    """Keeps the languages that a reader chose."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def choose_languages(self, user_id: int, languages: Sequence[str]) -> None:
        """Store a reader's languages, the first one first; none goes back to the language of their Telegram.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """
        chosen_at = write_time()

        async def write(connection: aiosqlite.Connection) -> None:
            await connection.execute("DELETE FROM readers WHERE user_id = ?", (user_id,))
            await connection.executemany(
                "INSERT INTO readers (user_id, rank, language, chosen_at) VALUES (?, ?, ?, ?)",
                [(user_id, rank, language, chosen_at) for rank, language in enumerate(languages, 1)],
            )

        await self._database.run(write)

    async def list_languages(self) -> dict[int, tuple[str, ...]]:
        """Return the languages of every reader who chose some, by user id.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[int, tuple[str, ...]]:
            chosen: dict[int, tuple[str, ...]] = {}
            async with connection.execute(
                "SELECT user_id, language FROM readers ORDER BY user_id, rank"
            ) as rows:
                async for row in rows:
                    chosen[row["user_id"]] = (*chosen.get(row["user_id"], ()), row["language"])
            return chosen

        return await self._database.peek(read)
