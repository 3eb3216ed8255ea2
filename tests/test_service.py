"""The bot as it runs on a server: the real process against the strict Bot API."""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.server import BotApi
from bot.settings import PROJECT
from bot.wording.phrases import load_phrases
from tests.service import START_S, Service, end, find_free_port

EXAMPLE_FACTS = r"\b72\b|2[.\s]500|9 Kapiteln|milestone|milepæl|fast 5 Jahren|2019|Mebarki"

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
    return Service(api, tmp_path, corpus).start


def logged_questions(tmp_path: Path) -> list[str]:
    connection = sqlite3.connect(tmp_path / "log.sqlite")
    try:
        return [text for (text,) in connection.execute("SELECT question FROM exchanges ORDER BY id")]
    finally:
        connection.close()


def read_database(tmp_path: Path) -> bytes:
    """Return the bytes of the database and of what SQLite keeps beside it."""
    return b"".join(path.read_bytes() for path in tmp_path.glob("log.sqlite*"))


async def wait_until_open(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


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


async def test_service_reloads_after_a_sighup_that_came_while_it_started(
    api: BotApi, start: Start, tmp_path: Path
) -> None:
    anna = api.person("Anna")
    log = tmp_path / "bot.log"
    port = find_free_port()
    async with start(BOT_METRICS_PORT=str(port)) as process:
        # The port is open before the articles are read, which takes seconds.
        await wait_until_open(port)
        process.send_signal(signal.SIGHUP)
        await anna.private_chat.reply_to(anna.says("how many countries signed?"), START_S)
        async with asyncio.timeout(START_S):
            while load_phrases()["en"].say("reload.unchanged") not in log.read_text():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)


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


async def test_service_with_a_wrong_token_says_so(start: Start, tmp_path: Path) -> None:
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


async def test_service_writes_its_log_as_json_to_the_last_line(
    api: BotApi, start: Start, tmp_path: Path, corpus: Path
) -> None:
    anna = api.person("Anna")
    async with start(BOT_LOG_FORMAT="json", BOT_ENCODER="none", BOT_STRANGE="1") as process:
        await anna.private_chat.reply_to(anna.says("how many countries signed?"), START_S)
        await end(process)
    (corpus / "broken.md").write_text("no front matter")
    async with start(BOT_LOG_FORMAT="json", BOT_ENCODER="none") as process:
        assert await asyncio.wait_for(process.wait(), START_S) == 1
    lines = [json.loads(line) for line in (tmp_path / "bot.log").read_text().splitlines()]
    assert all(line.keys() >= {"time", "level", "logger", "message", "update"} for line in lines)
    assert "BOT_STRANGE is not a setting" in lines[0]["message"]
    assert lines[-1]["level"] == "CRITICAL"
    assert "broken.md:1" in lines[-1]["message"]
    assert api.token.rpartition(":")[2] not in (tmp_path / "bot.log").read_text()


async def test_service_shows_metrics_and_health(api: BotApi, start: Start, tmp_path: Path) -> None:
    anna = api.person("Anna")
    port = find_free_port()
    site = f"http://127.0.0.1:{port}"
    variables = {"BOT_METRICS_PORT": str(port), "BOT_ENCODER": "none"}
    async with aiohttp.ClientSession() as session:
        with api.outage():
            async with start(**variables) as process:
                await wait_until_open(port)
                async with session.get(f"{site}/health") as response:
                    assert response.status == 503
                    assert "not_receiving" in (await response.json())["problems"]
                api.heal()
                await anna.private_chat.reply_to(anna.says("how many countries signed?"), START_S)
                async with session.get(f"{site}/health") as response:
                    assert response.status == 200
                    assert await response.json() == {"status": "ok", "problems": {}}
                async with session.get(f"{site}/metrics") as response:
                    shown = await response.text()
                assert 'bot_answers_total{kind="answer"} 1.0' in shown
                assert re.search(r'^bot_corpus_info{version="[0-9a-f]+"} 1\.0$', shown, re.MULTILINE)
                assert "process_resident_memory_bytes " in shown
                async with start(**variables) as second:
                    assert await asyncio.wait_for(second.wait(), START_S) == 1
                assert await end(process) < 5
    log = (tmp_path / "bot.log").read_text()
    assert f"BOT_METRICS_PORT: another program listens on port {port} of 127.0.0.1" in log
    assert "Traceback" not in log


async def test_service_answers_its_example_questions_in_every_language(api: BotApi, start: Start) -> None:
    wrong = []
    async with start() as process:
        for language, phrases in load_phrases().items():
            anna = api.person("Anna", language_code=language)
            greeting = await anna.private_chat.reply_to(anna.starts(), START_S)
            examples = [button["text"] for button in greeting.buttons]
            assert len(examples) == 3
            for example in examples:
                await anna.presses(greeting, example)
                posed = await anna.private_chat.next_message_from_bot(START_S)
                assert posed.text == phrases.say("asked", question=example)
                best = (await anna.private_chat.reply_to(posed, START_S)).text.partition("\n—")[0]
                if not re.search(EXAMPLE_FACTS, best):
                    wrong.append((example, best))
        await end(process)
    assert wrong == []


async def test_service_forgets_somebody_to_the_last_byte(api: BotApi, start: Start, tmp_path: Path) -> None:
    linh, ben = api.person("Linh", language_code="vi"), api.person("Ben")
    phrases = load_phrases()["vi"]
    async with start() as process:
        answer = await linh.private_chat.reply_to(linh.says("Ai ăn bánh hành tây?"), START_S)
        await linh.presses(answer, "👎")
        await ben.private_chat.reply_to(ben.says("Who eats onions?"))
        offer = await linh.private_chat.reply_to(linh.says("/language"))
        await linh.presses(offer, "Norsk")
        await offer.edited()
        asked = await linh.private_chat.reply_to(linh.says("/forget"))
        await linh.presses(asked, "forget:yes")
        await asked.edited()
        content = read_database(tmp_path)
        assert "bánh hành tây".encode() not in content
        assert linh.id.to_bytes(5, "big") not in content
        assert b"Who eats onions?" in content
        told = await linh.private_chat.reply_to(linh.says("/mydata"))
        assert told.text == phrases.say("mydata.nothing")
        await end(process)
    assert logged_questions(tmp_path) == ["Who eats onions?"]


async def test_service_erases_at_start_what_is_too_old(api: BotApi, start: Start, tmp_path: Path) -> None:
    anna = api.person("Anna")
    async with start(BOT_RETENTION_DAYS="1") as process:
        await anna.private_chat.reply_to(anna.says("an old question"), START_S)
        await end(process)
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, connection:
        connection.execute("UPDATE exchanges SET asked_at = '2025-01-01T00:00:00.000+00:00'")
    async with start(BOT_RETENTION_DAYS="0") as process:
        await anna.private_chat.reply_to(anna.says("a recent question"), START_S)
        await end(process)
    assert logged_questions(tmp_path) == ["an old question", "a recent question"]
    async with start(BOT_RETENTION_DAYS="1") as process:
        await anna.private_chat.reply_to(anna.says("/help"), START_S)
        await end(process)
    assert logged_questions(tmp_path) == ["a recent question"]


async def test_service_goes_on_with_a_conversation_after_a_restart(
    api: BotApi, start: Start, corpus: Path
) -> None:
    anna = api.person("Anna")
    question = anna.says("how many countries signed?")
    async with start(BOT_ENCODER="none") as process:
        answer = await anna.private_chat.reply_to(question, START_S)
        first = answer.html
        await end(process)
    for article in (corpus / "hanoi-convention").glob("*.md"):
        article.write_text(article.read_text("utf-8").replace("72", "73"), "utf-8")
    async with start(BOT_ENCODER="none") as process:
        await anna.presses(answer, "More").answered(START_S)
        further = answer.html
        assert further != first
        await anna.presses(answer, "Back")
        assert answer.html == first
        anna.edits(question, "how many countries' representatives signed the Convention?")
        await answer.edited(since=len(answer.edits))
        assert "73" in answer.text
        await end(process)


async def test_service_hides_the_token_in_whatever_python_itself_would_print(
    api: BotApi, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "faulty.py").write_text(
        "import os, threading, warnings\n"
        "def make():\n"
        "    text = 'bot' + os.environ['BOT_TOKEN'] + '/getMe'\n"
        "    warnings.warn('warned of ' + text)\n"
        "    thread = threading.Thread(target=int, args=('in a thread ' + text,))\n"
        "    thread.start(), thread.join()\n"
        "    raise RuntimeError('at the end ' + text)\n"
    )
    path = f"{tmp_path}{os.pathsep}{PROJECT}"
    async with start(BOT_ENCODER="faulty:make", PYTHONPATH=path) as process:
        assert await asyncio.wait_for(process.wait(), START_S) == 1
    log = (tmp_path / "bot.log").read_text()
    for what in ("warned of", "in a thread", "at the end"):
        assert f"{what} bot4242424242:***/getMe" in log
    assert api.token.partition(":")[2] not in log
