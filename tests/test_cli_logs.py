"""The log's two formats: what a line tells, and that nobody can forge one or steer a terminal."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.logs import LogFormat, open_log, read_no_update
from bot.cli.secrecy import hide_secrets

in_hand: ContextVar[str | None] = ContextVar("in_hand", default=None)
logger = logging.Logger("bot.chat.handlers.questions")  # noqa: LOG001 - one that no other test's handlers hear
HOSTILE = "\x1b[2J\n2026-01-01 00:00:00,000 ERROR bot: forged\r\x07\x9b\u202e\u2028\ud800"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    in_hand.set(None)
    yield io.StringIO()
    in_hand.set(None)
    logger.handlers.clear()


def start(stream: io.StringIO, log_format: LogFormat, *secrets: str) -> None:
    handler = open_log(stream, log_format, in_hand.get)
    hide_secrets(handler, *secrets)
    logger.addHandler(handler)


def read_json(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(message: str) -> None:
    try:
        raise RuntimeError(message)  # noqa: TRY301 - to have a traceback
    except RuntimeError:
        logger.exception("What came was not handled")


def test_log_for_people_has_a_line_for_each_record(stream: io.StringIO) -> None:
    start(stream, "human")
    logger.info("Answering as @%s", "bot")
    in_hand.set("77-1")
    logger.warning("slow")
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(r"[\d-]+ [\d:,]+ INFO bot\.chat\.handlers\.questions: Answering as @bot", first)
    assert second.endswith("WARNING bot.chat.handlers.questions: slow [update 77-1]")


def test_log_as_json_has_an_object_for_each_record(stream: io.StringIO) -> None:
    start(stream, "json")
    logger.info("Đại biểu %s", "Nhân dân")
    in_hand.set("77-1")
    fail("the index\nis broken")
    first, second = read_json(stream)
    assert first.pop("time")
    assert first == {
        "level": "INFO",
        "logger": "bot.chat.handlers.questions",
        "message": "Đại biểu Nhân dân",
        "update": None,
    }
    time = datetime.fromisoformat(second["time"])
    assert time.utcoffset() == timedelta()
    assert abs(time - datetime.now(UTC)) < timedelta(minutes=1)
    assert second["update"] == "77-1"
    assert second["exception"].startswith("Traceback (most recent call last):\n")
    assert second["exception"].endswith("RuntimeError: the index\nis broken")


async def test_log_of_a_worker_thread_tells_the_update_in_hand(stream: io.StringIO) -> None:
    start(stream, "json")

    async def handle(log_id: str) -> None:
        in_hand.set(log_id)
        await asyncio.sleep(0)
        await asyncio.to_thread(logger.info, log_id)

    await asyncio.gather(*(handle(str(number)) for number in range(20)))
    logger.info("between updates")
    *lines, last = read_json(stream)
    assert len(lines) == 20
    assert all(line["update"] == line["message"] for line in lines)
    assert last["update"] is None


@given(st.text())
def test_log_for_people_is_one_line_whatever_is_logged(said: str) -> None:
    stream = io.StringIO()
    handler = open_log(stream, "human", read_no_update)
    handler.handle(logger.makeRecord("somebody", logging.INFO, "", 0, "%s %s", (said, HOSTILE), None))
    written = stream.getvalue()
    assert written.endswith("forged\\r\\x07\\x9b\\u202e\\u2028\\ud800\n")
    assert written.count("\n") == len(written.splitlines()) == 1
    assert written.encode()
    assert "\x1b" not in written


def test_log_for_people_indents_what_a_traceback_says(stream: io.StringIO) -> None:
    start(stream, "human")
    fail(HOSTILE)
    first, *others = stream.getvalue().rstrip("\n").split("\n")
    assert first.endswith("What came was not handled")
    assert others[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in others)
    assert others[-1].startswith("    2026-01-01 00:00:00,000 ERROR bot: forged\\r")
    assert not re.search("[\x1b\x9b\r\u202e\u2028]", stream.getvalue())


def test_log_as_json_is_one_plain_line_whatever_is_logged(stream: io.StringIO) -> None:
    start(stream, "json")
    logger.info("%s", HOSTILE)
    assert stream.getvalue().isascii()
    assert [line["message"] for line in read_json(stream)] == [HOSTILE]


@pytest.mark.parametrize("log_format", ["human", "json"])
def test_log_masks_secrets_however_they_are_written(stream: io.StringIO, log_format: LogFormat) -> None:
    proxy = 'http://me:p"w\\é@host:3128'
    start(stream, log_format, "123456:AAF-secret_part", proxy)
    logger.info("%s %r %r", proxy, proxy, {"url": "https://example.org/bot123456:AAF-secret_part/getMe"})
    fail(proxy)
    written = stream.getvalue()
    assert "p" + '"' + "w" not in written
    assert not re.search(r"me:p|secret_part|host:3128", written)
    assert "bot123456:***/getMe" in written
    if log_format == "json":
        assert read_json(stream)[1]["exception"].endswith("RuntimeError: ***")
