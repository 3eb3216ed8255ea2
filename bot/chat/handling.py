"""The update that is being handled, for those deep inside who log or give up on it.

A context variable, because python-telegram-bot hands an update to its handlers and to the error
handler but not to what they call. It decides nothing itself.
"""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Handling:
    """One update in hand: its id in the log, and when to take it up again if it must wait."""

    log_id: str
    postponed_s: float | None = None


in_hand: ContextVar[Handling | None] = ContextVar("in_hand", default=None)
"""What the current task handles; None outside of any update."""
