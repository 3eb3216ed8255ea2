"""Pages are fetched from the web alone, within bounds of time and size."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network

import pytest
from aiohttp import web

from bot.fetching import Fetcher, FetchError, Obstacle

# Loopback has many addresses: this one plays the public web, every other is private.
PUBLIC = "127.0.0.2"
ALLOWED = (ip_network(f"{PUBLIC}/32"),)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(host: str, handle: Handler) -> AsyncIterator[int]:
    """Serve every path at an address; yield the port."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def obstacle_of(fetcher: Fetcher, address: str) -> Obstacle:
    with pytest.raises(FetchError) as caught:
        await asyncio.to_thread(fetcher.fetch, address)
    return caught.value.obstacle


def answering(body: bytes, content_type: str = "text/html", **headers: str) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": content_type, **headers})

    return handle


@pytest.mark.parametrize(
    ("content_type", "suffix"),
    [("text/html; charset=utf-8", ".html"), ("text/plain", ".txt"), ("application/pdf", ".pdf")],
)
async def test_fetching_returns_the_page(content_type: str, suffix: str) -> None:
    async with serving(PUBLIC, answering(b"A page.", content_type)) as port:
        page = await asyncio.to_thread(Fetcher(ALLOWED).fetch, f"http://{PUBLIC}:{port}/a#part")
    assert (page.content, page.suffix, page.address) == (b"A page.", suffix, f"http://{PUBLIC}:{port}/a")


async def test_fetching_unpacks_gzip() -> None:
    packed = answering(gzip.compress(b"A page."), **{"Content-Encoding": "gzip"})
    async with serving(PUBLIC, packed) as port:
        page = await asyncio.to_thread(Fetcher(ALLOWED).fetch, f"http://{PUBLIC}:{port}/")
    assert page.content == b"A page."


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "private.example"])
async def test_fetching_checks_redirects(host: str) -> None:
    asked: list[str] = []

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://{host}:{secret}/"})

    async def tell(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="a secret", content_type="text/html")

    fetcher = Fetcher(ALLOWED, look_up=lambda _host, _port: ["127.0.0.1"])
    async with serving("127.0.0.1", tell) as secret, serving(PUBLIC, redirect) as port:
        assert await obstacle_of(fetcher, f"http://{PUBLIC}:{port}/") is Obstacle.FORBIDDEN
    assert asked == []


async def test_fetching_follows_a_few_redirects() -> None:
    async def count_down(request: web.Request) -> web.Response:
        left = int(request.path[1:])
        if left == 0:
            return web.Response(text="A page.", content_type="text/html")
        return web.Response(status=301, headers={"Location": f"/{left - 1}"})

    async with serving(PUBLIC, count_down) as port:
        page = await asyncio.to_thread(Fetcher(ALLOWED).fetch, f"http://{PUBLIC}:{port}/5")
        assert page.address.endswith("/0")
        assert await obstacle_of(Fetcher(ALLOWED), f"http://{PUBLIC}:{port}/6") is Obstacle.REDIRECTS


async def test_fetching_refuses_names_with_a_private_address() -> None:
    fetcher = Fetcher(ALLOWED, look_up=lambda _host, _port: [PUBLIC, "10.0.0.1"])
    assert await obstacle_of(fetcher, "http://news.example/") is Obstacle.FORBIDDEN


async def test_fetching_connects_to_the_address_that_was_checked() -> None:
    answers: Iterator[str] = iter([PUBLIC])
    hosts: list[str] = []

    async def tell(request: web.Request) -> web.Response:
        hosts.append(request.host)
        return web.Response(text="A page.", content_type="text/html")

    # A second look-up would find a private address, and none in the end.
    fetcher = Fetcher(ALLOWED, look_up=lambda _host, _port: [next(answers, "127.0.0.1")])
    async with serving(PUBLIC, tell) as port:
        page = await asyncio.to_thread(fetcher.fetch, f"http://news.example:{port}/")
        assert page.content == b"A page."
        assert hosts == [f"news.example:{port}"]
        assert await obstacle_of(fetcher, f"http://news.example:{port}/") is Obstacle.FORBIDDEN


async def test_fetching_refuses_a_second_look_up_that_is_private() -> None:
    answers = iter([PUBLIC, "127.0.0.1"])

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/again"})

    fetcher = Fetcher(ALLOWED, look_up=lambda _host, _port: [next(answers)])
    async with serving(PUBLIC, redirect) as port:
        assert await obstacle_of(fetcher, f"http://news.example:{port}/") is Obstacle.FORBIDDEN


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *("224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1"),
        *("fc00::1", "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
    ],
)
def test_fetching_refuses_addresses_that_are_not_public(address: str) -> None:
    with pytest.raises(FetchError):
        Fetcher().check(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_fetching_allows_public_addresses(address: str) -> None:
    Fetcher().check(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "news",
        "ftp://news.example/",
        "file:///etc/passwd",
        "http://",
        "http://[",
        "http://a:99999/",
        "gopher://a",
    ],
)
async def test_fetching_refuses_what_is_not_an_address_of_the_web(address: str) -> None:
    assert await obstacle_of(Fetcher(), address) is Obstacle.ADDRESS


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "127.1", "0177.0.0.1", "127.0.0.1.", "127.1..", "１２７.1"),
        *("0x7f.1", "0x7f000001", "127.0x1", "localhost"),
    ],
)
async def test_fetching_refuses_other_spellings_of_loopback(host: str) -> None:
    async with serving("127.0.0.1", answering(b"Not for everybody.")) as port:
        assert await obstacle_of(Fetcher(), f"http://{host}:{port}/") is Obstacle.FORBIDDEN


async def test_fetching_ends_an_endless_body() -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65_536)
        return response

    async with serving(PUBLIC, stream) as port:
        fetcher = Fetcher(ALLOWED, max_bytes=1_000_000)
        assert await obstacle_of(fetcher, f"http://{PUBLIC}:{port}/") is Obstacle.LARGE


@pytest.mark.parametrize("is_headed", [True, False])
async def test_fetching_ends_what_is_slow(*, is_headed: bool) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/html"})
        if is_headed:
            await response.prepare(request)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if is_headed:
                await response.write(b"x")
        return response

    async with serving(PUBLIC, drip) as port:
        fetcher = Fetcher(ALLOWED, timeout_s=0.5)
        assert await obstacle_of(fetcher, f"http://{PUBLIC}:{port}/") is Obstacle.SLOW


async def test_fetching_bounds_what_is_unpacked() -> None:
    bomb = answering(gzip.compress(bytes(200_000_000), 9), **{"Content-Encoding": "gzip"})
    async with serving(PUBLIC, bomb) as port:
        assert await obstacle_of(Fetcher(ALLOWED), f"http://{PUBLIC}:{port}/") is Obstacle.LARGE


@pytest.mark.parametrize(
    ("handle", "obstacle"),
    [
        (answering(b"MZ", "application/octet-stream"), Obstacle.TYPE),
        (answering(b"x", "text/html", **{"Content-Encoding": "br"}), Obstacle.TYPE),
        (answering(b"no gzip", "text/html", **{"Content-Encoding": "gzip"}), Obstacle.UNREACHABLE),
    ],
)
async def test_fetching_refuses_other_types(handle: Handler, obstacle: Obstacle) -> None:
    async with serving(PUBLIC, handle) as port:
        assert await obstacle_of(Fetcher(ALLOWED), f"http://{PUBLIC}:{port}/") is obstacle


async def test_fetching_tells_the_status() -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=403)

    async with serving(PUBLIC, refuse) as port:
        with pytest.raises(FetchError, match="403"):
            await asyncio.to_thread(Fetcher(ALLOWED).fetch, f"http://{PUBLIC}:{port}/")
