"""The choices of readers: the language in which the bot talks to them."""

from datetime import UTC, datetime

import aiosqlite

from bot.journal.database import Database


class Readers:
    """Keeps the language that a reader chose."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def choose_language(self, user_id: int, language: str | None) -> None:
        """Store a reader's language; None goes back to the language of their Telegram.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> None:
            if language is None:
                await connection.execute("DELETE FROM readers WHERE user_id = ?", (user_id,))
                return
            await connection.execute(
                "INSERT OR REPLACE INTO readers (user_id, language, chosen_at) VALUES (?, ?, ?)",
                (user_id, language, datetime.now(UTC).isoformat(timespec="milliseconds")),
            )

        await self._database.run(write)

    async def list_languages(self) -> dict[int, str]:
        """Return the language of every reader who chose one, by user id.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[int, str]:
            rows = await connection.execute_fetchall("SELECT user_id, language FROM readers")
            return {row["user_id"]: row["language"] for row in rows}

        return await self._database.peek(read)
