"""Telegram sends updates to the webhook: kept before they are confirmed, and only with the secret."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.chat.intake.session import Receiver
from bot.chat.wire.bot_api import ChatError
from bot.cli.assembly.telegram import Limits, Pauses, Service
from bot.sandbox.api.failures import refusal
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, running_bot

SECRET = "what_only-Telegram_knows"  # noqa: S105 - of these tests alone
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def at(port: int, path: str = "/updates") -> dict[str, Any]:
    """Return the settings that have updates brought to a port."""
    url = f"http://127.0.0.1:{port}{path}"
    return {"webhook_url": url, "webhook_port": port, "webhook_secret": SECRET}


class SlowReceiver:
    """Stays between connecting and being announced until it is stopped."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.connected = asyncio.Event()

    @property
    def is_receiving(self) -> bool:
        return self._receiver.is_receiving

    async def connect(self) -> None:
        await self._receiver.connect()
        self.connected.set()
        await asyncio.Event().wait()

    async def run(self) -> None:
        await self._receiver.run()

    async def leave(self) -> None:
        await self._receiver.leave()


async def test_webhook_brings_questions(tmp_path: Path, unused_tcp_port: int) -> None:
    async with BotApi() as api:
        anna = api.person("Anna")
        waiting = anna.says(SIGNED)
        async with running_bot(api, tmp_path, **at(unused_tcp_port)) as bot:
            assert "72" in (await anna.private_chat.reply_to(waiting)).text
            assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
            assert not api.calls_of("getUpdates", "deleteWebhook")
            assert api.updates.pending() == []
            assert len(await bot.read_log("id")) == 2


async def test_webhook_may_have_any_path(tmp_path: Path, unused_tcp_port: int) -> None:
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path, **at(unused_tcp_port, "/tg+(hook.")):
            assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text


async def test_webhook_that_telegram_refuses_ends_with_a_reason(tmp_path: Path, unused_tcp_port: int) -> None:
    async with BotApi() as api:
        unresolved = "Bad Request: bad webhook: Failed to resolve host: Temporary failure in name resolution"
        api.fail("setWebhook", refusal(400, unresolved))
        wrong = "Bad Request: bad webhook: HTTPS url must be provided for webhook"
        api.fail("setWebhook", refusal(400, wrong))
        with pytest.raises(ChatError, match="BOT_WEBHOOK_URL: Telegram refuses the address: Bad"):
            async with running_bot(api, tmp_path, **at(unused_tcp_port)) as bot:
                await bot.serving
        assert len(api.calls_of("setWebhook")) == 2


async def test_webhook_logs_seldom_that_it_rejects_calls(
    tmp_path: Path, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "bot.chat.intake.webhook")
    url = f"http://127.0.0.1:{unused_tcp_port}/updates"
    pauses = Pauses(log_rejected_every_s=1.0)
    async with BotApi() as api, running_bot(api, tmp_path, pauses=pauses, **at(unused_tcp_port)):
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says("/help"))
        async with aiohttp.ClientSession() as session:

            async def knock() -> None:
                async with session.post(url, data=b"{}") as answer:
                    assert answer.status == 403

            for _ in range(5):
                await knock()
            assert [record.args for record in caplog.records] == [(1,)]
            await asyncio.sleep(1.0)
            await knock()
            assert [record.args for record in caplog.records] == [(1,), (5,)]


async def test_webhook_listens_to_nobody_without_the_secret(tmp_path: Path, unused_tcp_port: int) -> None:
    update = {"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}}}
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with BotApi() as api, running_bot(api, tmp_path, **at(unused_tcp_port)):
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says("/help"))
        async with aiohttp.ClientSession() as session:

            async def post(path: str, body: object, secret: str | None) -> int:
                headers = {HEADER: secret} if secret is not None else {}
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                async with session.post(url + path, data=data, headers=headers) as answer:
                    return answer.status

            assert await post("/updates", update, None) == 403
            assert await post("/updates", update, SECRET[:-1]) == 403
            assert await post("/updates", update, "ø") == 403
            assert await post("/elsewhere", update, SECRET) == 404
            for broken in (b"", b"{", b"[]", b"{}", b"\xff", b"[" * 10_000, {"update_id": "one"}):
                assert await post("/updates", broken, SECRET) == 400
            assert await post("/updates", update, SECRET) == 200
            async with session.get(url + "/updates") as answer:
                assert answer.status == 405
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text


async def test_webhook_refuses_what_cannot_be_kept(tmp_path: Path, unused_tcp_port: int) -> None:
    pauses = Pauses(database_try_again_s=0.1)
    limits = Limits(most_held=0)
    (tmp_path / "log.sqlite").mkdir()
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path, pauses=pauses, limits=limits, **at(unused_tcp_port)):
            question = anna.says(SIGNED)
            await asyncio.sleep(1)
            assert len(api.updates.pending()) == 1
            (tmp_path / "log.sqlite").rmdir()
            assert "72" in (await anna.private_chat.reply_to(question)).text


async def test_webhook_whose_port_is_taken_ends_with_a_reason(tmp_path: Path, unused_tcp_port: int) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", unused_tcp_port)
    async with taken, BotApi() as api:
        with pytest.raises(ChatError, match="BOT_WEBHOOK_PORT"):
            async with running_bot(api, tmp_path, **at(unused_tcp_port)) as bot:
                await bot.serving


async def test_webhook_that_is_stopped_before_it_is_announced_leaves_no_door_open(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    receivers: list[SlowReceiver] = []

    def slow_down(service: Service) -> Service:
        receivers.append(SlowReceiver(service.receiver))
        return replace(service, receiver=receivers[0])

    bringing = at(unused_tcp_port)
    async with BotApi() as api, running_bot(api, tmp_path, adapt=slow_down, **bringing) as bot:
        async with asyncio.timeout(10):
            await receivers[0].connected.wait()
            await bot.end()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", unused_tcp_port)
        assert not api.calls_of("setWebhook")
