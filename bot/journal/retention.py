"""Erasing exchanges after some days: at start and once a day.

The votes on an exchange and its passages go with it, and acts of admins after as many days. A reader's
choice of language stays until they take it back.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import aiosqlite

from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.rows import write_time

_LOG = logging.getLogger(__name__)
_DAY_S = 24 * 60 * 60.0


class Retention:
    """Erases exchanges after some days."""

    def __init__(self, database: Database, days: int, *, try_again_s: float = 60.0) -> None:
        """Take the file, after how many days, and how soon a file that fails is tried again."""
        self._database = database
        self._kept = timedelta(days=days)
        self._try_again_s = try_again_s

    async def erase_old(self, now: datetime) -> int:
        """Erase the exchanges that are too old, and every trace of them; return their number.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """
        oldest = write_time(now - self._kept)

        async def erase(connection: aiosqlite.Connection) -> int:
            async with connection.execute("DELETE FROM exchanges WHERE asked_at < ?", (oldest,)) as cursor:
                erased = cursor.rowcount
            await connection.execute("DELETE FROM acts WHERE acted_at < ?", (oldest,))
            if erased:
                await connection.execute(
                    "DELETE FROM passages WHERE id NOT IN (SELECT passage_id FROM shown_passages)"
                )
            return erased

        erased = await self._database.run(erase)
        if erased:
            await self._database.erase_traces()
        return erased

    async def keep_erasing(self) -> NoReturn:
        """Erase old exchanges now and once a day; while the file fails, try again every minute."""
        while True:
            try:
                erased = await self.erase_old(datetime.now(UTC))
            except DatabaseUnavailableError:  # it was reported
                await asyncio.sleep(self._try_again_s)
                continue
            if erased:
                _LOG.info("Erased exchanges that were too old: %d", erased)
            await asyncio.sleep(_DAY_S)
