"""How many questions somebody may ask: a burst, then no more than so many a minute.

Whoever asks more is told once, and not again before a question of theirs was answered. It
counts people, not chats; admins are not counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from cachetools import LRUCache

from bot.rates import Rate


class Verdict(Enum):
    """What becomes of a question."""

    ANSWERED = auto()
    REFUSED = auto()
    IGNORED = auto()


@dataclass(slots=True)
class _Asker:
    """How fast somebody asks, and whether they were told that it is too fast."""

    rate: Rate
    is_told: bool = False


class Allowance:
    """Counts the questions of everybody; 0 a minute is no limit."""

    def __init__(
        self, *, questions_per_minute: int, exempt_ids: Collection[int], most_people: int = 10_000
    ) -> None:
        """Take how many questions are answered, and who may ask as many as they like.

        Only the ``most_people`` who asked last are remembered.
        """
        self.questions_per_minute = questions_per_minute
        self._exempt_ids = frozenset(exempt_ids)
        self._askers: LRUCache[int, _Asker] = LRUCache(most_people)

    def judge(self, asker_id: int, asked_at: datetime) -> Verdict:
        """Count a question, and say what becomes of it: refused ones are told, ignored ones were.

        What waited for the bot counts as of when it was asked.
        """
        if not self.questions_per_minute or asker_id in self._exempt_ids:
            return Verdict.ANSWERED
        now = asked_at.timestamp()
        asker = self._askers.get(asker_id)
        if asker is None:
            rate = Rate(60 / self.questions_per_minute, self.questions_per_minute)
            asker = self._askers[asker_id] = _Asker(rate)
        if not asker.rate.wait_for(now):
            asker.rate.reserve(now)
            asker.is_told = False
            return Verdict.ANSWERED
        if asker.is_told:
            return Verdict.IGNORED
        asker.is_told = True
        return Verdict.REFUSED
