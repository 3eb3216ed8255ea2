"""Calls to Telegram over connections that stay open, by aiohttp, at a third of the CPU time.

The client of python-telegram-bot is the most expensive step on the way of an answer. It still makes
the calls that are rare and need more: with files, or through a proxy, of the settings or of the
environment. All calls pass here, so failed ones are counted here; none is repeated.
"""

import json
import ssl
from functools import cache
from http import HTTPStatus
from urllib.request import getproxies

import aiohttp
import httpx
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import HTTPXRequest, RequestData

from bot.metrics import Metrics

# In the address of a file, whose content is no answer.
_FILES = "/file/bot"
_NOT_SENT = "Pool timeout: there was no connection in time, and the request was *not* sent to Telegram"
# The errors of python-telegram-bot, by the status of a failed call.
_NAMES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "BadRequest",
    HTTPStatus.UNAUTHORIZED: "InvalidToken",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "InvalidToken",
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.TOO_MANY_REQUESTS: "RetryAfter",
}
_OTHER = "NetworkError"
_PROXIES = {"http", "https", "all"}
_NEVER_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
)


class Transport(HTTPXRequest):
    """Sends calls without files itself, and leaves those with files to the parent class."""

    def __init__(self, metrics: Metrics, *, proxy: str | None, connections: int, timeout_s: float) -> None:
        """Count failures in ``metrics``; ``timeout_s`` is the limit for each step of a call.

        Raises:
            ValueError: the proxy is not a proxy URL.
            RuntimeError: the proxy is of a kind that cannot be used here.
        """
        super().__init__(
            connection_pool_size=connections,
            proxy=proxy,
            connect_timeout=timeout_s,
            read_timeout=timeout_s,
            write_timeout=timeout_s,
            pool_timeout=timeout_s,
            httpx_kwargs={"verify": _load_certificates()},
        )
        self._metrics = metrics
        self._connections = connections
        self._timeout_s = timeout_s
        self._has_proxy = proxy is not None or bool(getproxies().keys() & _PROXIES)
        self._session: aiohttp.ClientSession | None = None

    async def initialize(self) -> None:
        """Make ready to send; harmless twice."""
        await super().initialize()
        if not self._has_proxy and (self._session is None or self._session.closed):
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=_load_certificates())
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT, "Content-Type": "application/json"},
            )

    async def shutdown(self) -> None:
        """Close the connections; harmless twice."""
        if self._session is not None:
            await self._session.close()
        await super().shutdown()

    async def do_request(  # type: ignore[override]  # timeouts beside the reading one are passed on
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = None,
        **timeouts: object,
    ) -> tuple[int, bytes]:
        """Send a call and return the status and the body of the answer.

        Raises:
            TimedOut: there was no answer in time.
            NetworkError: the connection failed.
        """
        try:
            if self._session is None or (request_data is not None and request_data.multipart_data):
                status, body = await super().do_request(
                    url,
                    method,
                    request_data,
                    read_timeout,  # type: ignore[arg-type]
                    **timeouts,  # type: ignore[arg-type]
                )
            else:
                reading_s = read_timeout if isinstance(read_timeout, int | float) else self._timeout_s
                status, body = await self._send(self._session, url, method, request_data, reading_s)
        except TelegramError as error:
            self._metrics.count_api_error(type(error).__name__)
            raise
        if status >= HTTPStatus.BAD_REQUEST:
            self._metrics.count_api_error(_NAMES.get(status, _OTHER))
        if status >= HTTPStatus.BAD_REQUEST or _FILES not in url:
            _expect_answer(status, body)
        return status, body

    async def _send(
        self,
        session: aiohttp.ClientSession,
        url: str,
        method: str,
        request_data: RequestData | None,
        reading_s: float,
    ) -> tuple[int, bytes]:
        connecting_s = 2 * self._timeout_s
        try:
            async with session.request(
                method,
                url,
                data=request_data.json_payload if request_data else None,
                # The Bot API never redirects, and the questions of people must not go to another host.
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=connecting_s,
                    sock_read=reading_s,
                    total=connecting_s + self._timeout_s + reading_s,
                ),
            ) as answer:
                return answer.status, await answer.read()
        except aiohttp.ConnectionTimeoutError as error:
            raise TimedOut(_NOT_SENT) from error
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(_describe(error)) from error


def _describe(error: Exception) -> str:
    """Describe an error without the URL, which holds the token."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{type(error).__name__}: {error.message}"
    if isinstance(error, aiohttp.InvalidURL):
        return type(error).__name__
    return f"{type(error).__name__}: {error}"


@cache
def _load_certificates() -> ssl.SSLContext:
    """Load the certificates that httpx trusts and comes with, once in a process: it takes 20 ms."""
    return httpx.create_ssl_context()


def _expect_answer(status: int, body: bytes) -> None:
    """Make sure that the answer comes from a Bot API, and not from a gateway in front of it.

    Raises:
        NetworkError: it does not.
    """
    if status < HTTPStatus.BAD_REQUEST:
        if not (body.startswith(b"{") and b'"result"' in body):
            message = f"the server did not answer like a Bot API (status {status})"
            raise NetworkError(message)
        return
    try:
        is_answer = "ok" in json.loads(body)
    except (ValueError, TypeError):
        is_answer = False
    if not is_answer:
        raise NetworkError(_name_status(status))


def _name_status(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase} ({status})"
    except ValueError:
        return f"Unknown HTTP status ({status})"


def may_have_arrived(error: NetworkError) -> bool:
    """Tell whether Telegram may have carried out a call, though its answer did not arrive."""
    if error.message == _name_status(HTTPStatus.GATEWAY_TIMEOUT):
        return True
    cause = error.__cause__
    is_of_the_connection = isinstance(cause, aiohttp.ClientError | httpx.HTTPError | OSError)
    return is_of_the_connection and not isinstance(cause, _NEVER_CONNECTED)
