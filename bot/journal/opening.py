"""Opening the database: as its journal needs it, its schema up to date, and only if it is sound.

A damaged file is put aside under another name, never overwritten, and a new one is begun. A file that
somebody took away from its place while it was in use is told from what is there now.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiosqlite

from bot.journal.migrations import NewerSchemaError, migrate
from bot.model import Trouble, TroubleKind

_LOG = logging.getLogger(__name__)
_BUSY_TIMEOUT_S = 2.0
# What stands beside the file in WAL mode, and belongs to it.
_WAL = "-wal"
_COMPANIONS = (_WAL, "-shm")

_Identity = tuple[int, int]
"""Device and inode."""


class _DamagedError(sqlite3.DatabaseError):
    """The file is a database that has lost its form."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where a file was when it was opened, and what tells it and its companions from others there."""

    place: Path
    identity: _Identity | None
    companions: dict[str, _Identity | None]


async def open_database(
    path: Path, report: Callable[[Trouble], None], *, is_suspect: bool
) -> tuple[aiosqlite.Connection, Footprint]:
    """Open a file, making it where it is missing; one that is suspect is examined before.

    ``report`` is told of a file that was put aside.

    Raises:
        OSError: its folder cannot be written.
        sqlite3.Error: it cannot be used now.
        NewerSchemaError: a newer version of the bot wrote it.
    """
    # SQLite keeps the companions beside what a link leads to.
    place = await asyncio.to_thread(path.resolve)
    try:
        return await _open(place, is_suspect=is_suspect)
    except NewerSchemaError as error:
        message = f"the log {path} {error}"
        raise NewerSchemaError(message) from error
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        report(_put_aside(place, error))
        return await _open(place, is_suspect=is_suspect)


def find_identity(path: Path) -> _Identity | None:
    """Return what tells a file from another one that takes its place; None where there is no file.

    Raises:
        OSError: it cannot be told.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def leave_place(footprint: Footprint) -> Trouble:
    """Take away what a file that is gone from its place left there, so that no other file is read with it.

    What was not written into the file itself is put aside. A companion that is another file's stays.

    Raises:
        OSError: it cannot be taken away.
    """
    place = footprint.place
    left = [
        name
        for name, identity in footprint.companions.items()
        if identity is not None and find_identity(place.with_name(place.name + name)) == identity
    ]
    detail = f"the log {place} was removed or replaced while it was in use; what is there now is used instead"
    if _WAL in left and place.with_name(place.name + _WAL).stat().st_size:
        aside = _rename(place, "removed", left)
        detail += f"; what was last written is in {aside.name}{_WAL}, which belongs beside the old file"
    else:
        for name in left:
            place.with_name(place.name + name).unlink(missing_ok=True)
    _LOG.error("%s", detail)
    return Trouble(TroubleKind.LOG_REMOVED, detail)


async def empty_log(connection: aiosqlite.Connection) -> bool:
    """Empty the write-ahead log, and tell whether nobody prevented it."""
    async with connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
        row = await cursor.fetchone()
    return row is not None and not row[0]


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the file is no database, or none any more; all else may pass by itself."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return isinstance(error, _DamagedError) or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


async def _open(path: Path, *, is_suspect: bool) -> tuple[aiosqlite.Connection, Footprint]:
    # Where aiosqlite cannot open a file, it leaves a thread behind that may outlive the event loop.
    await asyncio.to_thread(_prepare, path)
    # Taken before the file is open: should it be replaced meanwhile, that is noticed.
    identity = find_identity(path)
    connection = await aiosqlite.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        if is_suspect:
            await _examine(connection)
        await connection.execute("PRAGMA journal_mode = WAL")
        # Telegram is told that a message has arrived once it is in the file: it must survive
        # a power cut, not only the end of the process.
        await connection.execute("PRAGMA synchronous = FULL")
        await connection.execute("PRAGMA foreign_keys = ON")
        # What /forget deletes is overwritten with zeros.
        await connection.execute("PRAGMA secure_delete = ON")
        await migrate(connection)
        companions = {name: find_identity(path.with_name(path.name + name)) for name in _COMPANIONS}
    except BaseException:
        await connection.close()
        raise
    return connection, Footprint(path, identity, companions)


def _prepare(path: Path) -> None:
    """Make the file where it is missing, and try to open it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # What people asked is nobody else's business on this machine.
    if not path.exists():
        path.touch(mode=0o600)
    sqlite3.connect(path).close()


async def _examine(connection: aiosqlite.Connection) -> None:
    async with connection.execute("PRAGMA quick_check(1)") as cursor:
        row = await cursor.fetchone()
    if row is None or row[0] != "ok":
        message = str(row[0]) if row else "it cannot be examined"
        raise _DamagedError(message)


def _put_aside(path: Path, error: Exception) -> Trouble:
    """Give a damaged file, with what belongs to it, a name under which nothing overwrites it."""
    aside = _rename(path, "damaged", ("", *_COMPANIONS))
    detail = f"the log {path} is damaged ({error}); it is kept as {aside}, and a new one is begun"
    _LOG.error("%s", detail)
    return Trouble(TroubleKind.LOG_DAMAGED, detail)


def _rename(path: Path, mark: str, companions: Sequence[str]) -> Path:
    """Give what there is of a file a name that tells why and when; return that of the file itself."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"{path.name}.{mark}-{stamp}")
    for companion in companions:
        part = path.with_name(path.name + companion)
        if part.exists():
            part.rename(aside.with_name(aside.name + companion))
    return aside
