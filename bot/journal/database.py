"""The one SQLite file, and the one connection to it.

aiosqlite runs the statements in a thread of its own; this module runs one piece of work at a time,
each in a transaction, and puts many pieces that nobody waits for into one transaction, because
syncing a transaction costs more than its rows. When the file fails, that is reported once, and again
when it works again; between two attempts it is left alone for a moment, so that nobody waits for it.
Deferred work is kept in memory until then, within bounds. The module knows no table.
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite

from bot.journal.migrations import NewerSchemaError
from bot.journal.opening import (
    Footprint,
    empty_log,
    find_identity,
    is_damage,
    leave_place,
    open_database,
)
from bot.model import Trouble, TroubleKind

_LOG = logging.getLogger(__name__)
_GATHERING_S = 0.01
_AT_ONCE = 256

# Errors of a piece of work, as opposed to errors of the file.
_MISTAKES = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)

_T = TypeVar("_T")
Work = Callable[[aiosqlite.Connection], Awaitable[_T]]


class DatabaseUnavailableError(Exception):
    """The file cannot be read or written at the moment; this was already reported."""


@dataclass(frozen=True, slots=True)
class _Deferred:
    """A piece of work that nobody waits for; ``written`` is called once it is on disk."""

    work: Work[None]
    written: Callable[[], None] | None


def _ignore(trouble: Trouble) -> None:
    del trouble


class Database:
    """A file in WAL mode, used from one event loop: ``open``, ``run``, ``defer``, ``close``."""

    def __init__(
        self,
        path: Path,
        report: Callable[[Trouble], None] = _ignore,
        *,
        most_deferred: int = 10_000,
        try_again_s: float = 2.0,
        busy_timeout_s: float = 2.0,
    ) -> None:
        """Set up without opening the file; ``report`` is told when it fails and when it works again.

        At most ``most_deferred`` pieces of deferred work are kept while the file fails, which is tried
        again every ``try_again_s``. ``busy_timeout_s`` is how long to wait for another process that
        holds the file.
        """
        self.path = path
        self._report = report
        self._most_deferred = most_deferred
        self._try_again_s = try_again_s
        self._busy_timeout_s = busy_timeout_s
        self._connection: aiosqlite.Connection | None = None
        self._footprint: Footprint | None = None
        self._was_open = False
        self._working = asyncio.Lock()
        self._deferred: deque[_Deferred] = deque()
        self._dropped = 0
        self._writing: asyncio.Task[None] | None = None
        self._erasing: asyncio.Task[None] | None = None
        self._failed_at: float | None = None
        # A file is checked before its first use, and again after it looked damaged.
        self._is_suspect = True

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt to use the file failed."""
        return self._failed_at is not None

    async def open(self) -> None:
        """Open the file and migrate its schema; where that fails, report it and go on without the file.

        Raises:
            NewerSchemaError: a newer version of the bot wrote the file.
        """
        with contextlib.suppress(DatabaseUnavailableError):  # it was reported
            async with self._guarding():
                await self._connect()

    async def run(self, work: Work[_T]) -> _T:
        """Do a piece of work in a transaction of its own, after all that was deferred before.

        Raises:
            DatabaseUnavailableError: it failed; the transaction was rolled back.
        """
        async with self._guarding(is_patient=False):
            await self._write_deferred()
            result = await self._transact(work)
            self._notice_health()
            return result

    async def read(self, work: Work[_T]) -> _T:
        """Do a piece of work that only reads, after all that was deferred before.

        Raises:
            DatabaseUnavailableError: it failed.
        """
        async with self._guarding(is_patient=False):
            await self._write_deferred()
            return await work(await self._connect())

    async def peek(self, work: Work[_T]) -> _T:
        """Do a piece of work that reads only tables to which no writes are deferred.

        Raises:
            DatabaseUnavailableError: it failed.
        """
        async with self._guarding(is_patient=False):
            return await work(await self._connect())

    def defer(self, work: Work[None], written: Callable[[], None] | None = None) -> None:
        """Do a piece of work soon and in order; keep it while the file fails.

        ``written`` is called once it is on disk; work that has it is never dropped for lack of room.
        """
        self._deferred.append(_Deferred(work, written))
        if len(self._deferred) > self._most_deferred:
            self._drop_oldest()
        self._wake_writer()

    async def flush(self) -> None:
        """Wait until all deferred work is written, or the file has failed once more."""
        with contextlib.suppress(DatabaseUnavailableError):  # it was reported
            async with self._guarding():
                await self._write_deferred()

    async def erase_traces(self) -> None:
        """Empty the write-ahead log, which still holds rows that were deleted.

        While another process reads the database this fails; it is tried again until it succeeds.
        """
        try:
            async with self._guarding(is_patient=False):
                is_done = await empty_log(await self._connect())
        except DatabaseUnavailableError:
            is_done = False
        if not is_done and (self._erasing is None or self._erasing.done()):
            _LOG.info(
                "Erased rows are still in the write-ahead log of %s, which is in use; trying again", self.path
            )
            self._erasing = asyncio.get_running_loop().create_task(self._keep_erasing())

    async def close(self) -> None:
        """Write the deferred work if possible, and close the file; harmless when called twice."""
        if self._deferred:
            await self.flush()
        async with self._working:
            # Neither is in a transaction now: a transaction runs only under the lock.
            tasks = [task for task in (self._writing, self._erasing) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._writing = self._erasing = None
            if self._deferred:
                _LOG.error(
                    "%d entries for the database %s were never written", len(self._deferred), self.path
                )
                self._deferred.clear()
            await self._disconnect()

    def _expect_health(self) -> None:
        """Leave a file alone that failed a moment ago, so that nobody waits for it."""
        if self._failed_at is not None and time.monotonic() - self._failed_at < self._try_again_s:
            message = f"{self.path}: cannot be used now: it failed a moment ago"
            raise DatabaseUnavailableError(message)

    @contextlib.asynccontextmanager
    async def _guarding(self, *, is_patient: bool = True) -> AsyncIterator[None]:
        """Hold the lock on the file, and report when the file fails.

        A caller that is not patient leaves a file alone that failed a moment ago, also where that
        happened while the caller waited for the lock.

        Raises:
            DatabaseUnavailableError: it failed.
        """
        if not is_patient:
            self._expect_health()
        async with self._working:
            if not is_patient:
                self._expect_health()
            try:
                yield
            except _MISTAKES:
                raise  # the file is fine; the work is wrong
            except (OSError, sqlite3.Error) as error:
                await self._notice_failure(error)
                self._wake_writer()
                message = f"{self.path}: cannot be used now: {error}"
                raise DatabaseUnavailableError(message) from error

    async def _keep_erasing(self) -> None:
        is_done = False
        while not is_done:
            await asyncio.sleep(self._try_again_s)
            with contextlib.suppress(DatabaseUnavailableError):  # it was reported
                async with self._guarding(is_patient=False):
                    is_done = await empty_log(await self._connect())

    def _drop_oldest(self) -> None:
        for place, deferred in enumerate(self._deferred):
            if deferred.written is None:
                del self._deferred[place]
                self._dropped += 1
                return

    def _wake_writer(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._keep_writing())

    async def _keep_writing(self) -> None:
        """Write the deferred work; try a failing file again until it works, even with nothing to write."""
        while self._deferred or self._failed_at is not None:
            try:
                async with self._guarding():
                    await self._write_deferred()
                    if self._failed_at is not None:
                        await self._transact(_write_nothing)
                        self._notice_health()
            except DatabaseUnavailableError:
                await asyncio.sleep(self._try_again_s)
            else:
                # Work that arrives meanwhile shares the next transaction.
                await asyncio.sleep(_GATHERING_S)

    async def _write_deferred(self) -> None:
        while self._deferred:
            batch = [self._deferred.popleft() for _ in range(min(len(self._deferred), _AT_ONCE))]
            try:
                await self._transact(partial(_do_all, batch=batch))
            except _MISTAKES:
                await self._write_each(batch)
            except BaseException:
                self._deferred.extendleft(reversed(batch))
                raise
            else:
                _tell_written(batch)
            self._notice_health()

    async def _write_each(self, batch: list[_Deferred]) -> None:
        """Write each piece by itself; a piece that is wrong is left out and logged."""
        waiting = deque(batch)
        try:
            while waiting:
                try:
                    await self._transact(waiting[0].work)
                except _MISTAKES as error:
                    _LOG.error("An entry cannot be written to the database %s: %s", self.path, error)
                _tell_written([waiting.popleft()])
        except BaseException:
            self._deferred.extendleft(reversed(waiting))
            raise

    async def _transact(self, work: Work[_T]) -> _T:
        connection = await self._connect()
        try:
            await connection.execute("BEGIN IMMEDIATE")
            result = await work(connection)
            await connection.commit()
        except BaseException:
            await connection.rollback()
            raise
        return result

    async def _connect(self) -> aiosqlite.Connection:
        if self._footprint is not None and find_identity(self.path) != self._footprint.identity:
            await self._leave_place(self._footprint)
        if self._connection is None:
            try:
                self._connection, self._footprint = await open_database(
                    self.path,
                    self._begin_anew,
                    is_suspect=self._is_suspect,
                    busy_timeout_s=self._busy_timeout_s,
                )
            except NewerSchemaError as error:
                if not self._was_open:
                    raise
                raise sqlite3.OperationalError(str(error)) from error
            self._is_suspect = False
            self._was_open = True
        return self._connection

    async def _leave_place(self, footprint: Footprint) -> None:
        """Close a file that was moved away or replaced, after writing everything into it."""
        connection, self._connection, self._footprint = self._connection, None, None
        self._is_suspect = True
        try:
            if connection is not None:
                try:
                    with contextlib.suppress(sqlite3.Error):  # leave_place puts the rest aside
                        await empty_log(connection)
                finally:
                    await connection.close()
        finally:
            self._report(leave_place(footprint))

    def _begin_anew(self, trouble: Trouble) -> None:
        self._footprint = None
        self._report(trouble)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def _notice_failure(self, error: Exception) -> None:
        if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
            self._is_suspect = True
        is_new = self._failed_at is None
        self._failed_at = time.monotonic()
        if is_new:
            detail = f"the database {self.path} cannot be written: {error}"
            _LOG.error("%s; the bot goes on answering without it", detail)
            self._report(Trouble(TroubleKind.DATABASE_UNWRITABLE, detail))
        with contextlib.suppress(sqlite3.Error):  # closing may fail as well
            await self._disconnect()

    def _notice_health(self) -> None:
        if self._failed_at is None:
            return
        self._failed_at = None
        detail = f"the database {self.path} can be written again"
        _LOG.warning("%s", detail)
        self._report(Trouble(TroubleKind.DATABASE_UNWRITABLE, detail, is_over=True))
        if self._dropped:
            detail = (
                f"{self._dropped} entries for the database {self.path} are lost: memory had no room for them"
            )
            _LOG.error("%s", detail)
            self._report(Trouble(TroubleKind.DATABASE_ROWS_LOST, detail))
            self._dropped = 0


async def _write_nothing(connection: aiosqlite.Connection) -> None:
    """Write the schema version that is already there, to find out whether the file is writable."""
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    await connection.execute(f"PRAGMA user_version = {int(row[0]) if row else 0}")


async def _do_all(connection: aiosqlite.Connection, batch: Iterable[_Deferred]) -> None:
    for deferred in batch:
        await deferred.work(connection)


def _tell_written(batch: Iterable[_Deferred]) -> None:
    for deferred in batch:
        if deferred.written is not None:
            deferred.written()
