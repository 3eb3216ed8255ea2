"""The log of exchanges, to be taken elsewhere: CSV for spreadsheets, JSON lines for programs.

Ids of people and chats are replaced by pseudonyms unless asked otherwise: a keyed hash, so that one
person has one pseudonym in every file of this bot, and nobody without the key can tell whose it is.
Names were never recorded. What somebody erased is not there any more. The file is read through a
connection of its own, as of one moment, while the bot goes on writing.
"""

import contextlib
import csv
import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path

from bot.journal.private_files import put_new
from bot.journal.statistics import Period, StatisticsError, reading

_KEY_BYTES = 32
_PSEUDONYM_LETTERS = 16
# A spreadsheet knows UTF-8 by it.
_MARK = "\ufeff"
# A spreadsheet takes a cell that begins like this for a formula, and people write the cells.
_FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")

_QUERY = """
    SELECT asked_at, origin, user_id AS person, chat_id AS chat, exchanges.language, question, earlier, kind,
    round(confidence, 4) AS confidence, passages.text AS passage, short,
    round(certainty, 4) AS certainty, article, source,
    (SELECT count(*) FROM votes WHERE exchange_id = exchanges.id AND vote = 'up') AS votes_up,
    (SELECT count(*) FROM votes WHERE exchange_id = exchanges.id AND vote = 'down') AS votes_down,
    corpus_version, round(elapsed_ms, 2) AS elapsed_ms
    FROM exchanges
    LEFT JOIN shown_passages ON exchange_id = exchanges.id AND rank = 1
    LEFT JOIN passages ON passages.id = passage_id
    WHERE asked_at >= ? ORDER BY exchanges.id
"""
COLUMNS = (
    "asked_at",
    "origin",
    "person",
    "chat",
    "language",
    "question",
    "earlier",
    "kind",
    "confidence",
    "passage",
    "short",
    "certainty",
    "article",
    "source",
    "votes_up",
    "votes_down",
    "corpus_version",
    "elapsed_ms",
)
"""What is exported of an exchange; the passage is the first one that was shown."""


class ExportError(Exception):
    """Nothing can be exported; the message names the file and the reason."""


class Form(StrEnum):
    """The forms of an export; each is the suffix of its file."""

    CSV = "csv"
    JSON_LINES = "jsonl"


def export_exchanges(
    path: Path, period: Period, form: Form, now: datetime, *, key: bytes | None
) -> Iterator[str]:
    """Yield the lines of the export, the oldest exchange first; without a key the ids stay as they are.

    CSV begins with the mark of UTF-8.

    Raises:
        ExportError: the database cannot be read.
    """
    write = _write_csv if form is Form.CSV else _write_json
    if form is Form.CSV:
        yield _MARK + _write_csv(dict.fromkeys(COLUMNS), header=True)
    try:
        with reading(path) as connection:
            for row in connection.execute(_QUERY, (period.first_day(now).isoformat(),)):
                yield write(_describe(row, key))
    except StatisticsError as error:
        raise ExportError(str(error)) from error


def load_key(folder: Path) -> bytes:
    """Return the key of the pseudonyms, which is made at its first use and kept in the state folder.

    Raises:
        ExportError: it cannot be read or written, or is not a key.
    """
    path = folder / "pseudonyms.key"
    try:
        if not path.exists():
            _make_key(path)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise ExportError(message) from error
    try:
        key = path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise ExportError(message) from error
    if len(key) != _KEY_BYTES:
        message = f"{path}: is not a key of {_KEY_BYTES} bytes; remove it, and a new one is made"
        raise ExportError(message)
    return key


def _make_key(path: Path) -> None:
    """Put a new key there, as a whole; one that another process puts there first stays.

    Raises:
        OSError: it cannot be written.
    """
    # Only its owner may read it from the beginning, and each thread has its own.
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".unfinished", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            put_new(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def pseudonymise(user_id: int, key: bytes) -> str:
    """Return the pseudonym of an id: 64 bits of its keyed hash, in hexadecimal."""
    return hmac.new(key, str(user_id).encode(), hashlib.sha256).hexdigest()[:_PSEUDONYM_LETTERS]


def _describe(row: sqlite3.Row, key: bytes | None) -> dict[str, object]:
    described = {column: row[column] for column in COLUMNS}
    if key is not None:
        for column in ("person", "chat"):
            if described[column] is not None:
                described[column] = pseudonymise(described[column], key)
    return described


def _write_json(described: Mapping[str, object]) -> str:
    return json.dumps(described, ensure_ascii=False) + "\n"


def _write_csv(described: Mapping[str, object], *, header: bool = False) -> str:
    line = StringIO()
    csv.writer(line).writerow(COLUMNS if header else [_disarm(value) for value in described.values()])
    return line.getvalue()


def _disarm(value: object) -> object:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_MARKS) else value
