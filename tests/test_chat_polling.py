"""The bot finds its way onto Telegram, stays there through bad weather, and ends in time."""

import asyncio
import gc
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from bot.chat.wire.bot_api import ChatError
from bot.cli.assembly.telegram import Limits, Pauses
from bot.sandbox.api.failures import refusal, server_error
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, Gate, running_bot, slow_index
from tests.harbour import HARBOUR, HarbourIndex

CONFLICT = refusal(
    409, "Conflict: terminated by other getUpdates request; make sure that only one bot is running"
)


async def test_polling_asks_every_time_for_what_it_handles(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says("/start"))
        await anna.private_chat.reply_to(anna.says("/help"))
        polls = await api.called("getUpdates", 2)
        assert {tuple(call.parameters["allowed_updates"]) for call in polls} == {
            (
                "message",
                "edited_message",
                "callback_query",
                "inline_query",
                "chosen_inline_result",
                "my_chat_member",
            )
        }
        assert len(api.calls_of("deleteWebhook")) == 1


async def test_polling_begins_when_telegram_can_be_reached(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api:
        await api.stop()
        async with running_bot(api, tmp_path):
            anna = api.person("Anna")
            question = anna.says(SIGNED)
            await wait_for_log(caplog, "Telegram cannot be reached")
            await api.start()
            assert "72" in (await anna.private_chat.reply_to(question)).text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("steps", [0, 1, 3])
async def test_polling_that_ends_as_it_begins_leaves_no_connection_open(tmp_path: Path, steps: int) -> None:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        for _step in range(steps):
            await asyncio.sleep(0)
    gc.collect()
    assert failures == []


async def test_polling_refuses_a_wrong_token_without_telling_it(tmp_path: Path) -> None:
    wrong = "4242424242:AAG-another_token_altogether-0123456"
    async with BotApi() as api:
        with pytest.raises(ChatError, match="BOT_TOKEN") as caught:
            async with running_bot(api, tmp_path, token=wrong) as bot:
                await bot.serving
        assert "AAG" not in str(caught.value)
        assert caught.value.__suppress_context__


async def test_polling_ends_when_the_token_is_revoked(tmp_path: Path) -> None:
    async with BotApi() as api:
        # It is taken at first, and refused when the bot asks for the next messages.
        api.fail("getUpdates", refusal(401, "Unauthorized"), times=None, skip=1)
        api.person("Anna").says("/start")
        with pytest.raises(ChatError, match="BOT_TOKEN"):
            async with running_bot(api, tmp_path) as bot:
                await bot.serving


async def test_polling_survives_an_outage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says("/start"))
        with api.outage(server_error(502)):
            await wait_for_log(caplog, "Telegram cannot be reached (Bad Gateway (502)); trying again in 1 s")
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
        await wait_for_log(caplog, "Telegram answers again")
    assert all(record.exc_info is None for record in caplog.records if record.name.startswith("bot."))


async def test_polling_explains_a_conflict_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api:
        api.fail("getUpdates", CONFLICT)
        async with running_bot(api, tmp_path):
            anna = api.person("Anna")
            assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
    assert "Another instance of the bot uses this token" in caplog.text


async def test_polling_ends_when_the_conflict_does_not(
    tmp_path: Path,
) -> None:
    async with BotApi() as api:
        api.fail("getUpdates", CONFLICT, times=None)
        with pytest.raises(ChatError, match="another instance"):
            async with running_bot(api, tmp_path, limits=Limits(most_conflicts=2)) as bot:
                await bot.serving


async def test_polling_gives_way_to_another_instance_though_short_polls_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pauses, limits = Pauses(longest_outage_pause_s=0.1), Limits(most_conflicts=3)
    caplog.set_level("INFO")
    async with BotApi() as api:
        # What another instance's polls do to long ones.
        other = asyncio.create_task(end_polls(api))
        with pytest.raises(ChatError, match="another instance"):
            async with running_bot(api, tmp_path, pauses=pauses, limits=limits) as bot:
                await bot.serving
        other.cancel()
        assert "Telegram answers again" not in caplog.text


async def test_polling_ends_at_once_and_confirms_what_was_handled(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        questions = [anna.says(f"{SIGNED} {number}") for number in range(20)]
        await anna.private_chat.reply_to(questions[0])
        assert await seconds_to_end(bot.end()) < 1
        assert [reply.reply_to for reply in anna.private_chat.from_bot] == questions
        assert api.updates.pending() == []
        assert len(await bot.read_log("id")) == 20


async def test_polling_ends_in_time_when_a_reply_hangs_and_answers_at_the_next_start(tmp_path: Path) -> None:
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path) as bot:
            hanging = api.hang("sendMessage", times=None)
            question = anna.says(SIGNED)
            await api.called("sendMessage")
            assert await seconds_to_end(bot.end()) < 5
            assert await bot.read_log("question") == []
        hanging.stop()
        async with running_bot(api, tmp_path) as bot:
            assert "72" in (await anna.private_chat.reply_to(question)).text
            assert await bot.read_log("question") == [(SIGNED,)]


async def test_polling_ends_in_time_when_a_search_does_not(tmp_path: Path) -> None:
    gate = Gate()
    async with (
        BotApi() as api,
        running_bot(api, tmp_path, make_index=slow_index(gate)) as bot,
    ):
        anna = api.person("Anna")
        anna.says("slow one")
        anna.says("behind it")
        await gate.wait_until_reached()
        assert await seconds_to_end(bot.end()) < 5
        gate.opened.set()


async def test_polling_ends_in_time_when_telegram_is_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api:
        await api.stop()
        async with running_bot(api, tmp_path) as bot:
            await wait_for_log(caplog, "Telegram cannot be reached")
            assert await seconds_to_end(bot.end()) < 1


async def end_polls(api: BotApi) -> None:
    while True:
        api.updates.end_poll("terminated by other getUpdates request")
        await asyncio.sleep(0.05)


async def wait_for_log(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async with asyncio.timeout(5):
        while words not in caplog.text:  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0.02)


async def seconds_to_end(ending: Awaitable[None]) -> float:
    started = time.monotonic()
    await ending
    return time.monotonic() - started
