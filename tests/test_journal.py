"""The journal writes every exchange, keeps nobody waiting and survives a file that fails."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiosqlite
import pytest

from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.inbox import Entry, Inbox
from bot.journal.migrations import NewerSchemaError, migrate
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.votes import Votes
from bot.model import (
    Answer,
    AnswerKind,
    Article,
    Exchange,
    Hit,
    Origin,
    Passage,
    Question,
    Trouble,
    TroubleKind,
    Vote,
)

ANNA, BEN = 700_000_001, 700_000_002
CHAT = -8
BOT = 1
ASKED_AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def passage(text: str, outlet: str = "Example") -> Passage:
    article = Article("news/a", "en", "https://example.org", outlet, date(2025, 10, 26), None, (), "")
    return Passage(article, text, 0, 3, "Before.", "After.")


def exchange(text: str = "how many?", user_id: int | None = ANNA, question_message_id: int = 5) -> Exchange:
    hits = (
        Hit(passage("One is one."), 2.5, "is one", (passage("Eins.", "Beispiel"), passage("Un.", "Exemple"))),
        Hit(passage("Two."), 1.5),
    )
    answer = Answer(Question(text, "en", "earlier"), AnswerKind.ANSWER, 0.75, hits, "abc123", 12.5)
    return Exchange(
        ASKED_AT, Origin.TELEGRAM, answer, user_id, CHAT, question_message_id, question_message_id + 1
    )


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "state" / "log.sqlite")
    await opened.open()
    yield opened
    await opened.close()


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_journal_finds_an_exchange_as_it_was(database: Database) -> None:
    journal = Journal(database)
    recorded = exchange()
    journal.record(recorded)
    assert await journal.find(recorded.key) == recorded
    assert await journal.find_by_question(CHAT, 5) == recorded
    assert await journal.find_by_answer(CHAT, 6) == recorded
    assert await journal.find_latest(ANNA, CHAT, ASKED_AT) == recorded
    assert await journal.find("unknown") is None
    assert await journal.find_latest(BEN, CHAT, ASKED_AT) is None
    assert await journal.find_latest(ANNA, CHAT, ASKED_AT + timedelta(seconds=1)) is None
    for since, found in ((ASKED_AT, recorded), (ASKED_AT + timedelta(seconds=1), None)):
        assert await Journal(database).find_latest(ANNA, CHAT, since) == found
    assert read(database.path, "PRAGMA journal_mode") == [("wal",)]
    assert {path.stat().st_mode & 0o077 for path in database.path.parent.iterdir()} == {0}


async def test_journal_finds_the_latest_of_an_edited_question(database: Database) -> None:
    journal = Journal(database)
    for text in ("first", "second"):
        journal.record(exchange(text))
    found = await journal.find_by_question(CHAT, 5)
    assert found is not None
    assert found.answer.question.text == "second"


async def test_journal_keeps_exchanges_of_a_chat_under_its_new_id(database: Database) -> None:
    journal = Journal(database)
    recorded = exchange()
    journal.record(recorded)
    await journal.move_chat(CHAT, -100)
    moved = replace(recorded, chat_id=-100, question_message_id=None, answer_message_id=None)
    assert await journal.find(recorded.key) == moved
    assert await journal.find_latest(ANNA, -100, ASKED_AT) == moved
    # Messages count anew there: the same ids are other messages.
    assert await journal.find_by_question(-100, 5) is None
    assert await journal.find_by_answer(-100, 6) is None


async def test_journal_writes_every_row_before_it_is_closed(database: Database) -> None:
    journal = Journal(database)
    for number in range(200):
        journal.record(exchange(f"question {number}"))
    await journal.flush()
    await database.close()
    await database.close()
    assert read(database.path, "SELECT count(*), count(DISTINCT question) FROM exchanges") == [(200, 200)]


async def test_journal_lists_a_person_s_questions_once(database: Database) -> None:
    journal = Journal(database)
    for text in ("one", "two", "one"):
        journal.record(exchange(text))
    journal.record(exchange("another's", BEN))
    listed = await journal.list_questions(ANNA, 10)
    assert [question.text for question in listed.values()] == ["one", "two"]
    assert [(await journal.find(key) or exchange()).answer.question.text for key in listed] == ["one", "two"]
    assert [question.text for question in (await journal.list_questions(ANNA, 1)).values()] == ["one"]


async def test_votes_are_one_for_each_person_and_may_change(database: Database) -> None:
    journal, votes = Journal(database), Votes(database)
    asked = exchange()
    journal.record(asked)
    await journal.flush()
    assert await votes.cast(asked.key, ANNA, Vote.UP)
    assert await votes.cast(asked.key, BEN, Vote.DOWN)
    assert await votes.cast(asked.key, ANNA, Vote.DOWN)
    assert await votes.find(asked.key, ANNA) is Vote.DOWN
    assert await votes.cast(asked.key, ANNA, None)
    assert await votes.find(asked.key, ANNA) is None
    assert await votes.find(asked.key, BEN) is Vote.DOWN
    assert not await votes.cast("unknown", ANNA, Vote.UP)


async def test_readers_choose_their_language(database: Database) -> None:
    readers = Readers(database)
    assert await readers.list_languages() == {}
    await readers.choose_language(ANNA, "nb")
    await readers.choose_language(ANNA, "fr")
    assert await readers.list_languages() == {ANNA: "fr"}
    await readers.choose_language(ANNA, None)
    assert await readers.list_languages() == {}


async def test_personal_records_are_collected_whole(database: Database) -> None:
    journal, personal = Journal(database), PersonalRecords(database, BOT)
    asked = exchange()
    journal.record(asked)
    journal.record(exchange("another's", BEN))
    await journal.flush()
    await Votes(database).cast(asked.key, ANNA, Vote.UP)
    await Readers(database).choose_language(ANNA, "nb")
    records = await personal.collect(ANNA)
    assert {table: len(rows) for table, rows in records.items()} == {
        "exchanges": 1,
        "shown_passages": 4,
        "votes": 1,
        "readers": 1,
    }
    assert records["exchanges"][0]["question"] == "how many?"


async def test_personal_records_are_erased_to_the_last_byte(database: Database) -> None:
    journal, personal = Journal(database), PersonalRecords(database, BOT)
    for number in range(50):
        journal.record(exchange(f"Annas secret {number} " + "x" * 3000))
        journal.record(exchange(f"Bens question {number}", BEN))
    await journal.flush()
    await Votes(database).cast(
        (await journal.find_latest(BEN, CHAT, ASKED_AT) or exchange()).key, ANNA, Vote.UP
    )
    await Readers(database).choose_language(ANNA, "nb")
    assert await personal.forget(ANNA) == 50
    content = b"".join(path.read_bytes() for path in database.path.parent.iterdir())
    assert b"Annas secret" not in content
    assert ANNA.to_bytes(4, "big") not in content
    assert b"Bens question 49" in content
    assert not any((await personal.collect(ANNA)).values())


async def test_personal_records_are_erased_from_the_inbox_save_what_waits(database: Database) -> None:
    def entry(number: int, chat_id: int = ANNA) -> Entry:
        return Entry(number, chat_id, f"payload {number}", datetime.now(UTC))

    for bot_id, entries in ((2, [entry(1), entry(2)]), (BOT, [entry(3, BEN), entry(4), entry(5)])):
        await Inbox(database, bot_id, lambda _trouble: None).receive(entries)
    await PersonalRecords(database, BOT).forget(ANNA)
    assert read(database.path, "SELECT bot_id, payload FROM inbox WHERE payload IS NOT NULL") == [
        (BOT, "payload 3"),
        (BOT, "payload 5"),
    ]
    assert read(database.path, "SELECT count(*) FROM inbox WHERE done_at IS NOT NULL") == [(3,)]


async def test_database_refuses_a_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    database = Database(path)
    with pytest.raises(NewerSchemaError, match="newer than this bot's"):
        await database.open()
    await database.close()


async def test_database_may_be_brought_up_to_date_by_two_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((Path(__file__).parent / "data" / "schema_1.sql").read_text("utf-8"))
    async with (
        aiosqlite.connect(path, isolation_level=None) as one,
        aiosqlite.connect(path, isolation_level=None) as other,
    ):
        await asyncio.gather(migrate(one), migrate(other))
    assert read(path, "SELECT count(*) FROM passages") == [(3,)]


def collect(troubles: list[Trouble]) -> list[tuple[TroubleKind, bool]]:
    return [(trouble.kind, trouble.is_over) for trouble in troubles]


async def test_database_keeps_what_waits_up_to_a_bound(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    troubles: list[Trouble] = []
    database = Database(folder / "log.sqlite", troubles.append, most_deferred=3)
    journal = Journal(database)
    for number in range(5):
        journal.record(exchange(f"question {number}"))
    await journal.flush()
    folder.unlink()
    await journal.flush()
    await database.close()
    assert read(folder / "log.sqlite", "SELECT question FROM exchanges") == [
        ("question 2",),
        ("question 3",),
        ("question 4",),
    ]
    assert collect(troubles) == [
        (TroubleKind.LOG_UNWRITABLE, False),
        (TroubleKind.LOG_UNWRITABLE, True),
        (TroubleKind.LOG_ROWS_LOST, False),
    ]
    assert troubles[-1].detail.startswith("2 entries")


async def test_database_heals_by_itself_once_the_file_does(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.database._BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    await database.close()
    journal = Journal(database)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal.record(exchange("waits"))
        await journal.flush()
        assert database.is_failing
        with pytest.raises(DatabaseUnavailableError):
            await journal.find("any")
        other.execute("COMMIT")
    async with asyncio.timeout(5):
        while database.is_failing:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)
    assert read(database.path, "SELECT question FROM exchanges") == [("waits",)]


async def test_database_that_is_full_keeps_what_waits(database: Database) -> None:
    troubles: list[Trouble] = []
    await database.close()
    full = Database(database.path, troubles.append)
    await full.open()

    async def limit(connection: aiosqlite.Connection) -> None:
        await connection.execute("PRAGMA max_page_count = 1")

    await full.read(limit)
    journal = Journal(full)
    for number in range(40):
        journal.record(exchange(f"question {number} " + "x" * 4000))
    await journal.flush()
    assert collect(troubles) == [(TroubleKind.LOG_UNWRITABLE, False)]
    assert "full" in troubles[0].detail
    # The connection is opened anew, as an operator would have made room.
    await journal.flush()
    await full.close()
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(40,)]


@pytest.mark.parametrize("damage", ["no database", "torn"])
async def test_database_puts_a_damaged_file_aside(database: Database, damage: str) -> None:
    journal = Journal(database)
    for number in range(50):
        journal.record(exchange(f"question {number} " + "x" * 1000))
    await journal.flush()
    await database.close()
    content = bytearray(database.path.read_bytes())
    if damage == "no database":
        content[:100] = b"x" * 100
    else:
        content[4096 * 3 : 4096 * 9] = b"x" * 4096 * 6
    database.path.write_bytes(content)
    troubles: list[Trouble] = []
    opened = Database(database.path, troubles.append)
    await opened.open()
    Journal(opened).record(exchange("new"))
    await opened.close()
    assert collect(troubles) == [(TroubleKind.LOG_DAMAGED, False)]
    [aside] = [path for path in database.path.parent.iterdir() if ".damaged-" in path.name]
    assert aside.read_bytes() == content
    assert str(aside) in troubles[0].detail
    assert read(database.path, "SELECT question FROM exchanges") == [("new",)]


async def test_database_of_the_first_schema_keeps_every_row(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((Path(__file__).parent / "data" / "schema_1.sql").read_text("utf-8"))
    database = Database(path)
    await database.open()
    found = [await Journal(database).find(key) for key in ("one", "two")]
    shown = [
        [(hit.passage.text, hit.highlight, len(hit.also)) for hit in each.answer.hits]
        for each in found
        if each
    ]
    assert shown == [
        [("One is one.", "is one", 1), ("Two.", None, 0)],
        [("Two.", None, 0)],
    ]
    await database.close()
    assert read(path, "SELECT text FROM passages ORDER BY text") == [("Eins.",), ("One is one.",), ("Two.",)]


async def test_database_that_fails_is_reported_once_and_heals(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    database = Database(folder / "log.sqlite")
    journal = Journal(database)
    await database.open()
    journal.record(exchange("waits"))
    await journal.flush()
    with pytest.raises(DatabaseUnavailableError):
        await journal.find("any")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "log.sqlite cannot be written" in caplog.text
    folder.unlink()
    journal.record(exchange("kept"))
    await journal.flush()
    await database.close()
    assert caplog.records[-1].getMessage().endswith("can be written again")
    assert read(folder / "log.sqlite", "SELECT question FROM exchanges") == [("waits",), ("kept",)]


async def test_database_is_left_as_it_was_by_work_that_fails(database: Database) -> None:
    journal = Journal(database)
    twice = exchange()
    journal.record(twice)
    journal.record(twice)
    journal.record(exchange("next"))
    await journal.flush()
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(2,)]
    assert read(database.path, "SELECT count(*) FROM shown_passages") == [(8,)]


async def test_retention_erases_what_is_too_old_to_the_last_byte(database: Database) -> None:
    journal = Journal(database)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    old = replace(exchange("an old secret"), asked_at=now - timedelta(days=10, seconds=1))
    for kept in (old, replace(exchange("recent"), asked_at=now - timedelta(days=10))):
        journal.record(kept)
    await journal.flush()
    await Votes(database).cast(old.key, BEN, Vote.DOWN)
    retention = Retention(database, 10)
    assert [await retention.erase_old(now), await retention.erase_old(now)] == [1, 0]
    assert read(database.path, "SELECT question FROM exchanges") == [("recent",)]
    assert read(database.path, "SELECT count(*) FROM votes") == [(0,)]
    content = b"".join(path.read_bytes() for path in database.path.parent.iterdir())
    assert b"an old secret" not in content


async def test_retention_begins_at_once_and_goes_on_while_the_file_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("bot.journal.retention._TRY_AGAIN_S", 0.01)
    await database.close()
    content = database.path.read_bytes()
    database.path.unlink()
    database.path.mkdir()
    erasing = asyncio.create_task(Retention(database, 10).keep_erasing())
    await asyncio.sleep(0.05)
    assert not erasing.done()
    database.path.rmdir()
    database.path.write_bytes(content)
    journal = Journal(database)
    journal.record(replace(exchange("old"), asked_at=datetime.now(UTC) - timedelta(days=11)))
    await journal.flush()
    for _ in range(500):
        await asyncio.sleep(0.01)
        if "too old" in caplog.text:
            break
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(0,)]
    erasing.cancel()
    await asyncio.gather(erasing, return_exceptions=True)
    assert "1 exchanges were too old and are erased" in caplog.text


async def test_inbox_marks_nothing_as_done_before_what_it_led_to_is_written(database: Database) -> None:
    inbox = Inbox(database, 1, lambda _trouble: None)
    await inbox.receive([Entry(number, CHAT, "{}", datetime.now(UTC)) for number in (1, 2)])
    reached, going_on = asyncio.Event(), asyncio.Event()
    seen: list[object] = []

    async def stand_still(_connection: aiosqlite.Connection) -> None:
        reached.set()
        await going_on.wait()

    async def look(connection: aiosqlite.Connection) -> None:
        [row] = await connection.execute_fetchall("SELECT done_at FROM inbox WHERE update_id = 2")
        seen.append(row["done_at"])

    database.defer(stand_still)
    inbox.finish(1)
    await reached.wait()
    database.defer(look)
    inbox.finish(2)
    going_on.set()
    await database.flush()
    assert seen == [None]
    assert await inbox.list_owed() == []


async def test_inbox_forgets_what_was_done_and_what_another_bot_left_two_days_ago(database: Database) -> None:
    def entry(number: int, age: timedelta = timedelta()) -> Entry:
        return Entry(number, CHAT, "{}", datetime.now(UTC) - age)

    old, inbox = timedelta(days=2, minutes=1), Inbox(database, BOT, lambda _trouble: None)
    await Inbox(database, 2, lambda _trouble: None).receive([entry(1, old), entry(2)])
    await inbox.receive([entry(number, old) for number in (3, 4, 5)])

    async def age(connection: aiosqlite.Connection) -> None:
        await connection.execute("UPDATE inbox SET done_at = received_at WHERE update_id = 3")

    await database.run(age)
    inbox.finish(4)
    await database.flush()
    assert read(database.path, "SELECT update_id, done_at IS NULL FROM inbox ORDER BY id") == [
        (2, 1),
        (4, 0),
        (5, 1),
    ]


async def test_inbox_is_durable_again_once_the_file_heals(tmp_path: Path) -> None:
    told: list[tuple[TroubleKind, bool]] = []
    (tmp_path / "log.sqlite").mkdir()
    database = Database(tmp_path / "log.sqlite")
    await database.open()
    inbox = Inbox(database, 1, lambda trouble: told.append((trouble.kind, trouble.is_over)))
    await inbox.receive([Entry(number, CHAT, "{}", datetime.now(UTC)) for number in (1, 2)])
    assert inbox.held == 2
    inbox.finish(1)
    assert inbox.held == 1
    (tmp_path / "log.sqlite").rmdir()
    await database.flush()
    assert inbox.is_durable
    assert inbox.held == 0
    assert told == [(TroubleKind.INBOX_OFF, False), (TroubleKind.INBOX_OFF, True)]
    assert [owed.update_id for owed in await inbox.list_owed()] == [2]
    await database.close()


async def test_database_in_use_delays_only_the_erasing_of_traces(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.database._BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    journal = Journal(database)
    for number in range(20):
        journal.record(exchange(f"Annas secret {number} " + "x" * 3000))
    await journal.flush()
    with closing(sqlite3.connect(database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM exchanges").fetchone()
        assert await PersonalRecords(database, BOT).forget(ANNA) == 20
        assert not database.is_failing
        journal.record(exchange("next", BEN))
        await journal.flush()
        assert not database.is_failing
    async with asyncio.timeout(5):
        while b"Annas secret" in read_bytes(database):  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)


async def test_database_that_fails_keeps_nobody_waiting_in_line(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.database._BUSY_TIMEOUT_S", 0.3)
    await database.close()
    readers = Readers(database)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with asyncio.timeout(1):
            results = await asyncio.gather(
                *(readers.choose_language(number, "nb") for number in range(20)), return_exceptions=True
            )
        assert {type(result) for result in results} == {DatabaseUnavailableError}


async def test_database_heals_though_nothing_is_to_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.journal.database._TRY_AGAIN_S", 0.05)
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be")
    database = Database(folder / "log.sqlite")
    await database.open()
    assert database.is_failing
    folder.unlink()
    async with asyncio.timeout(5):
        while database.is_failing:  # noqa: ASYNC110 - the file has no event
            await asyncio.sleep(0.02)
    await database.close()


async def test_database_goes_on_after_work_that_was_broken_off(database: Database) -> None:
    journal, readers = Journal(database), Readers(database)
    for number in range(200):
        journal.record(exchange(f"question {number}"))
        breaking = asyncio.create_task(readers.choose_language(number, "nb"))
        await asyncio.sleep(0.0003)
        breaking.cancel()
        await asyncio.gather(breaking, return_exceptions=True)
    await journal.flush()
    assert not database.is_failing
    assert read(database.path, "SELECT count(*) FROM exchanges") == [(200,)]


def read_bytes(database: Database) -> bytes:
    return b"".join(path.read_bytes() for path in database.path.parent.iterdir())
