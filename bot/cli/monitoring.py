"""A small HTTP server for those who watch over the bot: ``/metrics`` and ``/health``.

It is on only where a port is set, and by default reachable only from the same machine: it asks
nobody who they are. What counts as healthy is decided by whoever starts it.
"""

import contextlib
import errno
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import TypeAlias

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler, url

from bot.metrics import METRICS_TYPE, Metrics

# None of the pages reads a body.
_MOST_BYTES = 1024

FindProblems: TypeAlias = Callable[[], Mapping[str, str]]
"""Returns what is wrong now, by a short name of the part; nothing where the bot is well."""


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
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise MonitoringError(_explain(host, port, error)) from None
    listening.setblocking(False)  # noqa: FBT003 - the standard library's way
    pages = [
        url("/metrics", _MetricsPage, {"metrics": metrics}),
        url("/health", _HealthPage, {"find_problems": find_problems}),
        url(".*", _NoPage),
    ]
    # Whoever watches asks every few seconds: that is no news for the log.
    server = HTTPServer(Application(pages, log_function=lambda _page: None), max_body_size=_MOST_BYTES)
    server.add_socket(listening)
    try:
        yield
    finally:
        server.stop()
        await server.close_all_connections()


class _Page(RequestHandler):
    """What the pages have in common."""

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Cache-Control", "no-store")


class _MetricsPage(_Page):
    """Shows the metrics to Prometheus."""

    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def get(self) -> None:
        self.set_header("Content-Type", METRICS_TYPE)
        self.finish(self._metrics.render())


class _HealthPage(_Page):
    """Says whether the bot is well: 200, or 503 with what is wrong."""

    def initialize(self, find_problems: FindProblems) -> None:
        self._find_problems = find_problems

    def get(self) -> None:
        problems = dict(self._find_problems())
        self.set_status(HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps({"status": "failing" if problems else "ok", "problems": problems}) + "\n")

    head = get


class _NoPage(_Page):
    """Says which pages there are."""

    def prepare(self) -> None:
        self.set_status(HTTPStatus.NOT_FOUND)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("There are /metrics and /health.\n")


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"BOT_METRICS_PORT: another program listens on port {port} of {host}; choose another port"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"BOT_METRICS_PORT, BOT_METRICS_HOST: the bot cannot listen on port {port} of {host}"
        f" ({reason}); choose others"
    )
