"""The limits on questions of one person: their length, and a burst, then a number a minute.

Somebody who asks more is told once, and not again until a question of theirs is answered. People are
counted, not chats; admins are not limited.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from cachetools import LRUCache

from bot.rates import Rate

QUESTION_CHARACTERS = 1000
"""The most characters of a question."""


class Verdict(Enum):
    """The decision about a question."""

    ANSWERED = auto()
    REFUSED = auto()
    IGNORED = auto()


@dataclass(slots=True)
class _Asker:
    """The rate at which somebody asks, and whether they were told that it is too high."""

    rate: Rate
    is_told: bool = False


class Allowance:
    """Counts the questions of each person; 0 a minute is no limit."""

    def __init__(
        self, *, questions_per_minute: int, exempt_ids: Collection[int], most_people: int = 10_000
    ) -> None:
        """Limit everybody but those in ``exempt_ids``.

        Only the ``most_people`` who asked last are remembered.
        """
        self.questions_per_minute = questions_per_minute
        self._exempt_ids = frozenset(exempt_ids)
        self._askers: LRUCache[int, _Asker] = LRUCache(most_people)

    def judge(self, asker_id: int, asked_at: datetime) -> Verdict:
        """Count a question and decide about it: refused ones are told why, ignored ones were told before.

        A question counts as of when it was asked, however long it waited for the bot.
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
