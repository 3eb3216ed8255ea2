"""Opening the database: with the settings the journal needs, a current schema, and undamaged.

A damaged file is renamed, never overwritten, and a new one is started. A file that was moved or replaced
while it was in use is told apart from the one that is there now.
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
from bot.journal.private_files import FOR_ITS_OWNER
from bot.model import Trouble, TroubleKind

_LOG = logging.getLogger(__name__)
# The files that SQLite keeps beside the database in WAL mode.
_WAL = "-wal"
_COMPANIONS = (_WAL, "-shm")

_Identity = tuple[int, int]
"""Device and inode."""


class _DamagedError(sqlite3.DatabaseError):
    """The file is a database that fails SQLite's own check."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """The path of an open file, and the identities of the file and its companions when it was opened."""

    place: Path
    identity: _Identity | None
    companions: dict[str, _Identity | None]


async def open_database(
    path: Path, report: Callable[[Trouble], None], *, is_suspect: bool, busy_timeout_s: float
) -> tuple[aiosqlite.Connection, Footprint]:
    """Open a file, creating it where it is missing; a suspect file is checked first.

    ``report`` is told when a damaged file was put aside. ``busy_timeout_s`` is how long to wait for
    another process that holds the file.

    Raises:
        OSError: its folder cannot be written.
        sqlite3.Error: it cannot be used now.
        NewerSchemaError: a newer version of the bot wrote it.
    """
    # Where the path is a link, SQLite keeps the companions beside the target of the link.
    place = await asyncio.to_thread(path.resolve)
    try:
        return await _open(place, is_suspect=is_suspect, busy_timeout_s=busy_timeout_s)
    except NewerSchemaError as error:
        message = f"the database {path} {error}"
        raise NewerSchemaError(message) from error
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        report(_put_aside(place, error))
        return await _open(place, is_suspect=is_suspect, busy_timeout_s=busy_timeout_s)


def find_identity(path: Path) -> _Identity | None:
    """Return the identity of a file, by which a replacement is noticed; None where there is no file.

    Raises:
        OSError: the file system does not say.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def leave_place(footprint: Footprint) -> Trouble:
    """Remove the companions that a moved or replaced file left behind, lest another file is read with them.

    A write-ahead log that still holds rows is renamed instead. Companions of another file stay.

    Raises:
        OSError: they cannot be removed.
    """
    place = footprint.place
    left = [
        name
        for name, identity in footprint.companions.items()
        if identity is not None and find_identity(place.with_name(place.name + name)) == identity
    ]
    detail = (
        f"the database {place} was removed or replaced while it was in use; the bot uses what is there now"
    )
    if _WAL in left and place.with_name(place.name + _WAL).stat().st_size:
        aside = _rename(place, "removed", left)
        detail += f"; the latest rows are in {aside.name}{_WAL}, which belongs beside the old file"
    else:
        for name in left:
            place.with_name(place.name + name).unlink(missing_ok=True)
    _LOG.error("%s", detail)
    return Trouble(TroubleKind.DATABASE_REMOVED, detail)


async def empty_log(connection: aiosqlite.Connection) -> bool:
    """Empty the write-ahead log; return False where another process prevented it."""
    async with connection.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
        row = await cursor.fetchone()
    return row is not None and not row[0]


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether the file is damaged or not a database; any other error may pass by itself."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return isinstance(error, _DamagedError) or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


async def _open(
    path: Path, *, is_suspect: bool, busy_timeout_s: float
) -> tuple[aiosqlite.Connection, Footprint]:
    # Tried here first: where aiosqlite cannot open a file, its thread may outlive the event loop.
    await asyncio.to_thread(_prepare, path)
    # Taken before the file is opened, so that a replacement in between is noticed.
    identity = find_identity(path)
    connection = await aiosqlite.connect(path, timeout=busy_timeout_s, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        if is_suspect:
            await _examine(connection)
        await connection.execute("PRAGMA journal_mode = WAL")
        # A message is confirmed to Telegram once it is in the file, so it must survive a power cut
        # and not only the end of the process.
        await connection.execute("PRAGMA synchronous = FULL")
        await connection.execute("PRAGMA foreign_keys = ON")
        # Rows that /forget deletes are overwritten with zeros.
        await connection.execute("PRAGMA secure_delete = ON")
        await migrate(connection)
        companions = {name: find_identity(path.with_name(path.name + name)) for name in _COMPANIONS}
    except BaseException:
        await connection.close()
        raise
    return connection, Footprint(path, identity, companions)


def _prepare(path: Path) -> None:
    """Create the file where it is missing, and try to open it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=FOR_ITS_OWNER)
    sqlite3.connect(path).close()


async def _examine(connection: aiosqlite.Connection) -> None:
    async with connection.execute("PRAGMA quick_check(1)") as cursor:
        row = await cursor.fetchone()
    if row is None or row[0] != "ok":
        message = str(row[0]) if row else "it cannot be checked"
        raise _DamagedError(message)


def _put_aside(path: Path, error: Exception) -> Trouble:
    """Rename a damaged file and its companions, so that nothing overwrites them."""
    aside = _rename(path, "damaged", ("", *_COMPANIONS))
    detail = f"the database {path} is damaged ({error}); it is kept as {aside}, and a new one is started"
    _LOG.error("%s", detail)
    return Trouble(TroubleKind.DATABASE_DAMAGED, detail)


def _rename(path: Path, mark: str, companions: Sequence[str]) -> Path:
    """Add the reason and the time to the names of a file and its companions; return the file's new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = path.with_name(f"{path.name}.{mark}-{stamp}")
    for companion in companions:
        part = path.with_name(path.name + companion)
        if part.exists():
            part.rename(aside.with_name(aside.name + companion))
    return aside
