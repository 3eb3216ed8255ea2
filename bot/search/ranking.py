"""Ranking: the signals of each passage, weighed and added.

The weights were learned (``tests/benchmarks/learn_ranking.py``) so that the sentence that answers
gets the most of a softmax over the passages (Cao et al. 2007, "Learning to Rank: From Pairwise
Approach to Listwise Approach"), in corpora with and without parallels.
"""

import numpy as np
from numpy.typing import NDArray

from bot.search.encoder import Vectors
from bot.search.parameters import FigureCue, Parameters
from bot.search.signals import Evidence

_MOST_ODDS = 4.0


def weigh_evidence(evidence: Evidence, parameters: Parameters) -> NDArray[np.float32]:
    """Return one score a passage; float32, shape (passages,)."""
    own = parameters.own_weights @ evidence.signals + parameters.own_bias
    other = parameters.other_weights @ evidence.signals
    return np.where(evidence.is_own, own, other).astype(np.float32)


def judge_asks_figure(question: Vectors, cue: FigureCue) -> float:
    """Return the log odds that a question asks for a figure, at most 4 either way."""
    odds = float(cue.weights @ question) + cue.bias
    return min(max(odds, -_MOST_ODDS), _MOST_ODDS)
