"""The bot as it runs on a server: the real process against the strict Bot API."""

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.settings import PROJECT
from tests.bot_api.server import BotApi

START_S = 60.0

Start = Callable[..., AbstractAsyncContextManager[asyncio.subprocess.Process]]


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return shutil.copytree(PROJECT / "corpus", tmp_path / "corpus")


@pytest.fixture
def start(api: BotApi, tmp_path: Path, corpus: Path) -> Start:
    """Start ``python -m bot`` with its state in a fresh folder; its log goes to ``bot.log``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    environment |= {
        "BOT_TOKEN": api.token,
        "BOT_API_URL": api.url,
        "BOT_ADMIN_IDS": "1",
        "BOT_CORPUS": str(corpus),
        "BOT_DATABASE": str(tmp_path / "log.sqlite"),
        "BOT_LOG_LEVEL": "DEBUG",
    }

    @asynccontextmanager
    async def run(**variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
        with (tmp_path / "bot.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", env=environment | variables, cwd=PROJECT, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    return run


def logged_questions(tmp_path: Path) -> list[str]:
    connection = sqlite3.connect(tmp_path / "log.sqlite")
    try:
        return [text for (text,) in connection.execute("SELECT question FROM exchanges ORDER BY id")]
    finally:
        connection.close()


async def end(process: asyncio.subprocess.Process) -> float:
    """End the process as a service manager does; return how many seconds it took."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0
    return time.monotonic() - started


async def test_service_answers_reloads_logs_and_ends(
    api: BotApi, start: Start, tmp_path: Path, corpus: Path
) -> None:
    anna = api.person("Anna")
    admin = api.person("Admin", id=1)
    async with start() as process:
        answer = await anna.private_chat.reply_to(anna.says("how many countries signed?"), START_S)
        assert "72 countries" in answer.text
        assert any(link.startswith("https://baotintuc.vn/") for link in answer.links)

        extra = (
            '+++\nlanguage = "en"\nsource = "https://example.org/moon"\n+++\nThe moon is made of cheese.\n'
        )
        (corpus / "moon.md").write_text(extra)
        report = await admin.private_chat.reply_to(admin.says("/reload"), START_S)
        assert "moon" in report.text
        answer = await anna.private_chat.reply_to(anna.says("what is the moon made of?"))
        assert "made of cheese" in answer.text

        (corpus / "moon.md").write_text("no front matter")
        report = await admin.private_chat.reply_to(admin.says("/reload"), START_S)
        assert "moon.md:1" in report.text
        answer = await anna.private_chat.reply_to(anna.says("is the moon made of cheese?"))
        assert "made of cheese" in answer.text

        assert await end(process) < 5
    asked = ["how many countries signed?", "what is the moon made of?", "is the moon made of cheese?"]
    assert logged_questions(tmp_path) == asked
    log = (tmp_path / "bot.log").read_text()
    assert api.token.rpartition(":")[2] not in log
    assert api.url in log


async def test_service_reloads_on_sighup(api: BotApi, start: Start, tmp_path: Path, corpus: Path) -> None:
    anna = api.person("Anna")
    async with start() as process:
        await anna.private_chat.reply_to(anna.says("how many countries signed?"), START_S)
        extra = (
            '+++\nlanguage = "en"\nsource = "https://example.org/moon"\n+++\nThe moon is made of cheese.\n'
        )
        (corpus / "moon.md").write_text(extra)
        process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(START_S):
            while "moon" not in (tmp_path / "bot.log").read_text():  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.05)
        answer = await anna.private_chat.reply_to(anna.says("what is the moon made of?"))
        assert "made of cheese" in answer.text


async def test_service_ends_before_losing_a_row(api: BotApi, start: Start, tmp_path: Path) -> None:
    people = [api.person(f"Person {number}") for number in range(30)]
    async with start() as process:
        await people[0].private_chat.reply_to(people[0].says("who spoke first?"), START_S)
        questions = [person.says(f"who spoke, and why {number}?") for number, person in enumerate(people)]
        last = people[-1].private_chat
        await last.reply_to(questions[-1], START_S)
        assert await end(process) < 5
    answered = [
        question.text
        for person, question in zip(people, questions, strict=True)
        if person.private_chat.replies_to(question)
    ]
    assert set(answered) <= set(logged_questions(tmp_path))


async def test_service_with_a_wrong_token_says_so(api: BotApi, start: Start, tmp_path: Path) -> None:
    async with start(BOT_TOKEN="123456:wrong-wrong-wrong") as process:  # noqa: S106 - no token
        assert await asyncio.wait_for(process.wait(), START_S) == 1
    log = (tmp_path / "bot.log").read_text()
    assert "Telegram does not know the token" in log
    assert "wrong-wrong" not in log
    assert "Traceback" not in log


async def test_service_refuses_a_broken_corpus(start: Start, tmp_path: Path, corpus: Path) -> None:
    (corpus / "broken.md").write_text("no front matter")
    async with start() as process:
        assert await asyncio.wait_for(process.wait(), START_S) == 1
    assert (tmp_path / "bot.log").read_text().rstrip().endswith("with the front matter below it")
