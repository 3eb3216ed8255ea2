"""How many questions somebody may ask: a burst, then no more than so many a minute.

Whoever asks more is told once, and not again before a question of theirs was answered. It
counts people, not chats; admins are not counted.
"""

from collections.abc import Collection
from datetime import datetime
from enum import Enum, auto

from bot.rates import Rate

_MOST_PEOPLE = 10_000


class Verdict(Enum):
    """What becomes of a question."""

    ANSWERED = auto()
    REFUSED = auto()
    IGNORED = auto()


class Allowance:
    """Counts the questions of everybody; 0 a minute is no limit."""

    def __init__(self, *, questions_per_minute: int, exempt_ids: Collection[int]) -> None:
        """Take how many questions are answered, and who may ask as many as they like."""
        self.questions_per_minute = questions_per_minute
        self._exempt_ids = frozenset(exempt_ids)
        self._rates: dict[int, Rate] = {}
        self._told: set[int] = set()

    def judge(self, asker_id: int, asked_at: datetime) -> Verdict:
        """Count a question, and say what becomes of it: refused ones are told, ignored ones were.

        What waited for the bot counts as of when it was asked.
        """
        if not self.questions_per_minute or asker_id in self._exempt_ids:
            return Verdict.ANSWERED
        now = asked_at.timestamp()
        rate = self._rates.get(asker_id)
        if rate is None:
            if len(self._rates) >= _MOST_PEOPLE:
                self._forget_idle(now)
            rate = self._rates[asker_id] = Rate(60 / self.questions_per_minute, self.questions_per_minute)
        if not rate.wait_for(now):
            rate.reserve(now)
            self._told.discard(asker_id)
            return Verdict.ANSWERED
        if asker_id in self._told:
            return Verdict.IGNORED
        self._told.add(asker_id)
        return Verdict.REFUSED

    def _forget_idle(self, now: float) -> None:
        self._rates = {asker: rate for asker, rate in self._rates.items() if not rate.is_idle(now)}
        self._told &= self._rates.keys()
