"""Signals: the evidence for each passage, on scales that can be added.

Similarities are standardised over the passages, because only their differences mean something.
BM25 is divided by the root of the question's length and centred within the question's own and
within the other languages. It is not standardised, because that would magnify the noise of a
question that hardly matches anywhere. Each signal may weigh differently in the question's own
language and in others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.search.encoder import Vectors
from bot.search.lexical import LexicalScores
from bot.search.semantic import SemanticScores

Signal = NDArray[np.float32]
"""float32, shape (passages,)."""

SIGNALS = (
    "sentence",
    "clause",
    "context",
    "words",
)
"""The signals in the order of the rows of ``Evidence.signals``."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the ranking, each of which can be left out to measure its worth."""

    sentences: bool = True
    clauses: bool = True
    context: bool = True
    hubness: bool = True
    words: bool = True
    translation: bool = True
    reading: bool = True


ALL_PARTS = Parts()
"""The bot uses all of them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that speaks for each passage; ``signals`` is float32, shape (signals, passages).

    ``meaning`` is the question's own vector, centred, shape (dimension,), by which pins are looked up.
    """

    signals: NDArray[np.float32]
    is_own: NDArray[np.bool_]
    semantic: SemanticScores | None
    words: Signal
    reachable: float
    meaning: Vectors | None


def gather_evidence(  # noqa: PLR0913 - what is measured
    *,
    semantic: SemanticScores | None,
    lexical: LexicalScores,
    word_count: int,
    is_own: NDArray[np.bool_],
    parts: Parts,
    meaning: Vectors | None,
) -> Evidence:
    """Put all measurements on common scales; a part that is left out or was not measured is 0."""
    none = np.zeros(len(is_own), np.float32)
    root = max(word_count, 1) ** 0.5
    rows = {
        "sentence": _standardise(semantic.sentence) if semantic and parts.sentences else none,
        "clause": _standardise(semantic.clause) if semantic and parts.clauses else none,
        "context": _standardise(semantic.context) if semantic and parts.context else none,
        "words": _centre_groups(lexical.words / root, is_own) if parts.words else none,
    }
    signals = np.stack([rows[name] for name in SIGNALS]).astype(np.float32)
    return Evidence(signals, is_own, semantic, lexical.words, lexical.reachable, meaning)


def _standardise(scores: Signal) -> Signal:
    spread = scores.std()
    return np.asarray((scores - scores.mean()) / (spread if spread > 0 else 1.0), dtype=np.float32)


def _centre_groups(scores: Signal, is_own: NDArray[np.bool_]) -> Signal:
    centred = scores.astype(np.float32)
    for group in (is_own, ~is_own):
        if group.any():
            centred[group] -= centred[group].mean()
    return centred
