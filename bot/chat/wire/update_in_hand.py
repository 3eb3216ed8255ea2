"""The update that is being handled, for code deep inside that logs it or gives it up.

A context variable, because python-telegram-bot hands an update to its handlers and to the error
handler but not to what they call. It decides nothing itself.
"""

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.pauses import GrowingPause


@dataclass(slots=True)
class Handling:
    """One update being handled: its id in the log, its chat and its outcome.

    Where ``is_repeated``, an earlier run of the bot may have done it. ``attempts`` counts how often
    it was postponed, ``doubts`` how often a message may have arrived without Telegram saying so.
    With ``postponed_s`` it is taken up again after so many seconds, and its chat waits until then;
    where ``is_chat_gone``, whatever else the chat asked is dropped. Once it ``is_concluded``, what a
    handler still does about it cannot be postponed. Once it ``is_acknowledged``, whoever pressed a button
    no longer waits for a note.

    ``done`` holds what was done already and must not be done again when it is taken up again.
    """

    log_id: str
    chat_id: int | None = None
    is_repeated: bool = False
    attempts: int = 0
    doubts: int = 0
    postponed_s: float | None = None
    is_chat_gone: bool = False
    is_concluded: bool = False
    is_acknowledged: bool = False
    begun_at: float = field(default_factory=time.monotonic)
    pause: GrowingPause = field(kw_only=True)
    done: dict[str, object] = field(default_factory=dict)

    @property
    def age_s(self) -> float:
        """The seconds since it was taken up first."""
        return time.monotonic() - self.begun_at

    def postpone(self, seconds: float | None) -> None:
        """Have it taken up again after some seconds; with None, after growing pauses."""
        growing_s = self.pause.grow()
        self.attempts += 1
        self.postponed_s = growing_s if seconds is None else seconds


in_hand: ContextVar[Handling | None] = ContextVar("in_hand", default=None)
"""The update that the current task handles; None outside of any."""
