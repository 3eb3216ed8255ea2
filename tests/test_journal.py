"""The journal writes every exchange and keeps nobody waiting; what is personal can be erased."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.journal.audit import SHELL, Actor
from bot.journal.database import Database, Work
from bot.journal.exchanges import Journal
from bot.journal.inbox import Entry, Inbox
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.roles import Roles
from bot.journal.votes import Votes
from bot.model import Role, Vote
from tests.journal_records import ANNA, ASKED_AT, BEN, BOT, CHAT, exchange, read


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


async def test_journal_need_not_look_up_people_who_have_not_asked_since_the_start(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where many ask at once right after the start, and their exchanges are written meanwhile."""
    journal = Journal(database)

    async def ask(number: int) -> None:
        assert await journal.find_latest(number, number, ASKED_AT) is None
        journal.record(replace(exchange(), user_id=number, chat_id=number, asked_at=datetime.now(UTC)))

    looked_up = 0
    read_file = database.read

    async def count(work: Work[object]) -> object:
        nonlocal looked_up
        looked_up += 1
        return await read_file(work)

    await asyncio.gather(*map(ask, range(1, 31)))
    monkeypatch.setattr(database, "read", count)
    await asyncio.gather(*map(ask, range(101, 131)))
    assert looked_up == 0
    assert await Journal(database).find_latest(130, 130, ASKED_AT) is not None


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
    await readers.choose_languages(ANNA, ["nb"])
    await readers.choose_languages(ANNA, ["fr", "de", "nb"])
    assert await readers.list_languages() == {ANNA: ("fr", "de", "nb")}
    await readers.choose_languages(ANNA, [])
    assert await readers.list_languages() == {}


async def test_personal_records_are_collected_whole(database: Database) -> None:
    journal, personal = Journal(database), PersonalRecords(database, BOT)
    asked = exchange()
    journal.record(asked)
    journal.record(exchange("another's", BEN))
    await journal.flush()
    await Votes(database).cast(asked.key, ANNA, Vote.UP)
    await Readers(database).choose_languages(ANNA, ["nb"])
    await Roles(database).grant(ANNA, "Anna", Role.EDITOR, by=Actor(BEN, "Ben"))
    await Roles(database).grant(BEN, "Ben", Role.VIEWER, by=SHELL)
    records = await personal.collect(ANNA)
    assert {table: len(rows) for table, rows in records.items()} == {
        "exchanges": 1,
        "shown_passages": 4,
        "votes": 1,
        "readers": 1,
        "question_vectors": 0,
        "pinned_questions": 0,
        "test_questions": 0,
        "roles": 1,
        "digests": 0,
        "acts": 1,
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
    await Readers(database).choose_languages(ANNA, ["nb"])
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
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await database.close()
    content = database.path.read_bytes()
    database.path.unlink()
    database.path.mkdir()
    erasing = asyncio.create_task(Retention(database, 10, try_again_s=0.01).keep_erasing())
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
    assert "Erased exchanges that were too old: 1" in caplog.text
