"""A small HTTP server, for the webhook and for monitoring.

Anybody may reach it, so it logs neither requests nor connections that do not speak HTTP. A body that
is too long, or does not arrive in time, is refused. It does no TLS and knows no pages.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web
from aiohttp.http import HttpProcessingError

Answer: TypeAlias = Callable[[web.Request, bytes], Awaitable[web.Response]]
"""Answers a request; the second argument is its body."""

_BODY_TIMEOUT_S = 60.0
# How long the server waits, when it closes, for requests that are being answered.
_CLOSING_S = 0.2


class HttpServer:
    """Listens at one address from ``listen`` to ``close``."""

    def __init__(self, answer: Answer, *, most_bytes: int, body_timeout_s: float = _BODY_TIMEOUT_S) -> None:
        """Answer requests with ``answer``, if their bodies are short enough and arrive in time."""
        self._answer = answer
        self._most_bytes = most_bytes
        self._body_timeout_s = body_timeout_s
        self._runner: web.AppRunner | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take requests from now on; ``host`` is an IP address.

        Raises:
            OSError: the port is taken, or cannot be had.
        """
        # One handler for all paths and methods.
        application = web.Application(client_max_size=self._most_bytes)
        application.router.add_route("*", "/{path:.*}", self._handle)
        application.on_response_prepare.append(_drop_server)
        self._runner = web.AppRunner(
            application, access_log=None, auto_decompress=False, logger=_LOG, shutdown_timeout=_CLOSING_S
        )
        await self._runner.setup()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family)
        listening.setblocking(False)  # noqa: FBT003 - the standard library's way
        await web.SockSite(self._runner, listening).start()

    async def close(self) -> None:
        """Close the port and the connections; harmless twice, or before ``listen``."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.Request) -> web.Response:
        if (request.content_length or 0) > self._most_bytes:
            return _refuse(400)
        try:
            async with asyncio.timeout(self._body_timeout_s):
                body = await request.read()
        except TimeoutError:
            return _refuse(408)
        except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError, ConnectionError):
            return _refuse(400)
        return await self._answer(request, body)


def _refuse(status: int) -> web.Response:
    """Return an answer after which the connection is closed, since the body was not read to its end."""
    response = web.Response(status=status)
    response.force_close()
    return response


async def _drop_server(_request: web.Request, response: web.StreamResponse) -> None:
    """Do not tell everybody the name and version of the server."""
    response.headers.pop("Server", None)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Tell whether a record of aiohttp's says more than that somebody did not speak HTTP."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError | web.RequestPayloadError)


_LOG = logging.getLogger(__name__)
_LOG.addFilter(_is_worth_a_line)
