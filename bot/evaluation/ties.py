"""Ties: the place of the right hit among hits of the same score.

None of them is ahead of the others. Counting the right one first would make a ranking that scores
everything 0 look perfect, so each measure here is its mean over all orders of the equals (McSherry
and Najork 2008, "Computing Information Retrieval Performance Measures Efficiently in the Presence
of Tied Scores").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Place:
    """The place of the first right hit: after ``above`` hits, among ``equals``, of which ``right`` are right.

    >>> first_of_two = Place(above=0, equals=2, right=1)
    >>> first_of_two.hit_within(1), first_of_two.reciprocal_rank, first_of_two.rank
    (0.5, 0.75, 1.5)
    """

    above: int
    equals: int = 1
    right: int = 1

    @property
    def is_first(self) -> bool:
        """Tell whether a right hit is first in every order of the equals."""
        return self.above == 0 and self.equals == self.right

    @property
    def rank(self) -> float:
        """The expected rank, from 1."""
        return self.above + (self.equals + 1) / (self.right + 1)

    @property
    def reciprocal_rank(self) -> float:
        """The expected 1 / rank."""
        chances = self._list_chances()
        return float(chances @ (1 / (self.above + 1 + np.arange(len(chances)))))

    def hit_within(self, limit: int) -> float:
        """Return the probability that the rank is at most ``limit``."""
        return float(self._list_chances()[: max(limit - self.above, 0)].sum())

    def _list_chances(self) -> NDArray[np.float64]:
        """Return the probabilities that the first right hit is the first, the second, … of the equals."""
        wrong = self.equals - self.right
        tried = np.arange(wrong + 1)
        still_wrong = np.cumprod(np.concatenate([[1.0], (wrong - tried[:-1]) / (self.equals - tried[:-1])]))
        return np.asarray(still_wrong * self.right / (self.equals - tried))


def find_place(scores: Sequence[float] | NDArray[np.float32], is_right: Sequence[bool]) -> Place | None:
    """Return the place of the first right hit in a ranking by score, or None where none is right."""
    found, right = np.asarray(scores), np.asarray(is_right, dtype=np.bool_)
    if not right.any():
        return None
    best = found[right].max()
    equals = found == best
    return Place(int((found > best).sum()), int(equals.sum()), int((equals & right).sum()))


def measure_average_precision(scores: NDArray[np.float32], right: Sequence[int]) -> float:
    """Return the expected average precision of a ranking whose ``right`` numbers are right.

    >>> measure_average_precision(np.array([3, 2, 1], np.float32), [0, 2])
    0.8333333333333333
    """
    found, places = np.unique(-scores[list(right)], return_counts=True)
    total, before = 0.0, 0
    for score, count in zip(-found, places, strict=True):
        above, equals = int((scores > score).sum()), int((scores == score).sum())
        step = np.arange(equals)
        # The chance that a place is right, times the precision there if it is.
        others = step * (count - 1) / max(equals - 1, 1)
        total += count / equals * float(((before + others + 1) / (above + step + 1)).sum())
        before += count
    return float(total / len(right))
