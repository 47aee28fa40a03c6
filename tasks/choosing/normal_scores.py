"""A signal in any unit as a normal score: how it ranks among what the same voter showed before. No I/O.

Confidences of two models, or lengths, are not comparable as they are: one is sure of everything, the other of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KNOTS: Final = 64
FEWEST: Final = 8  # signals; of fewer nothing can be told


@dataclass(frozen=True, slots=True)
class NormalScores:
    """Quantiles of what was seen, evenly many observations apart; empty where there was too little."""

    knots: tuple[float, ...] = ()

    def of(self, values: Floats) -> Floats:
        """About -2.5 to 2.5; 0, the middle, where a value is NaN or nothing is known. Equal values share their middle rank."""
        scores = np.zeros(len(values))
        known = ~np.isnan(values)
        if not self.knots or not known.any():
            return scores
        knots = np.array(self.knots)
        below = np.searchsorted(knots, values[known], side="left")
        upto = np.searchsorted(knots, values[known], side="right")
        table = [
            NormalDist().inv_cdf((half + 1) / (2 * len(knots) + 2)) for half in range(2 * len(knots) + 1)
        ]
        scores[known] = np.array(table)[below + upto]
        return scores


def seen_scores(values: Floats) -> NormalScores:
    """From what was seen; infinities are the lowest and the highest."""
    known = np.sort(values[~np.isnan(values)])
    if len(known) < FEWEST or known[0] == known[-1]:
        return NormalScores()
    places = np.linspace(0, len(known) - 1, min(KNOTS, len(known)))
    held = np.clip(known[np.round(places).astype(int)], -np.finfo(float).max, np.finfo(float).max)
    return NormalScores(tuple(float(each) for each in held))
