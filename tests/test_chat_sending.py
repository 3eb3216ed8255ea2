"""A reply arrives once, whatever Telegram answers, or its loss is in the log."""

from pathlib import Path

import pytest

from tests.bot_api.failures import Failure, lost_answer, refusal, reset, server_error, too_many_requests
from tests.bot_api.server import BotApi
from tests.chat_bot import SIGNED, phrases, running_bot

UNPARSABLE = refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0')


async def test_sending_falls_back_to_plain_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        api.fail("sendMessage", UNPARSABLE)
        answer = await anna.private_chat.reply_to(anna.says(SIGNED))
        assert "72" in answer.text
        assert "Báo Tin tức (https://baotintuc.vn/" in answer.text
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
        (refusal(400, "Bad Request: message thread not found"), "has no place for a message"),
        (too_many_requests(3600), "could not be sent: Flood control exceeded"),
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


async def test_sending_does_not_repeat_what_may_have_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.application._TIMEOUT_S", 0.5)
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        api.fail("sendMessage", lost_answer(breaks=False))
        anna.says(SIGNED)
        await anna.private_chat.reply_to(anna.says("/help"))
        assert len(anna.private_chat.from_bot) == 2


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
