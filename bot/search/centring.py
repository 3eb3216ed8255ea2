"""Centring: removes the language from vectors, and discounts those that are near to everything.

A multilingual model puts texts of one language near each other whatever they say. Where passages or
words are compared with each other, subtracting from each vector the mean of its language removes most
of it (Yang et al. 2021, "A Simple
and Effective Method To Eliminate the Self Language Bias in Multilingual Representations",
section 3; here the mean instead of principal components). A language with few passages does not
know its mean well: it is drawn towards the mean of all languages.

Some vectors are near to everything (hubs). Each is discounted by how near it is to its nearest
neighbours anyway (Conneau et al. 2018, "Word Translation Without Parallel Data", section 2.3:
cross-domain similarity local scaling).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.search.encoder import Vectors

_PRIOR_WEIGHT = 3.0
_HUB_NEIGHBOURS = 8
_HUB_PART = 0.5
_MOST_PROBES = 2000
_BLOCK = 1024


def normalise(vectors: Vectors) -> Vectors:
    """Scale each row to length 1; a row of zeros stays so."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


class LanguageMeans:
    """The mean vector of each language of a corpus, and of the languages together."""

    def __init__(self, vectors: Vectors, languages: Sequence[str]) -> None:
        """Average one vector a passage, of shape (passages, dimension), by the passages' languages."""
        self._means: dict[str, Vectors] = {}
        rows = {
            language: [row for row, at in enumerate(languages) if at == language]
            for language in set(languages)
        }
        means = {language: vectors[found].mean(axis=0) for language, found in sorted(rows.items())}
        self._overall: Vectors = (
            np.mean(list(means.values()), axis=0) if means else np.zeros(vectors.shape[1], np.float32)
        )
        for language, mean in means.items():
            count = len(rows[language])
            drawn = (count * mean + _PRIOR_WEIGHT * self._overall) / (count + _PRIOR_WEIGHT)
            self._means[language] = drawn.astype(np.float32)

    def centre(self, vectors: Vectors, languages: Sequence[str]) -> Vectors:
        """Subtract from each row the mean of its language, and normalise."""
        if not languages:
            return vectors
        return normalise(vectors - np.stack([self._means[language] for language in languages]))

    def centre_word(self, vectors: Vectors, language: str) -> Vectors:
        """Subtract from words the mean word of the question's language, and normalise."""
        return normalise(vectors - self._means.get(language, self._overall))


def measure_hubness(targets: Vectors, owners: NDArray[np.intp], probes: Vectors) -> NDArray[np.float32]:
    """Return the discount on each target's similarities; float32, shape (targets,).

    ``owners`` are the rows of ``probes`` that the targets stem from; a target's own row does not
    count as its neighbour.
    """
    count = min(_HUB_NEIGHBOURS, len(probes) - 1)
    if count < 1:
        return np.zeros(len(targets), np.float32)
    step = -(-len(probes) // _MOST_PROBES)
    chosen = np.arange(0, len(probes), step)
    hubness = np.empty(len(targets), np.float32)
    for start in range(0, len(targets), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarities = targets[block] @ probes[chosen].T
        similarities[owners[block, None] == chosen[None, :]] = -1.0
        nearest = np.partition(similarities, -min(count, len(chosen)), axis=1)[:, -min(count, len(chosen)) :]
        hubness[block] = nearest.mean(axis=1)
    return _HUB_PART * hubness
