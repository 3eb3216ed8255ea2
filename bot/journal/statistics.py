"""How the bot does: figures over a period, summed by SQLite, without any text or name.

The periods are whole days in UTC, up to and with today. Tables of tallies, which triggers keep, answer
for a million exchanges in a moment. The file is read through a connection of its own, so that
nothing that the bot writes meanwhile waits, and the shell reads the same figures.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

_BUSY_TIMEOUT_S = 10.0
_BUSIEST = 3
_FIRST_DAY = date(1970, 1, 1)


class StatisticsError(Exception):
    """The database cannot be read; the message names the file and the reason."""


class Period(StrEnum):
    """How far back figures go."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL = "all"

    def first_day(self, now: datetime) -> date:
        """Return the first day of the period that ends now."""
        if self is Period.ALL:
            return _FIRST_DAY
        return now.astimezone(UTC).date() - timedelta(days=_DAYS[self] - 1)


_DAYS: Mapping[Period, int] = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30, Period.YEAR: 365}


@dataclass(frozen=True, slots=True)
class Tally:
    """So many questions of a day, or of an hour of the day."""

    answered: int
    refused: int

    @property
    def questions(self) -> int:
        """All of them."""
        return self.answered + self.refused


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a period. Small talk does not count as a question.

    ``median_ms`` and ``p95_ms`` are the time to find an answer, to two digits. ``days`` has only days with
    questions, ``hours`` the hours of the day (UTC) of the whole period, ``languages`` the largest first.
    ``corpus_version`` is that of the latest answer ever.
    """

    period: Period
    first_day: date
    last_day: date
    people: int
    votes_up: int
    votes_down: int
    median_ms: int | None
    p95_ms: int | None
    languages: Mapping[str, int]
    days: Mapping[date, Tally]
    hours: Mapping[int, Tally]
    corpus_version: str | None

    @property
    def answered(self) -> int:
        """How many questions were answered."""
        return sum(tally.answered for tally in self.days.values())

    @property
    def refused(self) -> int:
        """How many questions the articles did not answer."""
        return sum(tally.refused for tally in self.days.values())

    @property
    def questions(self) -> int:
        """How many questions there were."""
        return self.answered + self.refused

    @property
    def busiest_hours(self) -> list[int]:
        """The hours (UTC) with the most questions, the busiest first."""
        hours = sorted(self.hours, key=lambda hour: (-self.hours[hour].questions, hour))
        return hours[:_BUSIEST]


def read_statistics(path: Path, period: Period, now: datetime) -> Statistics:
    """Read the figures of a period.

    Raises:
        StatisticsError: the database is missing, from another version of the bot, or cannot be read.
    """
    today = now.astimezone(UTC).date()
    first_day = period.first_day(now)
    since = first_day.isoformat()
    with reading(path) as connection:
        days = _read_days(connection, since)
        return Statistics(
            period=period,
            first_day=min(days, default=today) if period is Period.ALL else first_day,
            last_day=today,
            people=_read_number(connection, _PEOPLE, since),
            votes_up=_read_votes(connection, "up", since),
            votes_down=_read_votes(connection, "down", since),
            median_ms=_read_quantile(connection, 0.5, since),
            p95_ms=_read_quantile(connection, 0.95, since),
            languages=_read_languages(connection, since),
            days=days,
            hours=_read_hours(connection, since),
            corpus_version=_read_version(connection),
        )


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database to read it as of one moment, while others write.

    Raises:
        StatisticsError: it is missing or cannot be read.
    """
    if not path.is_file():
        message = f"{path}: there is no database yet; ask a question first"
        raise StatisticsError(message)
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_S)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            yield connection
    except sqlite3.Error as error:
        message = f"{path}: cannot be read: {error}"
        raise StatisticsError(message) from error


# From each person's first question to that of the next one, instead of through all questions.
_PEOPLE = """
    WITH RECURSIVE people (user_id) AS (
        SELECT min(user_id) FROM exchanges WHERE kind != 'small_talk'
        UNION ALL
        SELECT (
            SELECT min(user_id) FROM exchanges INDEXED BY questions_of_user
            WHERE kind != 'small_talk' AND exchanges.user_id > people.user_id
        ) FROM people WHERE people.user_id IS NOT NULL
    )
    SELECT count(*) FROM people WHERE EXISTS (
        SELECT 1 FROM exchanges INDEXED BY questions_of_user
        WHERE kind != 'small_talk' AND exchanges.user_id = people.user_id AND asked_at >= ?
    )
"""


def _read_days(connection: sqlite3.Connection, since: str) -> dict[date, Tally]:
    rows = connection.execute(
        f"SELECT day, {_TALLY} FROM tallies_by_language WHERE day >= ? GROUP BY day ORDER BY day",  # noqa: S608
        (since,),
    )
    return {date.fromisoformat(row["day"]): Tally(row["answered"], row["refused"]) for row in rows}


def _read_hours(connection: sqlite3.Connection, since: str) -> dict[int, Tally]:
    rows = connection.execute(
        f"SELECT hour, {_TALLY} FROM tallies_by_hour WHERE day >= ? GROUP BY hour ORDER BY hour",  # noqa: S608
        (since,),
    )
    return {row["hour"]: Tally(row["answered"], row["refused"]) for row in rows}


_TALLY = """
    coalesce(sum(exchanges) FILTER (WHERE is_answered), 0) AS answered,
    coalesce(sum(exchanges) FILTER (WHERE NOT is_answered), 0) AS refused
"""


def _read_languages(connection: sqlite3.Connection, since: str) -> dict[str, int]:
    rows = connection.execute(
        """
        SELECT language, sum(exchanges) AS questions FROM tallies_by_language
        WHERE day >= ? GROUP BY language ORDER BY questions DESC, language
        """,
        (since,),
    )
    return {row["language"]: row["questions"] for row in rows}


def _read_quantile(connection: sqlite3.Connection, share: float, since: str) -> int | None:
    """Return the shortest duration within which at least this share of the questions was done."""
    row = connection.execute(
        """
        WITH durations AS (
            SELECT rounded_ms, sum(exchanges) AS questions FROM tallies_by_duration
            WHERE day >= ? GROUP BY rounded_ms
        ), running AS (
            SELECT rounded_ms, sum(questions) OVER (ORDER BY rounded_ms) AS within FROM durations
        )
        SELECT rounded_ms FROM running WHERE within >= ? * (SELECT sum(questions) FROM durations)
        ORDER BY rounded_ms LIMIT 1
        """,
        (since, share),
    ).fetchone()
    return row["rounded_ms"] if row else None


def _read_votes(connection: sqlite3.Connection, vote: str, since: str) -> int:
    return _read_number(
        connection, "SELECT count(*) FROM votes WHERE voted_at >= ? AND vote = ?", since, vote
    )


def _read_version(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT corpus_version FROM exchanges ORDER BY id DESC LIMIT 1").fetchone()
    return row["corpus_version"] if row else None


def _read_number(connection: sqlite3.Connection, query: str, *values: object) -> int:
    return int(connection.execute(query, values).fetchone()[0])
