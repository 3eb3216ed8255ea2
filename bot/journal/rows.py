"""What several tables keep alike: times and questions, to and from their columns."""

import sqlite3
from datetime import UTC, datetime

from bot.model import Earlier, Question


def write_time(moment: datetime | None = None) -> str:
    """Return a moment, else the present one, as a column keeps it.

    That is ISO 8601 in UTC to the millisecond, so times that are compared as texts are in their order.

    >>> write_time(datetime(2026, 11, 24, 7, tzinfo=UTC))
    '2026-11-24T07:00:00.000+00:00'
    """
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def read_question(row: sqlite3.Row) -> Question:
    """Return the question of a row with the columns question, language and earlier."""
    return Question(row["question"], row["language"], Earlier(row["earlier"]) if row["earlier"] else None)
