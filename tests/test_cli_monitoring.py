"""Metrics and health over HTTP, for whoever watches over the bot."""

import json
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.cli.monitoring import MonitoringError, monitoring
from bot.metrics import Metrics

HOST = "127.0.0.1"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def problems() -> dict[str, str]:
    return {}


@pytest.fixture
async def session(port: int, problems: dict[str, str]) -> AsyncIterator[aiohttp.ClientSession]:
    metrics = Metrics()
    metrics.count_update("message")
    async with (
        monitoring(HOST, port, metrics, lambda: problems),
        aiohttp.ClientSession(f"http://{HOST}:{port}") as opened,
    ):
        yield opened


async def test_monitoring_tells_health_as_it_is(
    session: aiohttp.ClientSession, problems: dict[str, str]
) -> None:
    for wrong, status in (({}, 200), ({"database_unwritable": "disk full"}, 503), ({}, 200)):
        problems.clear()
        problems |= wrong
        async with session.get("/health") as response:
            assert response.status == status
            assert response.content_type == "application/json"
            said = json.loads(await response.text())
        assert said == {"status": "failing" if wrong else "ok", "problems": wrong}
        async with session.head("/health") as response:
            assert response.status == status


async def test_monitoring_shows_metrics_to_prometheus(session: aiohttp.ClientSession) -> None:
    async with session.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        families = {family.name for family in text_string_to_metric_families(await response.text())}
    assert {"bot_updates", "bot_search_seconds", "process_cpu_seconds"} <= families


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/health"), ("GET", "/metrics/../x")])
async def test_monitoring_shows_nothing_else(session: aiohttp.ClientSession, method: str, path: str) -> None:
    async with session.request(method, path) as response:
        assert response.status in (404, 405)
        assert "Server" not in response.headers
        assert "Traceback" not in await response.text()


async def test_monitoring_takes_no_long_body(session: aiohttp.ClientSession) -> None:
    async with session.get("/health", data=b"x" * 1025) as response:
        assert response.status == 400
    async with session.get("/health") as response:
        assert response.status == 200


async def test_monitoring_names_the_setting_where_the_port_is_taken(port: int) -> None:
    async with monitoring(HOST, port, Metrics(), dict):
        with pytest.raises(MonitoringError, match=f"BOT_METRICS_PORT: .* port {port} of {HOST}"):
            async with monitoring(HOST, port, Metrics(), dict):
                pass
    async with monitoring(HOST, port, Metrics(), dict):
        pass


async def test_monitoring_names_the_settings_where_there_is_no_such_address(port: int) -> None:
    with pytest.raises(MonitoringError, match=r"BOT_METRICS_HOST: .* 192\.0\.2\.1 "):
        async with monitoring("192.0.2.1", port, Metrics(), dict):
            pass
