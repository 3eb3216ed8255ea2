"""Pages from the web, and nothing from anywhere else.

An address comes from a person, and leads wherever its owner likes. So every name is looked up once, every
address that it has is checked, and the connection goes to those very addresses; redirects are followed by
hand, each checked anew. Private, loopback, link-local, multicast and reserved addresses are refused
unless a network is allowed by name. Time, size and size after decompression are bounded. Inside it is
asyncio, for one limit over all the waiting; outside it is a function for a worker thread.
"""

import asyncio
import re
import socket
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Network = IPv4Network | IPv6Network
LookUp = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a name; raises OSError."""

_TIMEOUT_S = 20.0
_MAX_BYTES = 16_777_216
_REDIRECTS = 5
_CHUNK = 65_536
_GZIP_OR_ZLIB = 47
_OK = 200
_MOVED = frozenset({301, 302, 303, 307, 308})
# No name ends in a number, so a host that does is an address, in whatever spelling.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_TRANSLATING = IPv6Network("64:ff9b::/96")
_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; telegram-qa-bot)",
    "Accept": "text/html,application/xhtml+xml,application/pdf,text/plain",
    "Accept-Encoding": "gzip, deflate",
}
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}


class Obstacle(StrEnum):
    """The reasons why nothing was fetched."""

    ADDRESS = "address"
    FORBIDDEN = "forbidden"
    UNREACHABLE = "unreachable"
    STATUS = "status"
    TYPE = "type"
    LARGE = "large"
    SLOW = "slow"
    REDIRECTS = "redirects"


class FetchError(Exception):
    """Nothing was fetched; ``detail`` says more, in English."""

    def __init__(self, obstacle: Obstacle, detail: str = "") -> None:
        super().__init__(f"{obstacle.value}: {detail}" if detail else obstacle.value)
        self.obstacle = obstacle
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Page:
    """What was fetched: ``address`` is where it was in the end, ``suffix`` the kind of file."""

    address: str
    content: bytes
    suffix: str


def look_up(host: str, port: int) -> list[str]:
    """Return the IP addresses of a name, as the system has them.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


class Fetcher:
    """Fetches pages; safe to use from several threads."""

    def __init__(
        self,
        networks: Collection[Network] = (),
        *,
        look_up: LookUp = look_up,
        timeout_s: float = _TIMEOUT_S,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        """Allow the ``networks`` beside the public ones; one page takes at most ``timeout_s``."""
        self._networks = tuple(networks)
        self._look_up = look_up
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes

    def fetch(self, address: str) -> Page:
        """Fetch the page at an http or https address.

        Raises:
            FetchError: the address is not one, leads where it must not, or gives no page in time.
        """
        return asyncio.run(self._fetch_in_time(address))

    async def _fetch_in_time(self, address: str) -> Page:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._follow(address)
        except TimeoutError:
            raise FetchError(Obstacle.SLOW) from None
        except (aiohttp.ClientError, OSError) as error:
            raise FetchError(Obstacle.UNREACHABLE, str(error)) from None

    async def _follow(self, address: str) -> Page:
        url = _parse(address)
        for _ in range(_REDIRECTS + 1):
            # A connection of its own for each, so that each is looked up and checked.
            connector = aiohttp.TCPConnector(resolver=_Guard(self), use_dns_cache=False)
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                    timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                ) as session,
                self._request(session, url) as response,
            ):
                if response.status not in _MOVED:
                    return await self._read(url, response)
                url = _parse(response.headers.get("Location", ""), url)
        raise FetchError(Obstacle.REDIRECTS)

    def _request(self, session: aiohttp.ClientSession, url: URL) -> "aiohttp.client._RequestContextManager":
        self._check_host(url.raw_host or "")
        return session.get(url, headers=_HEADERS, allow_redirects=False)

    def _check_host(self, host: str) -> None:
        """Check a host that is an address: it is connected to without asking the resolver.

        Raises:
            FetchError: it must not be fetched from, or is an address in another spelling, such as 127.1.
        """
        try:
            address = ip_address(host)
        except ValueError:
            if ":" in host or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
                raise FetchError(Obstacle.FORBIDDEN, host) from None
        else:
            self.check(address)

    async def _read(self, url: URL, response: aiohttp.ClientResponse) -> Page:
        if response.status != _OK:
            raise FetchError(Obstacle.STATUS, str(response.status))
        if response.content_type not in _SUFFIXES:
            raise FetchError(Obstacle.TYPE, response.content_type)
        coding = response.headers.get("Content-Encoding", "identity").lower()
        if coding not in {"identity", "gzip", "x-gzip", "deflate"}:
            raise FetchError(Obstacle.TYPE, coding)
        unpacker = None if coding == "identity" else zlib.decompressobj(_GZIP_OR_ZLIB)
        content = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            room = self._max_bytes - len(content) + 1
            try:
                content += unpacker.decompress(chunk, room) if unpacker else chunk
            except zlib.error as error:
                raise FetchError(Obstacle.UNREACHABLE, str(error)) from None
            if len(content) > self._max_bytes:
                raise FetchError(Obstacle.LARGE)
        return Page(str(url), bytes(content), _SUFFIXES[response.content_type])

    async def resolve(self, host: str, port: int) -> list[str]:
        """Look a name up, once, and return its addresses.

        Raises:
            FetchError: one of them must not be fetched from.
            OSError: it has none.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, self._look_up, host, port)
        for address in found:
            self.check(ip_address(address.partition("%")[0]))
        return list(found)

    def check(self, address: IPv4Address | IPv6Address) -> None:
        """Hold that an address is public, or in a network that is allowed.

        Raises:
            FetchError: it is not.
        """
        inner = _unwrap(address)
        if any(address in network or inner in network for network in self._networks):
            return
        # A mapped address is the IPv4 address itself; others lead through a gateway, which counts too.
        is_mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
        for each in (inner,) if is_mapped else (address, inner):
            if not each.is_global or each.is_multicast or each.is_reserved or each.is_unspecified:
                raise FetchError(Obstacle.FORBIDDEN, str(address))


class _Guard(AbstractResolver):
    """Gives aiohttp the addresses that were checked, and so the ones that it connects to."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        del family
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._fetcher.resolve(host, port)
        ]

    async def close(self) -> None:
        """Have nothing to close."""


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address within an IPv6 address that stands for one, or else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATING:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _parse(address: str, base: URL | None = None) -> URL:
    try:
        url = base.join(URL(address)) if base else URL(address)
        is_sound = url.scheme in {"http", "https"} and bool(url.host) and url.port is not None
    except (ValueError, TypeError):
        is_sound = False
    if not is_sound:
        raise FetchError(Obstacle.ADDRESS, address[:200])
    return url.with_user(None).with_fragment(None)
