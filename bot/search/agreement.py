"""Agreement: which passages of different languages say the same, so that they are shown as one.

Two passages say the same if they are nearer to each other than either is to the passages of its
own language, which share its subject but hardly ever repeat it. This margin (Artetxe and Schwenk
2019, "Margin-based Parallel Corpus Mining with Multilingual Sentence Embeddings", section 3.2;
here a difference, and against the own language) means the same in a corpus about one event and in
one about everything. Measured on news that nothing was learned from, in corpora of 3 to 12 articles in
two to four languages: 99 of 100 best strangers have a margin below 0.23 to 0.31, half of all parallels
one above 0.3 to 0.38. The threshold is high, since a wrong twin costs more in a corpus with few
parallels than a missed one in a corpus with many.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.search.encoder import Vectors

_OWN_NEIGHBOURS = 4
_MARGIN = 0.28
_SLOPE = 0.04
_MOST_TWINS = 6
_LEAST_WEIGHT = 0.02
_BLOCK = 1024
# Similarities at a time: 64 MB, whatever the number of passages.
_MOST_AT_ONCE = 16_777_216


class Agreement:
    """The twins of each passage: passages of other languages that say the same. Immutable."""

    def __init__(self, sentences: Vectors, languages: Sequence[str]) -> None:
        """Find the twins by the passages' centred vectors."""
        count = len(sentences)
        codes = (
            np.unique(np.array(languages, dtype=object), return_inverse=True)[1]
            if count
            else np.zeros(0, int)
        )
        reach = _measure_reach(sentences, codes)
        width = min(_MOST_TWINS, max(count, 1))
        twins = np.zeros((count, width), np.intp)
        likely = np.zeros((count, width), np.float32)
        size = _choose_block(count)
        for start in range(0, count, size):
            rows = np.arange(start, min(start + size, count))
            margins = sentences[rows] @ sentences.T - (reach[rows, None] + reach[None, :]) / 2
            margins[codes[rows, None] == codes[None, :]] = -np.inf
            best = np.argpartition(-margins, width - 1, axis=1)[:, :width]
            weights = 1 / (1 + np.exp(-(np.take_along_axis(margins, best, axis=1) - _MARGIN) / _SLOPE))
            twins[rows] = best
            likely[rows] = np.where(weights < _LEAST_WEIGHT, 0, weights)
        self._pairs = {
            (int(one), int(twins[one, place])): float(likely[one, place])
            for one, place in np.argwhere(likely > 0)
        }

    def weigh(self, one: int, other: int) -> float:
        """Return how likely two passages say the same, between 0 and 1."""
        return max(self._pairs.get((one, other), 0.0), self._pairs.get((other, one), 0.0))


def _choose_block(count: int) -> int:
    """Return how many rows may be compared with ``count`` others at once."""
    return min(_BLOCK, max(1, _MOST_AT_ONCE // max(count, 1)))


def _measure_reach(sentences: Vectors, codes: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the mean similarity of each passage to its nearest ones in its language; shape (passages,)."""
    reach = np.full(len(sentences), np.nan, np.float32)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        count = min(_OWN_NEIGHBOURS, len(rows) - 1)
        if count < 1:
            continue
        size = _choose_block(len(rows))
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            similarities = sentences[block] @ sentences[rows].T
            similarities[block[:, None] == rows[None, :]] = -1.0
            reach[block] = np.partition(similarities, -count, axis=1)[:, -count:].mean(axis=1)
    known = ~np.isnan(reach)
    return np.where(known, reach, reach[known].mean() if known.any() else 0.0).astype(np.float32)
