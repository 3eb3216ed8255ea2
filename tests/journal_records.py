"""What the tests of the journal write into it, and how they look at the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from bot.journal.database import Database
from bot.model import (
    Answer,
    AnswerKind,
    Article,
    Earlier,
    Exchange,
    Hit,
    Origin,
    Passage,
    Question,
    Trouble,
    TroubleKind,
)

ANNA, BEN = 700_000_001, 700_000_002


CHAT = -8


BOT = 1


ASKED_AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def passage(text: str, outlet: str = "Example") -> Passage:
    article = Article("news/a", "en", "https://example.org", outlet, date(2025, 10, 26), None, (), "", "vi")
    return Passage(article, text, 0, 3, "Before.", "After.")


def exchange(text: str = "how many?", user_id: int | None = ANNA, question_message_id: int = 5) -> Exchange:
    hits = (
        Hit(passage("One is one."), 2.5, "is one", (passage("Eins.", "Beispiel"), passage("Un.", "Exemple"))),
        Hit(passage("Two."), 1.5, short="Two", answers=0.25, certainty=0.75),
    )
    question = Question(text, "en", Earlier("earlier", "one"))
    answer = Answer(question, AnswerKind.ANSWER, 0.75, hits, "abc123", 12.5, leads=2, unanswered="how long?")
    return Exchange(
        ASKED_AT, Origin.TELEGRAM, answer, user_id, CHAT, question_message_id, question_message_id + 1
    )


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def collect(troubles: list[Trouble]) -> list[tuple[TroubleKind, bool]]:
    return [(trouble.kind, trouble.is_over) for trouble in troubles]


def read_bytes(database: Database) -> bytes:
    return b"".join(path.read_bytes() for path in database.path.parent.iterdir())


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Be another program that holds a file open in the midst of reading it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM exchanges").fetchone()
        yield
