"""``python -m bot sandbox`` as a process: the real bot behind the page, and no real token anywhere."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.settings import PROJECT
from tests.harbour import CRANES, HARBOUR, SEVEN
from tests.service import START_S, kill

# Made up, in the form of a real one.
REAL_TOKEN = "1234567890:AAH-somebody-s_real-token-0123456789"  # noqa: S105


@asynccontextmanager
async def started(*options: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the process for as long as the block lasts; what still runs at its end is killed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment |= {"BOT_CORPUS": str(HARBOUR), "BOT_ENCODER": "none", "BOT_TOKEN": REAL_TOKEN, **variables}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "sandbox", *options),
        env=environment,
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        await kill(process)


async def run(*options: str, **variables: str) -> tuple[int | None, str]:
    async with started(*options, **variables) as process:
        output, _ = await asyncio.wait_for(process.communicate(), START_S)
    return process.returncode, " ".join(output.decode().split())


async def read_address(process: asyncio.subprocess.Process) -> str:
    """Return the address of the page, once it is told."""
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), START_S)).decode()
    found = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert found, line
    assert REAL_TOKEN.partition(":")[2] not in line
    return found[0]


def list_names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


class Page:
    """A page without a browser: it asks, and keeps every word that it is told."""

    def __init__(self, opened: aiohttp.ClientWebSocketResponse) -> None:
        self._opened = opened
        self._number = 0
        self._passed: list[dict[str, Any]] = []
        self.words = ""

    async def ask(self, action: str, **request: object) -> dict[str, Any]:
        self._number += 1
        await self._opened.send_json({"do": action, "id": self._number, **request})
        return await self._until(lambda news: news.get("answer") == self._number)

    async def until_read(self, words: str) -> dict[str, Any]:
        """Wait for a message that says something, if it did not come before what was asked was done."""

        def says(news: dict[str, Any]) -> bool:
            return any(words in message.get("text", "") for message in news.get("messages", []))

        came = next(filter(says, self._passed), None)
        self._passed.clear()
        return came or await self._until(says)

    async def _until(self, fits: Any) -> dict[str, Any]:  # noqa: ANN401 - a test of news
        async with asyncio.timeout(START_S):
            while True:
                text = await self._opened.receive_str()
                self.words += text
                news = json.loads(text)
                if fits(news):
                    return dict(news)
                self._passed.append(news)


@asynccontextmanager
async def opened(address: str, person: str) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        where = f"{address}live?person={person}&place=private"
        async with session.ws_connect(where, origin=address.rstrip("/")) as connection:
            yield Page(connection)


async def test_sandbox_answers_reloads_and_forgets_without_a_real_token() -> None:
    async with started("--no-open", BOT_METRICS_PORT="1", BOT_PROXY="socks5://127.0.0.1:1") as process:
        address = await read_address(process)
        async with opened(address, "emma") as page, opened(address, "ada") as admin:
            await page.ask("start", parameter="")
            await page.until_read("Hello!")
            await page.ask("say", text=CRANES)
            await page.until_read(SEVEN)
            await admin.ask("say", text="/reload")
            await admin.until_read("articles")
            assert await page.ask("forget") == {"answer": 3}
            await page.ask("say", text=CRANES)
            await page.until_read(SEVEN)
            words = page.words + admin.words
        process.send_signal(signal.SIGINT)
        rest, _ = await asyncio.wait_for(process.communicate(), START_S)
    assert process.returncode == 0, rest
    secret = REAL_TOKEN.partition(":")[2]
    assert secret not in words + rest.decode()
    assert "Traceback" not in rest.decode()


async def test_sandbox_keeps_its_database_only_where_it_is_told_to(tmp_path: Path) -> None:
    runs = ((("--keep",), "not asked me anything"), (("--keep",), "latest questions"), ((), "not asked me"))
    for options, history in runs:
        async with started("--no-open", *options, BOT_DATABASE=str(tmp_path / "log.sqlite")) as process:
            async with opened(await read_address(process), "emma") as page:
                await page.ask("start", parameter="")
                await page.until_read("Hello!")
                await page.ask("say", text="/history")
                await page.until_read(history)
                await page.ask("say", text=CRANES)
                await page.until_read(SEVEN)
            process.send_signal(signal.SIGINT)
            rest, _ = await asyncio.wait_for(process.communicate(), START_S)
        assert process.returncode == 0, rest
        assert list_names(tmp_path) == ["sandbox.sqlite"]


async def test_sandbox_listens_on_no_address_that_others_reach() -> None:
    status, output = await run("--no-open", "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert status == 2
    assert "0.0.0.0 is not this machine alone" in output.replace("│ ", "")


async def test_sandbox_says_that_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output = await run("--no-open", "--port", str(port))
    assert status == 1
    assert output == f"port {port} cannot be had: Address already in use; choose another with --port"


async def test_sandbox_says_what_pictures_need(tmp_path: Path) -> None:
    status, output = await run("--shots", str(tmp_path), PATH=str(tmp_path))
    assert status == 1
    assert output == "no browser to take pictures with: install Chromium (apt-get install chromium)"


@pytest.mark.parametrize("name", ["BOT_DATABASE", "BOT_CORPUS"])
async def test_sandbox_says_what_is_wrong_with_the_settings(name: str) -> None:
    status, output = await run("--no-open", **{name: "/nowhere/at/all", "BOT_PASSAGES": "99"})
    assert status == 1
    assert "BOT_PASSAGES" in output
