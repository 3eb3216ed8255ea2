"""Pauses between attempts, each twice as long as the one before, up to a longest.

It does not wait itself.
"""

import math


class GrowingPause:
    """How long to pause next.

    >>> pause = GrowingPause(first_s=1.0, longest_s=3.0)
    >>> [pause.grow(), pause.grow(), pause.grow()]
    [1.0, 2.0, 3.0]
    """

    def __init__(self, first_s: float, longest_s: float = math.inf) -> None:
        self._first_s = min(first_s, longest_s)
        self._longest_s = longest_s
        self._next_s = self._first_s

    def grow(self) -> float:
        """Return how many seconds to pause now, and double the next pause."""
        pause_s = self._next_s
        self._next_s = min(2 * pause_s, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """Begin with the first pause again."""
        self._next_s = self._first_s
