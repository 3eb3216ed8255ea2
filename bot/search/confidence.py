"""Confidence: how likely the best passage answers, as one number between 0 and 1.

Logistic regression over features that tell an answered question from one about the same subject
that the corpus does not answer. It was learned, together with its threshold, on questions whose
answering sentence was taken out of the corpus while its neighbours stayed
(``tests/learning/ranking.py``).
"""

import numpy as np
from numpy.typing import NDArray

from bot.search.ranking import Calibration
from bot.search.reading import Readings
from bot.search.signals import SIGNALS, Evidence

_RIVALS = 5
_CLAUSE = SIGNALS.index("clause")
_SENTENCE = SIGNALS.index("sentence")


def measure_confidence(
    evidence: Evidence, scores: NDArray[np.float32], readings: Readings
) -> dict[str, float]:
    """Return the features of one ranked question by name; BM25 alone gives fewer."""
    semantic = evidence.semantic
    if semantic is None:
        return _measure_lexical_confidence(evidence)
    order = np.argsort(-scores, kind="stable")
    best = int(order[0])
    rivals = order[1 : 1 + _RIVALS]
    rival = float(scores[rivals].mean()) if len(rivals) else 0.0
    spread = float(scores.std()) or 1.0
    reachable = max(evidence.reachable, 1e-6)
    return {
        "score": float(scores[best]),
        "height": (float(scores[best]) - float(scores.mean())) / spread,
        "margin": (float(scores[best]) - rival) / spread,
        "nearest": float(semantic.raw.max()),
        "near": float(semantic.raw[best]),
        "typical": float(semantic.raw.mean()),
        "spread": float(semantic.raw.std()),
        "sentence": float(semantic.sentence[best]),
        "clause": float(semantic.clause[best]),
        "context": float(semantic.context[best]),
        "sentence_lead": float(evidence.signals[_SENTENCE][best]),
        "clause_lead": float(evidence.signals[_CLAUSE][best]),
        "coverage": float(evidence.words[best]) / reachable,
        "best_coverage": float(evidence.words.max()) / reachable,
        "is_own": float(evidence.is_own[best]),
        "size": float(np.log(len(scores))),
        **_measure_readings(readings, best),
    }


def _measure_readings(readings: Readings, best: int) -> dict[str, float]:
    """Return what the reader says of the best passage, of any, and of the words in the best."""
    if not readings:
        return dict.fromkeys(("reading", "best_reading", "mean_reading", "words_found"), 0.0)
    logits = [reading.logit for reading in readings.values()]
    first = readings.get(best)
    return {
        "reading": first.logit if first else min(logits),
        "best_reading": max(logits),
        "mean_reading": float(np.mean(logits)),
        "words_found": float(np.exp(first.words.span_score)) if first else 0.0,
    }


def judge_confidence(
    evidence: Evidence, scores: NDArray[np.float32], readings: Readings, calibration: Calibration
) -> float:
    """Return the probability that the best passage answers; 0 if BM25 is alone and no word matched."""
    if evidence.semantic is None and not evidence.words.any():
        return 0.0
    features = measure_confidence(evidence, scores, readings)
    values = np.array([features[name] for name in calibration.features])
    return float(1 / (1 + np.exp(-(values @ calibration.weights + calibration.bias))))


def _measure_lexical_confidence(evidence: Evidence) -> dict[str, float]:
    reachable = max(evidence.reachable, 1e-6)
    ordered = np.sort(evidence.words)[::-1]
    rival = float(ordered[1 : 1 + _RIVALS].mean()) if len(ordered) > 1 else 0.0
    return {
        "coverage": float(ordered[0]) / reachable,
        "margin": (float(ordered[0]) - rival) / reachable,
        "size": float(np.log(len(ordered))),
    }
