"""The database as a command uses it: opened for one piece of work, and closed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.journal.database import Database

_T = TypeVar("_T")


def use_database(path: Path, work: Callable[[Database], Awaitable[_T]]) -> _T:
    """Open the database, which makes it or brings it up to date, work with it, and close it.

    Raises:
        DatabaseUnavailableError: it cannot be used now.
        NewerSchemaError: a newer version of the bot wrote it.
    """

    async def use() -> _T:
        database = Database(path)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(use())
