"""A copy of the database, made while the bot goes on writing to it.

SQLite copies the file as it is at one moment (its backup interface); a plain copy of the file
would miss what is still in the write-ahead log. The copy is written beside its place under another
name, checked, and only then put there, so what bears the name is whole. It is never put over
anything. What people asked is in it: only its owner may read it, and what they erase with /forget
stays in copies made before. It knows no schema but the names of what it counts.
"""

import contextlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_BUSY_TIMEOUT_S = 10.0
_FOR_ITS_OWNER = 0o600


class BackupError(Exception):
    """There is no copy; the message names the file and says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied."""

    exchanges: int
    votes: int
    size_bytes: int


def back_up(source: Path, target: Path) -> Backup:
    """Copy a database to where nothing is yet.

    Raises:
        BackupError: there is no database, it is damaged, or the copy cannot be written there.
    """
    if not source.is_file():
        message = f"{source}: there is no database to copy"
        raise BackupError(message)
    if os.path.lexists(target):
        raise _refuse_to_overwrite(target)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        # Made here, so that nobody else can read it at any time.
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FOR_ITS_OWNER))
    except OSError as error:
        message = f"{target}: cannot be written: {error.strerror or error}"
        raise BackupError(message) from None
    try:
        done = _copy(source, unfinished)
        _put(unfinished, target)
    except sqlite3.Error as error:
        message = f"{source}: cannot be copied: {error}"
        raise BackupError(message) from None
    except FileExistsError:
        raise _refuse_to_overwrite(target) from None
    except OSError as error:
        message = f"{target}: cannot be written: {error.strerror or error}"
        raise BackupError(message) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
    return done


def _copy(source: Path, unfinished: Path) -> Backup:
    """Copy one file over an empty one, and look whether the copy is sound.

    Raises:
        sqlite3.Error: the one cannot be read, the other not written, or what was copied is damaged.
    """
    # Not for reading only: a log that a killed process left behind is taken in first.
    address = f"{source.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S)) as original,
        closing(sqlite3.connect(unfinished)) as copy,
    ):
        # All at one moment: in parts, it would begin anew with whatever the bot writes meanwhile.
        original.backup(copy)
        # As one file, without a write-ahead log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        found = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(1)")]
        if found != ["ok"]:
            raise sqlite3.DatabaseError(found[0])
        exchanges, votes = copy.execute(
            "SELECT (SELECT count(*) FROM exchanges), (SELECT count(*) FROM votes)"
        ).fetchone()
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    return Backup(exchanges, votes, unfinished.stat().st_size)


def _put(unfinished: Path, target: Path) -> None:
    """Give the copy its name, unless something has taken it meanwhile.

    Raises:
        FileExistsError: something has.
    """
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        if os.path.lexists(target):
            raise FileExistsError from None
        unfinished.rename(target)


def _refuse_to_overwrite(target: Path) -> BackupError:
    return BackupError(f"{target}: exists already and stays as it is; name another file")
