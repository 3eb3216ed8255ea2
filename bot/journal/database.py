"""The one SQLite file, and the one connection to it.

aiosqlite runs the statements in a thread of its own; here each piece of work gets a transaction,
one after the other. A file that fails is reported in the log, once until it heals, and opened
anew with the next piece of work. It knows no table.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import aiosqlite

from bot.journal.migrations import migrate

_LOG = logging.getLogger(__name__)
_BUSY_TIMEOUT_S = 5.0

_T = TypeVar("_T")
Work = Callable[[aiosqlite.Connection], Awaitable[_T]]


class DatabaseUnavailableError(Exception):
    """The file cannot be read or written now; it was reported already."""


class Database:
    """A file in WAL mode, used from one event loop: ``open``, ``run``, ``close``."""

    def __init__(self, path: Path) -> None:
        """Name the file; ``open`` opens it."""
        self.path = path
        self._connection: aiosqlite.Connection | None = None
        self._working = asyncio.Lock()
        self._is_failing = False

    async def open(self) -> None:
        """Open the file, bringing its schema up to date; where that fails, say so and go on.

        Raises:
            NewerSchemaError: a newer version of the bot wrote the file.
        """
        try:
            await self._connect()
        except (OSError, sqlite3.Error) as error:
            self._report(error)

    async def run(self, work: Work[_T]) -> _T:
        """Do a piece of work in a transaction of its own, after those begun before.

        Raises:
            DatabaseUnavailableError: it could not be done; nothing of it is kept.
        """
        try:
            async with self._working:
                result = await self._transact(work)
        except (OSError, sqlite3.Error) as error:
            self._report(error)
            raise DatabaseUnavailableError from error
        if self._is_failing:
            self._is_failing = False
            _LOG.warning("The log %s can be written again.", self.path)
        return result

    async def erase_traces(self) -> None:
        """Take out of the files beside the database what was deleted from it.

        Raises:
            DatabaseUnavailableError: it could not be done.
        """
        try:
            async with self._working:
                connection = await self._connect()
                async with connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                    row = await cursor.fetchone()
                if row is None or row[0]:
                    message = "another process reads the file"
                    raise sqlite3.OperationalError(message)
        except (OSError, sqlite3.Error) as error:
            self._report(error)
            raise DatabaseUnavailableError from error

    async def close(self) -> None:
        """Close the file after the work that was begun; harmless twice."""
        async with self._working:
            if self._connection is not None:
                connection, self._connection = self._connection, None
                await connection.close()

    async def _transact(self, work: Work[_T]) -> _T:
        connection = await self._connect()
        await connection.execute("BEGIN IMMEDIATE")
        try:
            result = await work(connection)
        except BaseException:
            await connection.rollback()
            raise
        await connection.commit()
        return result

    async def _connect(self) -> aiosqlite.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = await aiosqlite.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            try:
                connection.row_factory = sqlite3.Row
                await connection.execute("PRAGMA journal_mode = WAL")
                await connection.execute("PRAGMA synchronous = NORMAL")
                await connection.execute("PRAGMA foreign_keys = ON")
                # What /forget deletes is overwritten with zeros.
                await connection.execute("PRAGMA secure_delete = ON")
                await migrate(connection)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    def _report(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            _LOG.error("The log %s cannot be written, answering goes on without it: %s", self.path, error)
