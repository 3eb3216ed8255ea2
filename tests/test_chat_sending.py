"""A reply arrives once, whatever Telegram answers, or its loss is in the log."""

import asyncio
import time
from pathlib import Path

import pytest

from bot.cli.assembly.telegram import Pauses
from bot.sandbox.api.failures import (
    Failure,
    hang,
    lost_answer,
    refusal,
    reset,
    server_error,
    too_many_requests,
)
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, phrases, running_bot

UNPARSABLE = refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0')


async def test_sending_falls_back_to_plain_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        api.fail("sendMessage", UNPARSABLE)
        answer = await anna.private_chat.reply_to(anna.says(SIGNED))
        assert "72" in answer.text
        assert " (https://baotintuc.vn/" in answer.text
        assert {entity["type"] for entity in answer.entities} == {"url"}
    assert "Telegram refused the HTML" in caplog.text


@pytest.mark.parametrize("failure", [too_many_requests(1), server_error(502), reset()])
async def test_sending_again_what_did_not_arrive(tmp_path: Path, failure: Failure) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        api.fail("sendMessage", failure)
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
        assert len(anna.private_chat.from_bot) == 1


async def test_sending_waits_for_one_chat_only(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna, berta = api.person("Anna"), api.person("Berta")
        api.fail("sendMessage", too_many_requests(2), chat=anna.private_chat)
        first = anna.says(SIGNED)
        await api.called("sendMessage")
        await berta.private_chat.reply_to(berta.says(SIGNED))
        assert anna.private_chat.from_bot == []
        await anna.private_chat.reply_to(first)


@pytest.mark.parametrize(
    ("failure", "logged"),
    [
        (refusal(403, "Forbidden: bot was blocked by the user"), "takes no messages from the bot"),
        (refusal(400, "Bad Request: message thread not found"), "A message cannot be sent to chat"),
    ],
)
async def test_sending_gives_up_on_what_cannot_arrive(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, failure: Failure, logged: str
) -> None:
    caplog.set_level("INFO")
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        api.fail("sendMessage", failure)
        lost = anna.says(SIGNED)
        await api.called("sendMessage")
        await anna.private_chat.reply_to(anna.says("/help"))
        assert anna.private_chat.replies_to(lost) == []
        assert await bot.read_log("question") == [(SIGNED,)]
    assert logged in caplog.text
    assert "Traceback" not in caplog.text


async def test_sending_leaves_a_chat_alone_as_long_as_telegram_wants(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        api.fail("sendMessage", too_many_requests(4), chat=anna.private_chat)
        first, second = anna.says(SIGNED), anna.says("/help")
        await api.called("sendMessage")
        await berta.private_chat.reply_to(berta.says(SIGNED))
        await api.expect_silence(anna.private_chat, 2.5)
        assert len(api.calls_of("sendMessage")) == 2
        await anna.private_chat.reply_to(second, 10)
        assert [reply.reply_to for reply in anna.private_chat.from_bot] == [first, second]
        assert len(await bot.read_log("question")) == 2


async def test_sending_goes_on_after_an_outage_longer_than_its_patience(tmp_path: Path) -> None:
    pauses = Pauses(resend_s=0.01, first_postponement_s=0.1)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses) as bot:
        anna = api.person("Anna")
        outage = api.fail("sendMessage", server_error(502), times=None)
        question = anna.says(SIGNED)
        await api.called("sendMessage", 7)
        outage.stop()
        assert "72" in (await anna.private_chat.reply_to(question)).text
        assert await bot.read_log("question") == [(SIGNED,)]


async def test_sending_drops_what_else_a_chat_asked_that_blocked_the_bot(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna, berta = api.person("Anna"), api.person("Berta")
        blocked = refusal(403, "Forbidden: bot was blocked by the user")
        api.fail("sendMessage", blocked, times=None, chat=anna.private_chat)
        for _ in range(10):
            anna.says(SIGNED)
        await berta.private_chat.reply_to(berta.says(SIGNED))
        asked = [str(call.parameters["chat_id"]) for call in api.calls_of("sendMessage")]
        assert asked.count(str(anna.id)) == 1


async def test_sending_repeats_what_may_not_have_arrived(tmp_path: Path) -> None:
    pauses = Pauses(call_timeout_s=0.5)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses):
        anna = api.person("Anna")
        api.fail("sendMessage", hang())
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
        assert len(anna.private_chat.from_bot) == 1


async def test_sending_repeats_what_may_have_arrived_within_bounds(tmp_path: Path) -> None:
    pauses = Pauses(resend_s=0.01, first_postponement_s=0.1)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses):
        anna = api.person("Anna")
        api.fail("sendMessage", lost_answer(), times=None)
        question = anna.says(SIGNED)
        async with asyncio.timeout(5):
            while len(anna.private_chat.replies_to(question)) < 4:  # noqa: ASYNC110 - the chat has no event
                await asyncio.sleep(0.02)
        await api.expect_silence(anna.private_chat, 0.5)
        assert len(anna.private_chat.from_bot) == 4
        # The bot does not know which of them stands there, so the buttons of each have to work.
        for copy in anna.private_chat.from_bot:
            assert (await anna.presses(copy, "👍")).text == phrases.say("vote.up")
            assert (await anna.presses(copy, "👍")).text == phrases.say("vote.taken-back")


async def test_sending_keeps_to_its_pace(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, messages_per_second=20):
        people = [api.person(f"Person {number}") for number in range(30)]
        started = time.monotonic()
        asked = [(person, person.says("/help")) for person in people]
        for person, question in asked:
            await person.private_chat.reply_to(question)
        assert time.monotonic() - started > 29 / 20


async def test_sending_of_a_refused_reply_is_logged_and_apologised_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        api.fail("sendMessage", refusal(400, "Bad Request: message is too long"))
        assert (await anna.private_chat.reply_to(anna.says(SIGNED))).text == phrases.say("apology")
        api.fail("sendMessage", refusal(400, "Bad Request: message is too long"), times=2)
        anna.says(SIGNED)
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
    assert "Traceback" in caplog.text
