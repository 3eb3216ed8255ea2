"""Updates are handled once, each chat's in order and chats side by side, whatever ends in between."""

import asyncio
import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.chat.wire.update_in_hand import Handling
from bot.cli.assembly.telegram import Limits, Pauses
from bot.pauses import GrowingPause
from bot.sandbox.api.failures import server_error
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, Gate, phrases, running_bot, slow_index


def encode(question: str) -> str:
    return base64.urlsafe_b64encode(question.encode()).decode().rstrip("=")


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - neither log nor server has an event for it
            await asyncio.sleep(0.02)


def read_inbox(folder: Path, columns: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "log.sqlite")) as connection:
        return connection.execute(f"SELECT {columns} FROM inbox ORDER BY id").fetchall()  # noqa: S608


async def test_dispatching_keeps_the_order_within_a_chat_alone(tmp_path: Path) -> None:
    gate = Gate()
    async with BotApi() as api, running_bot(api, tmp_path, make_index=slow_index(gate)):
        anna, berta = api.person("Anna"), api.person("Berta")
        asked = [anna.says("slow one"), *(anna.says(f"{SIGNED} {number}") for number in range(5))]
        await gate.wait_until_reached()
        await berta.private_chat.reply_to(berta.says(SIGNED))
        assert anna.private_chat.from_bot == []
        gate.opened.set()
        await anna.private_chat.reply_to(asked[-1])
        assert [reply.reply_to for reply in anna.private_chat.from_bot] == asked


async def test_dispatching_lets_chats_take_turns(tmp_path: Path) -> None:
    limits = Limits(most_at_hand=10)
    async with BotApi() as api, running_bot(api, tmp_path, limits=limits):
        anna, berta = api.person("Anna"), api.person("Berta")
        flood = [anna.says(f"{SIGNED} {number}") for number in range(60)]
        await berta.private_chat.reply_to(berta.says(SIGNED))
        assert len(anna.private_chat.from_bot) < 30
        await anna.private_chat.reply_to(flood[-1])
        assert [reply.reply_to for reply in anna.private_chat.from_bot] == flood


async def test_dispatching_keeps_the_ids_of_what_is_done_and_nothing_of_its_text(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says(SIGNED))
        await bot.end()
        [(payload, chat_id, done_at)] = read_inbox(tmp_path, "payload, chat_id, done_at")
        assert (payload, chat_id) == (None, None)
        assert done_at is not None


async def test_dispatching_answers_once_what_comes_twice(tmp_path: Path) -> None:
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path):
            question = anna.says(SIGNED)
            await anna.private_chat.reply_to(question)
        api.updates.repeat()
        assert api.updates.pending()
        async with running_bot(api, tmp_path):
            await anna.private_chat.reply_to(anna.says("/help"))
        assert len(anna.private_chat.replies_to(question)) == 1


async def test_dispatching_takes_up_what_an_earlier_run_left(tmp_path: Path) -> None:
    pauses = Pauses(finish_within_s=0.1)
    gate = Gate()
    async with BotApi() as api:
        anna, berta = api.person("Anna"), api.person("Berta")
        async with running_bot(api, tmp_path, pauses=pauses, make_index=slow_index(gate)) as bot:
            asked = [anna.says("slow one"), anna.says(SIGNED), anna.says("/help")]
            await gate.wait_until_reached()
            await berta.private_chat.reply_to(berta.says(SIGNED))
            ending = asyncio.create_task(bot.end())
            await asyncio.sleep(0.5)
            gate.opened.set()
            await ending
        assert anna.private_chat.from_bot == []
        async with running_bot(api, tmp_path, pauses=pauses) as bot:
            await anna.private_chat.reply_to(asked[-1])
            assert [reply.reply_to for reply in anna.private_chat.from_bot] == asked
            assert len(berta.private_chat.from_bot) == 1
            await bot.end()
        assert {payload for (payload,) in read_inbox(tmp_path, "payload")} == {None}


async def test_dispatching_does_not_answer_again_what_the_log_says_was_answered(tmp_path: Path) -> None:
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path):
            question = anna.says(SIGNED)
            [update] = api.updates.pending()
            await anna.private_chat.reply_to(question)
        with closing(sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)) as connection:
            # As if the bot had ended between writing the exchange and marking the update.
            connection.execute("UPDATE inbox SET done_at = NULL, payload = ?", [update.body])
        async with running_bot(api, tmp_path):
            await anna.private_chat.reply_to(anna.says("/help"))
        assert len(anna.private_chat.replies_to(question)) == 1


async def test_dispatching_apologises_for_a_late_answer(tmp_path: Path) -> None:
    pauses = Pauses(late_after_s=-5)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(SIGNED))
        assert answer.text.startswith(phrases.say("answer.late"))
        assert "72" in answer.text


async def test_dispatching_drops_presses_and_inline_queries_that_are_stale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = Pauses(press_lasts_s=-1)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(SIGNED))
        anna.presses(answer, "👍")
        await anna.private_chat.reply_to(anna.says("/help"))
        assert "too old" in caplog.text
        assert api.calls_of("answerCallbackQuery") == []


async def test_dispatching_skips_an_update_that_cannot_be_parsed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        api.updates.push("message", {"message_id": "one", "chat": 5})
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
        assert "cannot be parsed and is skipped" in caplog.text


async def test_dispatching_goes_on_from_memory_while_the_inbox_cannot_be_written(tmp_path: Path) -> None:
    pauses = Pauses(database_busy_s=0.05, database_try_again_s=0.2)
    gate = Gate()
    async with (
        BotApi() as api,
        running_bot(api, tmp_path, pauses=pauses, make_index=slow_index(gate)) as bot,
    ):
        anna, berta = api.person("Anna"), api.person("Berta")
        await anna.private_chat.reply_to(anna.says("/help"))
        with closing(sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            waiting = anna.says("slow one")
            assert "72" in (await berta.private_chat.reply_to(berta.says(SIGNED))).text
            await gate.wait_until_reached()
            other.execute("COMMIT")
        assert "72" in (await berta.private_chat.reply_to(berta.says(SIGNED))).text
        await asyncio.sleep(0.5)
        await berta.private_chat.reply_to(berta.says("/help"))
        # What waited in memory is on disk now.
        assert any("slow one" in str(payload) for (payload,) in read_inbox(tmp_path, "payload"))
        gate.opened.set()
        await anna.private_chat.reply_to(waiting)
        await bot.end()
        assert set(read_inbox(tmp_path, "payload")) == {(None,)}
        assert b'bot_troubles_total{kind="inbox_off"} 1.0' in bot.metrics.render()
        assert bot.alerts.ongoing == ()


async def test_dispatching_leaves_with_telegram_what_memory_cannot_hold(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = Pauses(inbox_full_s=0.1)
    limits = Limits(most_held=3)
    (tmp_path / "log.sqlite").mkdir()
    gate = Gate()
    async with (
        BotApi() as api,
        running_bot(api, tmp_path, pauses=pauses, limits=limits, make_index=slow_index(gate)),
    ):
        people = [api.person(f"Person {number}") for number in range(3)]
        asked = [(person, person.says("slow one")) for person in people]
        await gate.wait_until_reached()
        await until(lambda: not api.updates.pending())
        last = people[0].says(SIGNED)
        await until(lambda: "Telegram keeps them" in caplog.text)
        assert len(api.updates.pending()) == 1
        gate.opened.set()
        for person, question in [*asked, (people[0], last)]:
            await person.private_chat.reply_to(question)


async def test_dispatching_gives_up_what_ends_the_bot_again_and_again(tmp_path: Path) -> None:
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path) as bot:
            hanging = api.hang("sendMessage", times=None)
            question = anna.says(SIGNED)
            await api.called("sendMessage")
            await bot.end()
        hanging.stop()
        with closing(sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)) as connection:
            connection.execute("UPDATE inbox SET attempts = 10 WHERE payload IS NOT NULL")
        async with running_bot(api, tmp_path):
            assert (await anna.private_chat.reply_to(question)).text == phrases.say("apology")


async def test_dispatching_counts_ends_of_the_bot_and_not_outages(tmp_path: Path) -> None:
    pauses = Pauses(finish_within_s=0.1, resend_s=0.0, longest_postponement_s=0.01)
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path, pauses=pauses) as bot:
            hanging = api.hang("sendMessage", times=None)
            question = anna.says(SIGNED)
            await api.called("sendMessage")
            await bot.end()
        hanging.stop()
        outage = api.fail("sendMessage", server_error(502), times=60)
        async with running_bot(api, tmp_path, pauses=pauses):
            assert "72" in (await anna.private_chat.reply_to(question)).text
        assert outage.is_over


async def test_allowance_refuses_once_who_asks_too_much(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, questions_per_minute=3, admin_ids=[1]) as bot:
        anna, admin = api.person("Anna"), api.person("Admin", id=1)
        for person in (anna, admin):
            for number in range(6):
                person.says(f"{SIGNED} {number}")
        for person, answers in ((anna, 3), (admin, 6)):
            await person.private_chat.reply_to(person.says("/help"))
            replies = [reply.text for reply in person.private_chat.from_bot]
            assert len([reply for reply in replies if "72" in reply]) == answers
            refusals = [reply for reply in replies if reply == phrases.say("question.too-many", count=3)]
            assert len(refusals) == (person is anna)
        assert len(await bot.read_log("id")) == 9


async def test_allowance_counts_a_question_once_however_often_it_is_taken_up(tmp_path: Path) -> None:
    pauses = Pauses(resend_s=0.01, first_postponement_s=0.05, longest_postponement_s=0.05)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses, questions_per_minute=2) as bot:
        anna = api.person("Anna")
        outage = api.fail("sendMessage", server_error(502), times=None)
        posed = anna.starts(f"q-{encode(SIGNED)}")
        await api.called("sendMessage", 15)
        outage.stop()
        answered = await anna.private_chat.next_message_from_bot()
        assert answered.reply_to == posed
        assert "72" in (await anna.private_chat.reply_to(answered)).text
        assert len(anna.private_chat.from_bot) == 2
        assert bot.metrics.render().count(b'bot_updates_total{kind="message"} 1.0') == 1


async def test_dispatching_says_what_could_not_be_told_after_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = Pauses(resend_s=0.01)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses, admin_ids=[1]):
        admin = api.person("Admin", id=1)
        api.fail("sendMessage", server_error(502), times=3)
        admin.says("/reload")
        await until(lambda: "What was meant for chat" in caplog.text)


def test_handling_waits_ever_longer_however_long() -> None:
    handling = Handling("1", pause=GrowingPause(5.0, 60.0))
    for _ in range(3000):
        handling.postpone(None)
    assert handling.postponed_s == 60.0
