"""The journal writes every exchange, keeps nobody waiting and survives a file that fails."""

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.journal.exchanges import Journal
from bot.journal.migrations import NewerSchemaError
from bot.model import Answer, AnswerKind, Article, Exchange, Hit, Origin, Passage, Question


def exchange(text: str = "how many?") -> Exchange:
    article = Article("news/a", "en", "https://example.org", "Example", None, None, ("One.",), "0")
    hits = (Hit(Passage(article, "One.", 0, 0), 2.5), Hit(Passage(article, "Two.", 0, 1), 1.5))
    answer = Answer(Question(text, "en"), AnswerKind.ANSWER, 0.75, hits, "abc123", 12.5)
    asked_at = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    return Exchange(asked_at, Origin.TELEGRAM, answer, user_id=7, chat_id=-8)


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_journal_keeps_the_whole_exchange(tmp_path: Path) -> None:
    path = tmp_path / "state" / "log.sqlite"
    journal = Journal(path)
    await journal.open()
    journal.record(exchange())
    await journal.close()
    assert read(path, "SELECT * FROM exchanges") == [
        (
            1,
            "2026-01-02T03:04:05.678+00:00",
            "telegram",
            7,
            -8,
            "en",
            "how many?",
            "answer",
            1,
            0.75,
            "abc123",
            12.5,
        )
    ]
    assert read(path, "SELECT * FROM shown_passages ORDER BY rank") == [
        (1, 1, "news/a", 0, "One.", 2.5),
        (1, 2, "news/a", 1, "Two.", 1.5),
    ]
    assert read(path, "PRAGMA journal_mode") == [("wal",)]


async def test_journal_close_waits_for_every_row(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.sqlite")
    await journal.open()
    for number in range(200):
        journal.record(exchange(f"question {number}"))
    await journal.close()
    await journal.close()
    assert read(tmp_path / "log.sqlite", "SELECT count(*), count(DISTINCT question) FROM exchanges") == [
        (200, 200)
    ]


async def test_journal_keeps_its_rows_when_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        journal = Journal(tmp_path / "log.sqlite")
        await journal.open()
        journal.record(exchange())
        await journal.close()
    assert read(tmp_path / "log.sqlite", "SELECT count(*) FROM exchanges") == [(2,)]


async def test_journal_refuses_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    journal = Journal(path)
    with pytest.raises(NewerSchemaError, match="newer than this bot's"):
        await journal.open()
    await journal.close()


async def test_journal_that_cannot_be_written_is_reported_once_and_heals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    journal = Journal(folder / "log.sqlite")
    await journal.open()
    journal.record(exchange("lost"))
    await journal.flush()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "log.sqlite cannot be written" in caplog.text
    folder.unlink()
    journal.record(exchange("kept"))
    await journal.close()
    assert caplog.records[-1].getMessage().endswith("can be written again.")
    assert read(folder / "log.sqlite", "SELECT question FROM exchanges") == [("kept",)]
