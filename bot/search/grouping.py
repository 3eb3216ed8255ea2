"""Grouping: questions that one passage would answer, in whichever languages they are asked.

Average-linkage agglomerative clustering (Sokal and Michener 1958, "A Statistical Method for
Evaluating Systematic Relationships"): the two groups whose questions are on average the most
similar become one, for as long as that average is at least a threshold. The mean cosine of two groups
is the product of their mean vectors, so a group is its mean vector. Nearest neighbours are followed
until two groups are each other's (Murtagh 1983, "A Survey of Recent Advances in Hierarchical
Clustering Algorithms"), which gives the same groups in time that grows with the square of the
number of questions. Only so many are compared with each other. The others come in chunks, one product
of matrices each: a question joins the group that it is most similar to, and those of a chunk that
join none are grouped among themselves. So the time grows with the number of questions times that of groups,
and the memory is bounded.

The thresholds are in ``grouping.json``, chosen and measured by ``python -m tests.benchmarks.grouping``.
It does not embed anything.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from bot.search.encoder import Vectors

THRESHOLDS_FILE = "grouping.json"
# Their similarities take 36 MB.
_MOST_COMPARED = 3_000
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which mean cosine two groups are one, and from which a question has a pin's meaning."""

    same_meaning: float
    pinned: float


def load_thresholds() -> Thresholds:
    """Read the thresholds that come with the package."""
    data = json.loads(files(__package__).joinpath(THRESHOLDS_FILE).read_text("utf-8"))
    return Thresholds(same_meaning=data["same_meaning"], pinned=data["pinned"])


def group_vectors(
    vectors: Vectors, threshold: float, *, most_compared: int = _MOST_COMPARED
) -> list[list[int]]:
    """Return the rows of each group in their order, the groups in the order of their first rows.

    ``vectors`` have length 1. The first ``most_compared`` are compared with each other.
    """
    groups = _link(vectors[:most_compared], threshold)
    means = [vectors[group].mean(axis=0) for group in groups]
    for start in range(most_compared, len(vectors), _CHUNK):
        chunk = vectors[start : start + _CHUNK]
        similarities = chunk @ np.stack(means).T
        nearest = similarities.argmax(axis=1)
        joins = similarities[np.arange(len(chunk)), nearest] >= threshold
        for row in np.flatnonzero(joins):
            groups[nearest[row]].append(start + int(row))
        for joined in np.unique(nearest[joins]):
            means[joined] = vectors[groups[joined]].mean(axis=0)
        left = start + np.flatnonzero(~joins)
        new = [left[group].tolist() for group in _link(vectors[left], threshold)]
        groups += new
        means += [vectors[group].mean(axis=0) for group in new]
    return sorted(map(sorted, groups))


def group_equal(texts: Sequence[tuple[str, ...]]) -> list[list[int]]:
    """Return the rows of equal texts, for a machine without vectors."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, text in enumerate(texts):
        groups.setdefault(text, []).append(row)
    return list(groups.values())


def _link(vectors: Vectors, threshold: float) -> list[list[int]]:
    groups: dict[int, list[int]] = {row: [row] for row in range(len(vectors))}
    similarities: NDArray[np.float32] = np.asarray(vectors @ vectors.T, np.float32)
    np.fill_diagonal(similarities, -np.inf)
    done: list[list[int]] = []
    chain: list[int] = []
    while groups:
        if not chain:
            chain.append(next(iter(groups)))
        here = chain[-1]
        nearest = int(similarities[here].argmax())
        if similarities[here, nearest] < threshold:
            # Nothing that others become will be nearer to it: an average is never above its parts.
            done.append(groups.pop(chain.pop()))
            _take_out(similarities, here)
        elif len(chain) > 1 and similarities[here, chain[-2]] >= similarities[here, nearest]:
            other = chain[-2]
            del chain[-2:]
            _unite(similarities, here, other, len(groups[here]), len(groups[other]))
            groups[here] += groups.pop(other)
        else:
            chain.append(nearest)
    return done


def _unite(similarities: NDArray[np.float32], one: int, other: int, size: int, other_size: int) -> None:
    united = (size * similarities[one] + other_size * similarities[other]) / (size + other_size)
    _take_out(similarities, other)
    similarities[one] = similarities[:, one] = united
    similarities[one, [one, other]] = similarities[[one, other], one] = -np.inf


def _take_out(similarities: NDArray[np.float32], row: int) -> None:
    similarities[row] = similarities[:, row] = -np.inf
