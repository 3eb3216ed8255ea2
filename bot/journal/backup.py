"""A copy of the database, made while the bot goes on writing to it.

SQLite's backup interface copies the database as of one moment; a plain copy of the file would miss
rows that are still in the write-ahead log. The copy is written beside its target under a temporary
name, checked, and only then renamed, so a file with the target's name is always complete. Nothing is
ever overwritten. The copy holds people's questions: only its owner may read it, and records that are
erased with /forget stay in copies made before. Of the schema it knows the names of the two tables
whose rows it counts, and nothing else.
"""

import contextlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.journal.private_files import open_for_its_owner, put_new

_BUSY_TIMEOUT_S = 10.0


class BackupError(Exception):
    """No copy was made; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Backup:
    """The size of a copy and the number of rows in it."""

    exchanges: int
    votes: int
    size_bytes: int


def back_up(source: Path, target: Path) -> Backup:
    """Copy a database to a path that does not exist yet.

    Raises:
        BackupError: the database is missing or damaged, or the copy cannot be written.
    """
    if not source.is_file():
        message = f"{source}: there is no database to copy"
        raise BackupError(message)
    if os.path.lexists(target):
        raise _refuse_to_overwrite(target)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "xb", opener=open_for_its_owner):
            pass  # SQLite fills it
    except OSError as error:
        message = f"{target}: cannot be written: {error.strerror or error}"
        raise BackupError(message) from None
    try:
        done = _copy(source, unfinished)
        put_new(unfinished, target)
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
    """Copy the database into an empty file, and check the copy.

    Raises:
        sqlite3.Error: the source cannot be read, the copy cannot be written, or the copy is damaged.
    """
    # Not read-only: SQLite first merges a write-ahead log that a killed process left behind.
    address = f"{source.absolute().as_uri()}?mode=rw"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S)) as original,
        closing(sqlite3.connect(unfinished)) as copy,
    ):
        # In one step: a copy in several steps would start over whenever the bot writes.
        original.backup(copy)
        # The copy is one file, without a write-ahead log beside it.
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


def _refuse_to_overwrite(target: Path) -> BackupError:
    return BackupError(f"{target}: already exists and is not overwritten; choose another name")
