"""How updates wait, are polled and brought."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi

from tests.bot_api_tests.client import Answer, Client, begun, texts, updates_of


async def test_updates_stay_until_confirmed(call: Client, anna: Person) -> None:
    for text in "abc":
        anna.says(text)
    first = await updates_of(call)
    assert [update["message"]["text"] for update in first] == ["a", "b", "c"]
    assert await updates_of(call) == first
    ids = [update["update_id"] for update in first]
    assert ids == sorted(ids)
    assert await updates_of(call, offset=ids[1], limit=1) == [first[1]]
    assert await updates_of(call, offset=-1) == [first[2]]
    assert await updates_of(call) == [first[2]]
    assert await updates_of(call, offset=ids[2] + 1) == []


async def test_long_poll_returns_at_once_when_something_arrives(
    call: Client, api: BotApi, anna: Person
) -> None:
    poll = asyncio.create_task(updates_of(call, timeout=30))
    await begun(api, "getUpdates", 1)
    anna.says("a")
    async with asyncio.timeout(1):
        (update,) = await poll
    assert update["message"]["from"]["language_code"] == "de"


async def test_second_poll_ends_the_first(call: Client, api: BotApi, anna: Person) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=30))
    await begun(api, "getUpdates", 1)
    second = asyncio.create_task(call("getUpdates", timeout=30))
    answer = await first
    assert answer["error_code"] == 409
    assert answer["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    anna.says("a")
    assert len((await second)["result"]) == 1


async def test_allowed_updates_are_remembered(call: Client, anna: Person) -> None:
    await updates_of(call, allowed_updates=["message_reaction"])
    message = anna.says("a")
    anna.reacts(message, "👍")
    (update,) = await updates_of(call)
    assert update["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert "names 'messages'" in await call.refused("getUpdates", allowed_updates=["messages"])
    await updates_of(call, allowed_updates=[])
    anna.reacts(message)
    anna.says("b")
    assert len(await updates_of(call)) == 2


async def test_updates_grow_too_old(call: Client, api: BotApi, anna: Person) -> None:
    sent = await call.result(
        "sendMessage",
        chat_id=anna.id,
        text="a",
        reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]},
    )
    message = anna.private_chat.message(sent["message_id"])
    assert message
    anna.says("b")
    anna.presses(message, "x")
    anna.asks_inline("c")
    assert len(await updates_of(call)) == 3
    api.clock.advance(31)
    assert len(await updates_of(call)) == 2
    api.clock.advance(120)
    assert len(await updates_of(call)) == 1
    api.clock.advance(86_400)
    assert await updates_of(call) == []


async def test_killed_bot_loses_nothing(call: Client, api: BotApi, anna: Person) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(f"GET /bot{api.token}/getUpdates?timeout=30 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await begun(api, "getUpdates", 1)
    writer.transport.abort()
    poll = asyncio.create_task(updates_of(call, timeout=30))
    await begun(api, "getUpdates", 2)
    anna.says("a")
    assert texts(await poll) == ["a"]
    assert await reader.read() == b""


async def test_webhook_gets_updates_until_it_says_200(call: Client, api: BotApi, anna: Person) -> None:
    got: list[tuple[str | None, Answer]] = []
    statuses = [500, 200, 200]

    async def receive(request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        got.append((secret, await request.json()))
        return web.Response(status=statuses.pop(0))

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        poll = asyncio.create_task(call("getUpdates", timeout=30))
        await begun(api, "getUpdates", 1)
        answer = await call("setWebhook", url=url, secret_token="s-1")  # noqa: S106 - none
        assert answer["description"] == "Webhook was set"
        assert (await poll)["description"] == "Conflict: terminated by setWebhook request"
        assert "can't use getUpdates method while webhook is active" in await call.refused("getUpdates")
        anna.says("a")
        anna.says("b")
        await api.polled()
        assert [(secret, update["message"]["text"]) for secret, update in got] == [
            ("s-1", "a"),
            ("s-1", "a"),
            ("s-1", "b"),
        ]
        info = await call.result("getWebhookInfo")
        assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
        assert (await call("deleteWebhook"))["description"] == "Webhook was deleted"
        assert await updates_of(call) == []
        said = await call.refused("setWebhook", url=url, secret_token="a b")  # noqa: S106 - none
        assert said == "Bad Request: secret token contains unallowed characters"
    finally:
        await runner.cleanup()
