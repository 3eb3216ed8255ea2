"""The HTTP server survives whatever anybody sends to it, and logs nothing of it."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.chat.intake.http_server import HttpServer

POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


async def answer(request: web.Request, body: bytes) -> web.Response:
    if request.path == "/broken":
        message = "a page is broken"
        raise RuntimeError(message)
    return web.Response(body=body[::-1])


@pytest.fixture
async def port(unused_tcp_port: int) -> AsyncIterator[int]:
    server = HttpServer(answer, most_bytes=1000, body_timeout_s=0.2)
    await server.listen("127.0.0.1", unused_tcp_port)
    yield unused_tcp_port
    await server.close()


async def exchange(port: int, sent: bytes, host: str = "127.0.0.1") -> bytes:
    """Send bytes, and return all that comes back until the other side ends the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(sent)
    async with asyncio.timeout(5):
        received = await reader.read()
    writer.close()
    return received


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        POST + b"a header without a colon\r\n\r\n",
        POST + b"Content-Length: 99999999999999999999\r\n\r\n",
        POST + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001,
        CHUNKED + (b"258\r\n" + b"x" * 600 + b"\r\n") * 2 + b"0\r\n\r\n",
    ],
)
async def test_http_server_refuses_bad_requests_and_logs_nothing(
    port: int, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    caplog.set_level(logging.INFO)
    assert (await exchange(port, sent)).split(b" ", 2)[1] == b"400"
    assert caplog.messages == []


async def test_http_server_survives_junk_behind_a_request(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST + b"Content-Length: 2\r\n\r\nab")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n\r\nba")).startswith(b"HTTP/1.1 200")
        writer.write(b"\x16\x03junk\r\n\r\n")
        assert (await reader.read()).split(b" ", 2)[1] == b"400"
    writer.close()
    assert caplog.messages == []


@pytest.mark.parametrize("sent", [POST + b"Content-Length: 20\r\n\r\nx", CHUNKED + b"14\r\nx"])
async def test_http_server_does_not_wait_for_a_slow_client(
    port: int, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    caplog.set_level(logging.INFO)
    _reader, leaving = await asyncio.open_connection("127.0.0.1", port)
    leaving.write(sent)
    await leaving.drain()
    leaving.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"408"
    writer.close()
    assert caplog.messages == []


async def test_http_server_does_not_name_its_software(port: int, caplog: pytest.LogCaptureFixture) -> None:
    page = await exchange(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    failure = await exchange(port, b"GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert page.startswith(b"HTTP/1.1 200")
    assert failure.startswith(b"HTTP/1.1 500")
    assert b"aiohttp" not in page + failure
    assert "a page is broken" in caplog.text


async def test_http_server_listens_at_ipv6_and_closes_whoever_is_connected(unused_tcp_port: int) -> None:
    server = HttpServer(answer, most_bytes=1000)
    await server.listen("::1", unused_tcp_port)
    waiting = [
        asyncio.create_task(exchange(unused_tcp_port, sent, "::1"))
        for sent in (b"", b"GET", POST + b"Content-Length: 20\r\n\r\nx")
    ]
    await asyncio.sleep(0.1)
    async with asyncio.timeout(1):
        await server.close()
    assert await asyncio.gather(*waiting) == [b"", b"", b""]
    await server.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("::1", unused_tcp_port)
