"""So many of something in a time, with a burst after silence.

The generic cell rate algorithm (ITU-T I.371, "virtual scheduling") keeps one time: that at which
the next would be due if all came evenly; a burst may run ahead of it. It neither waits nor
refuses: its users do.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Rate:
    """One every ``interval_s``, and up to ``burst`` at once after silence; times are in seconds."""

    interval_s: float
    burst: int
    due_at: float = 0.0

    def wait_for(self, now: float) -> float:
        """Return how many seconds the next place is away.

        >>> Rate(interval_s=2.0, burst=1, due_at=103.0).wait_for(100.0)
        3.0
        """
        return max(0.0, max(self.due_at, now) - now - (self.burst - 1) * self.interval_s)

    def reserve(self, now: float) -> float:
        """Take the next place, and return how many seconds it is away."""
        wait = self.wait_for(now)
        self.due_at = max(self.due_at, now) + self.interval_s
        return wait
