"""Calls over aiohttp: errors in the words of the library's own client, and nothing left open."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import Bot, InputFile
from telegram.error import NetworkError, TimedOut

from bot.chat.wire.transport import Transport, may_have_arrived
from bot.metrics import Metrics
from bot.sandbox.api.failures import delay, reset
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


@pytest.fixture
async def anna(api: BotApi) -> Person:
    anna = api.person("Anna")
    anna.says("hello")
    return anna


def make_bot(api: BotApi, connections: int = 4, timeout_s: float = 10.0) -> Bot:
    return Bot(
        api.token,
        base_url=f"{api.url}/bot",
        request=Transport(Metrics(), proxy=None, connections=connections, timeout_s=timeout_s),
        get_updates_request=Transport(Metrics(), proxy=None, connections=1, timeout_s=timeout_s),
    )


async def test_transport_sends_texts_and_files(api: BotApi, anna: Person) -> None:
    async with make_bot(api) as bot:
        sent = await bot.send_message(anna.id, "Größe & <Maß> 😀")
        assert sent.text == "Größe & <Maß> 😀"
        await bot.send_document(anna.id, InputFile(b"content", "file.txt"))
        assert anna.private_chat.from_bot[-1].file == b"content"


async def test_transport_says_that_a_broken_connection_is_one(api: BotApi, anna: Person) -> None:
    async with make_bot(api) as bot:
        api.fail("sendMessage", reset())
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(anna.id, "lost")
        assert type(caught.value) is NetworkError
        assert may_have_arrived(caught.value)
        assert api.token not in str(caught.value)
        await api.stop()
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(anna.id, "refused")
        assert type(caught.value) is NetworkError
        assert not may_have_arrived(caught.value)


async def test_transport_tells_late_answers_from_calls_not_sent(api: BotApi, anna: Person) -> None:
    async with make_bot(api, connections=1, timeout_s=0.2) as bot:
        api.fail("sendMessage", delay(1.0), times=None)
        late, waiting = await asyncio.gather(
            bot.send_message(anna.id, "late", read_timeout=0.9),
            bot.send_message(anna.id, "waiting"),
            return_exceptions=True,
        )
        assert isinstance(late, TimedOut)
        assert may_have_arrived(late)
        assert isinstance(waiting, TimedOut)
        assert not may_have_arrived(waiting)
        assert [message.text for message in anna.private_chat.from_bot] == ["late"]


async def test_transport_starts_and_ends_twice(api: BotApi, anna: Person) -> None:
    bot = make_bot(api)
    for _ in range(2):
        await bot.initialize()
        await bot.initialize()
        await bot.send_message(anna.id, "there")
        await bot.shutdown()
        await bot.shutdown()


@pytest.mark.parametrize("variable", ["https_proxy", None])
async def test_transport_leaves_proxies_to_the_library(
    monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    """A proxy that is not there: whoever goes through it arrives nowhere."""
    proxy = "http://127.0.0.1:9"
    if variable is not None:
        monkeypatch.setenv(variable, proxy)
    transport = Transport(Metrics(), proxy=None if variable else proxy, connections=1, timeout_s=1.0)
    await transport.initialize()
    with pytest.raises(NetworkError, match="httpx"):
        await transport.post("https://127.0.0.1:9/")
    await transport.shutdown()


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"]
    + [
        b"HTTP/1.1 %d X\r\nContent-Length: 4\r\nLocation: http://127.0.0.1:9/\r\n\r\nnull" % status
        for status in (200, 307, 503)
    ],
)
async def test_transport_tells_what_is_no_bot_api_without_the_token(answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = Transport(Metrics(), proxy=None, connections=1, timeout_s=5.0)
        await transport.initialize()
        with pytest.raises(NetworkError) as caught:
            await transport.post(f"http://127.0.0.1:{port}/bot123:SECRETSECRET/getMe")
        await transport.shutdown()
    assert "SECRET" not in str(caught.value)
    assert type(caught.value) is NetworkError
