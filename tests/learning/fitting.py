"""Small models, fitted: logistic regression, and a linear score for ranking lists."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NEWTON_STEPS = 30
_ADAM_RATE = 0.05


def fit_logistic(
    table: NDArray[np.float64], target: NDArray[np.bool_], penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Fit a logistic regression by Newton's method on standardised columns; ridge penalty.

    ``table`` has shape (rows, columns). Returns one weight a column, for columns as they are, and a bias.
    """
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-9
    design = np.concatenate([(table - mean) / spread, np.ones((len(table), 1))], axis=1)
    ridge = np.full(design.shape[1], penalty)
    ridge[-1] = 0
    weights = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (probability - target) / len(table) + ridge * weights
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design / len(table)
        weights -= np.linalg.solve(curvature + np.diag(ridge + 1e-9), gradient)
    return weights[:-1] / spread, float(weights[-1] - weights[:-1] @ (mean / spread))


def fit_listwise(
    lists: Sequence[NDArray[np.float32]],
    is_right: Sequence[NDArray[np.bool_]],
    penalty: float = 0.03,
    steps: int = 300,
) -> NDArray[np.float32]:
    """Fit a linear score so that right rows get most of their list's softmax, by Adam.

    Each list has shape (rows, columns), and at least one row that is right. Cao et al. 2007,
    "Learning to Rank: From Pairwise Approach to Listwise Approach".
    """
    table = np.concatenate(lists)
    right = np.concatenate(is_right)
    sizes = np.array([len(rows) for rows in lists])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    spread = table.std(axis=0) + 1e-9
    table = table / spread
    weights = np.zeros(table.shape[1], np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        scores = table @ weights
        exponent = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        share = exponent / np.repeat(np.add.reduceat(exponent, starts), sizes)
        right_share = np.maximum(np.repeat(np.add.reduceat(share * right, starts), sizes), 1e-12)
        gradient = table.T @ (share - share * right / right_share) / len(sizes) + penalty * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights = weights - (
            _ADAM_RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        ).astype(np.float32)
    return np.asarray(weights / spread, np.float32)
