"""Flood limits, off unless a test switches them on.

Telegram does not publish its algorithm. This one counts what was sent within a sliding window and
asks to wait until the window has room; refused calls do not count.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass

from bot.sandbox.limits.parameters import names
from bot.sandbox.limits.refusals import too_many_requests

LIMITED = names(
    "sendMessage sendDocument sendPhoto copyMessage forwardMessage "
    "editMessageText editMessageCaption editMessageMedia editMessageReplyMarkup"
)


@dataclass(frozen=True)
class Rate:
    """At most so many in so many seconds."""

    count: int
    seconds: float


@dataclass(frozen=True)
class FloodLimits:
    """Telegram's published limits, unless given others (smaller windows keep tests short)."""

    chat: Rate = Rate(1, 1)
    group: Rate = Rate(20, 60)
    overall: Rate = Rate(30, 1)


class FloodControl:
    """What was sent lately, by chat."""

    def __init__(self, limits: FloodLimits | None) -> None:
        """Keep to the limits; None means there are none."""
        self.limits = limits
        self.refused = 0
        self._sent: defaultdict[object, deque[float]] = defaultdict(deque)

    def check(self, method: str, chat_id: object, *, is_group: bool) -> None:
        """Count a call, or raise a 429."""
        if self.limits is None or method not in LIMITED:
            return
        now = time.monotonic()
        rates = {("chat", chat_id): self.limits.chat, ("overall",): self.limits.overall}
        if is_group:
            rates["group", chat_id] = self.limits.group
        wait = max(self._wait(key, rate, now) for key, rate in rates.items())
        if wait > 0:
            self.refused += 1
            raise too_many_requests(math.ceil(wait))
        for key in rates:
            self._sent[key].append(now)

    def _wait(self, key: object, rate: Rate, now: float) -> float:
        sent = self._sent[key]
        while sent and sent[0] <= now - rate.seconds:
            sent.popleft()
        return sent[-rate.count] + rate.seconds - now if len(sent) >= rate.count else 0.0
