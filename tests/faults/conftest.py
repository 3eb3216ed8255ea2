"""The real process with two articles and the cheap ranking, and an admin who is told of trouble."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from bot.cli.assembly.telegram import LIMITS, PAUSES, Limits, Pauses
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.wording.phrases import load_phrases
from tests.harbour import HARBOUR
from tests.service import Service

_PHRASES = load_phrases()["en"]


class Watched(Service):
    """The bot in trouble; ``may_fail``: a traceback in its log is no mistake."""

    may_fail = False

    def hurry(self, pauses: Pauses = PAUSES, limits: Limits = LIMITS) -> None:
        """Have the process run with other pauses and limits."""
        self.command = ("-m", "tests.faults.hurried")
        self._environment["FAULT_PAUSES"] = json.dumps(asdict(pauses))
        self._environment["FAULT_LIMITS"] = json.dumps(asdict(limits))


class Admin:
    """Who is told of trouble."""

    def __init__(self, person: Person) -> None:
        """Take who it is, and have them start the bot."""
        self._person = person
        self.chat = person.private_chat
        person.starts()

    def list_told(self, key: str) -> list[str]:
        """Return the messages that begin with a text of the catalogue."""
        phrase = _PHRASES.say(key)
        return [message.text for message in self.chat.from_bot if message.text.startswith(phrase)]

    async def told(self, key: str, seconds: float = 15) -> str:
        """Wait until the admin is told something; return the whole message."""
        found = await self.chat.bell.until(lambda: next(iter(self.list_told(key)), None), seconds)
        return found or self.chat.fail(f"the admin was not told {key}", seconds)

    def list_alerts(self) -> list[str]:
        """Return all that the admin was told of trouble."""
        return [message.text for message in self.chat.from_bot if "In the log:" in message.text]


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


@pytest.fixture
def service(api: BotApi, tmp_path: Path) -> Iterator[Watched]:
    """The process, not started; in the end its log must hold neither the token nor a traceback."""
    watched = Watched(
        api,
        tmp_path,
        HARBOUR,
        BOT_ENCODER="none",
        BOT_CACHE=str(tmp_path / "cache"),
        BOT_QUESTIONS_PER_MINUTE="0",
        BOT_CHAT_MESSAGES_PER_SECOND="0",
        BOT_MESSAGES_PER_SECOND="0",
    )
    secret = api.token.rpartition(":")[2]
    yield watched
    assert secret not in watched.log
    assert watched.may_fail or "Traceback" not in watched.log


@pytest.fixture
def admin(api: BotApi) -> Admin:
    return Admin(api.person("Admin", id=1))
