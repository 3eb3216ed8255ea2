"""Pages for monitoring: ``/metrics`` and ``/health``.

They are served only if a port is set, and by default only to the same machine, since there is no
login. The caller decides what counts as healthy.
"""

import contextlib
import errno
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeAlias

from aiohttp import web

from bot.chat.intake.http_server import HttpServer
from bot.metrics import METRICS_TYPE, Metrics

# None of the pages reads a body.
_MOST_BYTES = 1024

FindProblems: TypeAlias = Callable[[], Mapping[str, str]]
"""Returns the current problems, by a short name of the part; none if the bot is well."""


class MonitoringError(Exception):
    """The server cannot be started; the message names the setting."""


@contextlib.asynccontextmanager
async def monitoring(
    host: str, port: int, metrics: Metrics, find_problems: FindProblems
) -> AsyncIterator[None]:
    """Serve metrics and health at an IP address for as long as the work within lasts.

    Raises:
        MonitoringError: the port is taken, or cannot be had.
    """
    server = HttpServer(_Pages(metrics, find_problems).answer, most_bytes=_MOST_BYTES)
    try:
        await server.listen(host, port)
    except OSError as error:
        await server.close()
        raise MonitoringError(_explain(host, port, error)) from None
    try:
        yield
    finally:
        await server.close()


class _Pages:
    """Answers requests with one of the two pages, or says which there are."""

    def __init__(self, metrics: Metrics, find_problems: FindProblems) -> None:
        self._metrics = metrics
        self._find_problems = find_problems

    async def answer(self, request: web.Request, body: bytes) -> web.Response:
        del body
        page = _PAGES.get(request.path)
        if page is None:
            content_type = {"Content-Type": "text/plain; charset=utf-8"}
            response = web.Response(
                status=404, body=b"There are /metrics and /health.\n", headers=content_type
            )
        elif request.method not in page.methods:
            response = web.Response(status=405, headers={"Allow": ", ".join(page.methods)})
        else:
            response = page.render(self)
        response.headers["Cache-Control"] = "no-store"
        return response

    def render_metrics(self) -> web.Response:
        """Show the metrics to Prometheus."""
        return web.Response(body=self._metrics.render(), headers={"Content-Type": METRICS_TYPE})

    def render_health(self) -> web.Response:
        """Say whether the bot is well: 200, or 503 with what is wrong."""
        problems = dict(self._find_problems())
        status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
        health = {"status": "failing" if problems else "ok", "problems": problems}
        content_type = {"Content-Type": "application/json; charset=utf-8"}
        return web.Response(status=status, body=f"{json.dumps(health)}\n".encode(), headers=content_type)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page, and the methods that it takes."""

    render: Callable[[_Pages], web.Response]
    methods: tuple[str, ...]


_PAGES = {
    "/metrics": _Page(_Pages.render_metrics, ("GET",)),
    "/health": _Page(_Pages.render_health, ("GET", "HEAD")),
}


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"BOT_METRICS_PORT: another program listens on port {port} of {host}; choose another port"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"BOT_METRICS_PORT, BOT_METRICS_HOST: the bot cannot listen on port {port} of {host}"
        f" ({reason}); choose others"
    )
