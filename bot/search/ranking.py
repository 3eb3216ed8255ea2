"""Ranking: the signals of each passage, weighed and added, with weights that were learned.

The weights were learned (``tests/learning/ranking.py``) so that the sentence that answers
gets the most of a softmax over the passages (Cao et al. 2007, "Learning to Rank: From Pairwise
Approach to Listwise Approach"), in corpora with and without parallels. They are read from
``parameters.json``, which says how they were learned.
"""

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from bot.search.reading import Readings
from bot.search.signals import SIGNALS, Evidence

PARAMETERS_FILE = "parameters.json"
# A reader that is sure is not made surer, nor one that finds no words more unsure.
_MOST_LOGIT = 8.0
_LEAST_SPAN_SCORE = -6.0
# A heading was asked for if the question's words weigh this much in it, next to where they weigh most.
_ASKED_FOR = 0.4
# More than merging moves a passage by for its language.
_HELD_BACK_BY = 4.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression over named features; at ``threshold`` and above a question is answered."""

    features: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """Weights of the signals in the question's own language and in others, shape (signals,).

    ``reading_weights``: of the reader's logit, and of how sure it is of the words, shape (2,).
    """

    own_weights: NDArray[np.float32]
    other_weights: NDArray[np.float32]
    own_bias: float
    reading_weights: NDArray[np.float32]
    calibration: Calibration
    lexical_calibration: Calibration


def weigh_evidence(evidence: Evidence, parameters: Parameters) -> NDArray[np.float32]:
    """Return one score a passage; float32, shape (passages,). Without an encoder BM25 is the score."""
    if evidence.semantic is None:
        return evidence.words
    own = parameters.own_weights @ evidence.signals + parameters.own_bias
    other = parameters.other_weights @ evidence.signals
    return np.where(evidence.is_own, own, other).astype(np.float32)


def weigh_readings(
    scores: NDArray[np.float32], readings: Readings, parameters: Parameters
) -> NDArray[np.float32]:
    """Add what the reader says to the scores; a passage that was not read counts as the worst that was."""
    if not readings:
        return scores
    gains = measure_readings(readings) @ parameters.reading_weights
    added = np.full(len(scores), gains.min(), np.float32)
    added[list(readings)] = gains
    return scores + added


def weigh_later_readings(
    scores: NDArray[np.float32], readings: Readings, later: Readings, parameters: Parameters
) -> NDArray[np.float32]:
    """Add what was read after ``readings``, until when it counted as the worst of these."""
    least = (measure_readings(readings) @ parameters.reading_weights).min()
    weighed = scores.copy()
    weighed[list(later)] += measure_readings(later) @ parameters.reading_weights - least
    return weighed


def measure_readings(readings: Readings) -> NDArray[np.float32]:
    """Return each reading's logit, and how sure it is of the words, within bounds; shape (readings, 2)."""
    table = [(reading.logit, reading.words.span_score) for reading in readings.values()]
    bounds = np.array([[-_MOST_LOGIT, _LEAST_SPAN_SCORE], [_MOST_LOGIT, 0.0]])
    return np.asarray(np.clip(np.array(table), *bounds), np.float32)


def hold_back_headings(
    scores: NDArray[np.float32], is_heading: NDArray[np.bool_], words: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Lower the headings whose words were not asked for below all other passages.

    ``words`` is how much the words of the question weigh in each passage. A heading is near to every
    question about its subject, and answers none of them.
    """
    held = is_heading & (words <= _ASKED_FOR * words.max())
    if not held.any() or held.all():
        return scores
    lowest = scores[~held].min() - _HELD_BACK_BY
    return np.where(held, np.minimum(scores, lowest), scores).astype(np.float32)


def load_parameters() -> Parameters:
    """Read the parameters that come with the package."""
    data = json.loads(files(__package__).joinpath(PARAMETERS_FILE).read_text("utf-8"))
    weights = data["signals"]
    return Parameters(
        own_weights=np.array([weights[name]["own"] for name in SIGNALS], np.float32),
        other_weights=np.array([weights[name]["other"] for name in SIGNALS], np.float32),
        own_bias=data["own_bias"],
        reading_weights=np.array([data["reading"]["logit"], data["reading"]["words"]], np.float32),
        calibration=_parse_calibration(data["confidence"]),
        lexical_calibration=_parse_calibration(data["confidence_without_encoder"]),
    )


def _parse_calibration(data: dict[str, dict[str, float] | float]) -> Calibration:
    weights = data["weights"]
    bias, threshold = data["bias"], data["threshold"]
    if not isinstance(weights, dict) or isinstance(bias, dict) or isinstance(threshold, dict):
        message = f"{PARAMETERS_FILE}: a confidence has weights by name, a bias and a threshold"
        raise TypeError(message)
    return Calibration(tuple(weights), np.array(list(weights.values())), bias, threshold)
