"""How calls reach Telegram: over kept connections, by aiohttp, at a third of the CPU time.

python-telegram-bot's own client is the most expensive step on an answer's way. It stays in charge
of what is rare and needs more: files, and proxies, whether of the settings or of the environment.
What goes wrong is told in that client's terms, from which ``sending`` knows what certainly did
not arrive.
"""

from urllib.request import getproxies

import aiohttp
import httpx
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest, RequestData

_NOT_SENT = "Pool timeout: there was no connection in time, and the request was *not* sent to Telegram"


def build_request(proxy: str | None, connections: int, timeout_s: float) -> HTTPXRequest:
    """Make what sends calls; ``timeout_s`` bounds each of their steps.

    Raises:
        ValueError: the proxy is none.
        RuntimeError: the proxy is of a kind that cannot be used here.
    """
    has_proxy = proxy is not None or bool(getproxies().keys() - {"no"})
    make = HTTPXRequest if has_proxy else Transport
    return make(
        connection_pool_size=connections,
        proxy=proxy,
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
        write_timeout=timeout_s,
        pool_timeout=timeout_s,
    )


class Transport(HTTPXRequest):
    """Sends calls without files itself, and leaves those with files to the class above it."""

    def __init__(  # noqa: PLR0913 - the class above has these, and more
        self,
        *,
        connection_pool_size: int,
        proxy: str | None,
        connect_timeout: float,
        read_timeout: float,
        write_timeout: float,
        pool_timeout: float,
    ) -> None:
        """Take what the class above takes."""
        super().__init__(
            connection_pool_size=connection_pool_size,
            proxy=proxy,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            write_timeout=write_timeout,
            pool_timeout=pool_timeout,
        )
        self._connections = connection_pool_size
        self._connecting_s = connect_timeout + pool_timeout
        self._reading_s = read_timeout
        self._writing_s = write_timeout
        self._session: aiohttp.ClientSession | None = None

    async def initialize(self) -> None:
        """Make ready to send; harmless twice."""
        await super().initialize()
        if self._session is None or self._session.closed:
            # The certificates that the other client trusts, which come with it.
            connector = aiohttp.TCPConnector(limit=self._connections, ssl=httpx.create_ssl_context())
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        """Close the connections; harmless twice."""
        if self._session is not None:
            await self._session.close()
        await super().shutdown()

    async def do_request(  # noqa: PLR0913, PLR0917 - python-telegram-bot's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Send a call and return the status and the body of the answer.

        Raises:
            TimedOut: there was no answer in time; "Pool timeout" says that the call was not sent.
            NetworkError: the connection failed.
        """
        if self._session is None or (request_data is not None and request_data.multipart_data):
            return await super().do_request(
                url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout
            )
        reading_s = read_timeout if isinstance(read_timeout, int | float) else self._reading_s
        try:
            async with self._session.request(
                method,
                url,
                data=request_data.json_parameters if request_data else None,
                timeout=aiohttp.ClientTimeout(
                    connect=self._connecting_s,
                    sock_read=reading_s,
                    total=self._connecting_s + self._writing_s + reading_s,
                ),
            ) as answer:
                return answer.status, await answer.read()
        except aiohttp.ConnectionTimeoutError as error:
            raise TimedOut(_NOT_SENT) from error
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            message = f"{type(error).__name__}: {error}"
            raise NetworkError(message) from error
