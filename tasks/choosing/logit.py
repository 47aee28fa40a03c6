"""Logistic regression by Newton's steps, its weights held back as firmly as the data themselves say. No I/O.

How firmly comes from the evidence (MacKay, Neural Computation 4, 1992), for each group of features: no held-out rows are
needed, and nothing has to be tuned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_STEPS: Final = 30
LONGEST_STEP: Final = 2.0
CLOSE: Final = 1e-3
CLOSE_FIRMNESS: Final = 0.1  # as a ratio
WEAKEST: Final = 0.05
FIRMEST: Final = 1e4
USUAL: Final = 3.0
FARTHEST: Final = 30.0


def sigmoid(utility: Floats) -> Floats:
    """The chance of a log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(utility, -FARTHEST, FARTHEST))))


def fitted(features: Floats, right: Floats, counts: Floats, groups: NDArray[np.intp]) -> Floats:
    """The weight of each feature.

    Args:
        features: shape (rows, features).
        right: 0 to 1 for each row.
        counts: how much each row counts.
        groups: for each feature, the group that it is held back with: 0, 1, 2, …
    """
    weights = np.zeros(features.shape[1])
    sizes = np.bincount(groups)
    firm = np.full(len(sizes), USUAL)
    for _ in range(MOST_STEPS):
        held = firm[groups]
        chance = sigmoid(features @ weights)
        curved = features.T @ (features * (counts * chance * (1 - chance))[:, None])
        curved.flat[:: len(weights) + 1] += held  # the diagonal
        inverse = np.linalg.inv(curved)
        step = inverse @ (features.T @ (counts * (right - chance)) - held * weights)
        longest = float(np.abs(step).max(initial=0.0))
        weights = weights + step * min(1.0, LONGEST_STEP / max(longest, CLOSE))
        free = np.bincount(groups, 1 - held * np.diag(inverse), len(sizes))
        square = np.bincount(groups, weights**2, len(sizes))
        before, firm = firm, np.clip(free / np.maximum(square, 1e-12), WEAKEST, FIRMEST)
        if longest < CLOSE and np.abs(np.log(firm / before)).max() < CLOSE_FIRMNESS:
            break
    return np.asarray(weights)
