"""The people of the load benchmark: what they ask, and what comes back to them."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from bot.evaluation.questions import read_questions
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.settings import PROJECT
from tests.benchmarks.load_peers import Running

_QUESTIONS = PROJECT / "tests" / "data" / "questions_tuning.toml"
_SEED = 5
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody asks, and the language of their Telegram."""

    text: str
    language: str


def ask_differently() -> Iterator[Words]:
    """Yield questions in several languages for ever, no two alike.

    Once all have been asked they come again, each with words of others in its language.
    """
    questions = read_questions(_QUESTIONS)
    chance = random.Random(_SEED)  # noqa: S311 - only an order
    words: dict[str, list[str]] = defaultdict(list)
    for known in questions:
        words[known.language] += known.question.split()
    asked: set[str] = set()
    for lap in count():
        chance.shuffle(questions)
        for known in questions:
            language = known.language
            # Longer and longer ones would be another load than the first.
            more = chance.choices(words[language], k=min(lap, 3))
            text = " ".join([known.question, *more])
            if text not in asked:
                asked.add(text)
                yield Words(text, language)


class Crowd:
    """People who ask a bot. They wait for a reply to each question."""

    def __init__(self, api: BotApi, running: Running) -> None:
        """Take the server and the bot that polls there."""
        self._api = api
        self._running = running
        self._asked_at: dict[tuple[int, int], float] = {}
        self._replied_at: dict[tuple[int, int], float] = {}
        self._owed: dict[int, list[int]] = defaultdict(list)
        self._read = len(api.calls)
        self.repeated = 0
        """Replies to what had been replied to."""

    @property
    def asked(self) -> int:
        """How many questions were asked."""
        return len(self._asked_at)

    @property
    def replied(self) -> int:
        """How many of them have a reply."""
        return len(self._replied_at)

    @property
    def reply_times(self) -> list[float]:
        """When the replies came."""
        return sorted(self._replied_at.values())

    def ask(self, person: Person, text: str) -> None:
        """Put a question into the server."""
        message = person.says(text)
        self._owed[person.id].append(message.message_id)
        self._asked_at[person.id, message.message_id] = self._api.clock.now()

    def read_replies(self) -> None:
        """Take notice of the replies that have come since the last time."""
        calls = self._api.calls
        while self._read < len(calls):
            call = calls[self._read]
            if call.method == "sendMessage":
                if not call.is_finished:
                    return
                if call.is_ok:
                    self._note(
                        int(call.parameters["chat_id"]), call.parameters.get("reply_parameters"), call.at
                    )
            self._read += 1

    async def wait(self) -> None:
        """Wait until everybody has a reply.

        Raises:
            PeerError: somebody gets none.
        """
        known, known_at = -1, time.monotonic()
        while self.replied < self.asked:
            await asyncio.sleep(0.02)
            self.read_replies()
            now = time.monotonic()
            if self.replied != known:
                known, known_at = self.replied, now
            elif now - known_at > _PATIENCE_S:
                self._running.fail(f"owes {self.asked - known} of {self.asked} people a reply")
            self._running.check()

    def list_latencies_ms(self) -> tuple[float, ...]:
        """Return how long each reply took."""
        return tuple((at - self._asked_at[question]) * 1000 for question, at in self._replied_at.items())

    def _note(self, chat_id: int, answered: object, at: float) -> None:
        """Match a reply to a question: the echo bot does not say which, so it is the oldest one."""
        owed = self._owed.get(chat_id, [])
        if isinstance(answered, dict):
            found = [number for number in owed if number == answered.get("message_id")]
        else:
            found = owed[:1]
        if not found:
            self.repeated += 1
            return
        owed.remove(found[0])
        self._replied_at[chat_id, found[0]] = at
