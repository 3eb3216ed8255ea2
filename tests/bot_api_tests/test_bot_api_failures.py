"""What goes wrong on demand, and with too much traffic."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from telegram.error import (
    Forbidden,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from bot.sandbox.api.failures import delay, lost_answer, refusal, reset, server_error, too_many_requests
from bot.sandbox.limits.flood import FloodLimits, Rate
from bot.sandbox.server import BotApi

if TYPE_CHECKING:
    from bot.sandbox.people import Person

from tests.bot_api_tests.client import Client, begun, ptb


async def test_failures_are_what_ptb_makes_of_them(api: BotApi, anna: Person) -> None:
    async with ptb(api) as bot:
        api.fail("sendMessage", too_many_requests(7))
        with pytest.raises(RetryAfter) as flood:
            await bot.send_message(anna.id, "a")
        assert flood.value.retry_after == timedelta(seconds=7)
        api.fail("sendMessage", server_error(502))
        with pytest.raises(NetworkError, match="Bad Gateway"):
            await bot.send_message(anna.id, "a")
        api.fail("sendMessage", reset())
        with pytest.raises(NetworkError):
            await bot.send_message(anna.id, "a")
        api.fail("sendMessage", refusal(403, "Forbidden: bot was blocked by the user"))
        with pytest.raises(Forbidden):
            await bot.send_message(anna.id, "a")
        assert anna.private_chat.messages == []
        api.fail("sendMessage", lost_answer())
        with pytest.raises(NetworkError):
            await bot.send_message(anna.id, "lost")
        api.hang("sendMessage")
        with pytest.raises(TimedOut):
            await bot.send_message(anna.id, "a", read_timeout=0.05)
        api.fail("sendMessage", lost_answer(breaks=False))
        with pytest.raises(TimedOut):
            await bot.send_message(anna.id, "late", read_timeout=0.05)
        api.fail("sendMessage", delay(0.01))
        await bot.send_message(anna.id, "slow")
        assert [message.text for message in anna.private_chat.messages] == ["lost", "late", "slow"]
        assert [call.is_ok for call in api.calls_of("sendMessage")][-1]


async def test_failure_plans_count_skip_and_choose(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    api.fail("sendMessage", server_error(), chat=group, skip=1, times=2)

    async def status(chat_id: int) -> int:
        form = {"chat_id": str(chat_id), "text": "a"}
        address = f"{api.url}/bot{api.token}/sendMessage"
        async with call.session.post(address, data=form) as response:
            return response.status

    assert [await status(chat_id) for chat_id in (anna.id, *[group.id] * 4)] == [200, 200, 502, 502, 200]
    with api.outage(server_error(503)):
        assert await status(anna.id) == 503
    assert await status(anna.id) == 200
    api.outage()
    api.heal()
    assert await status(anna.id) == 200


async def test_server_can_go_away_and_come_back(call: Client, api: BotApi) -> None:
    url = api.url
    await api.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await call("getMe")
    await api.start()
    assert api.url == url
    assert (await call("getMe"))["ok"]


async def test_server_closes_while_calls_hang() -> None:
    async with aiohttp.ClientSession() as session:
        async with BotApi() as api:
            call = Client(api, session)
            api.hang("getMe")
            hanging = asyncio.create_task(call("getMe"))
            polling = asyncio.create_task(call("getUpdates", timeout=30))
            await begun(api, "getMe", 1)
            await begun(api, "getUpdates", 1)
        assert (await polling)["result"] == []
        with pytest.raises(aiohttp.ClientConnectionError):
            await hanging


async def test_flood_limits() -> None:
    limits = FloodLimits(chat=Rate(2, 1), group=Rate(3, 60), overall=Rate(30, 1))
    async with BotApi(flood_limits=limits) as api, aiohttp.ClientSession() as session:
        call = Client(api, session)
        anna = api.person("Anna")
        anna.starts()
        group = api.group()
        for _ in range(2):
            await call.result("sendMessage", chat_id=anna.id, text="a")
        answer = await call("sendMessage", chat_id=anna.id, text="a")
        assert answer["error_code"] == 429
        assert answer["description"] == "Too Many Requests: retry after 1"
        assert answer["parameters"] == {"retry_after": 1}
        api.flood.limits = FloodLimits(chat=Rate(9, 1), group=Rate(3, 60))
        for _ in range(3):
            await call.result("sendMessage", chat_id=group.id, text="a")
        answer = await call("sendMessage", chat_id=group.id, text="a")
        assert answer["parameters"]["retry_after"] == 60
        assert api.flood.refused == 2
