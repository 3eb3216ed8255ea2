"""What readers chose for themselves: the language in which the bot talks to them."""

from datetime import UTC, datetime

import aiosqlite

from bot.journal.database import Database


class Readers:
    """Keeps the language that a reader chose."""

    def __init__(self, database: Database) -> None:
        """Take the file to write to."""
        self._database = database

    async def choose_language(self, user_id: int, language: str | None) -> None:
        """Keep a reader's language, or go back to that of their Telegram.

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

    async def find_language(self, user_id: int) -> str | None:
        """Return the language that a reader chose, if any.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> str | None:
            # One way to aiosqlite's thread and back instead of three; everybody new is looked up.
            rows = list(
                await connection.execute_fetchall(
                    "SELECT language FROM readers WHERE user_id = ?", (user_id,)
                )
            )
            return str(rows[0]["language"]) if rows else None

        return await self._database.peek(read)
