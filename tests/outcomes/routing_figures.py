"""RouteLLM's figures of a router (arXiv 2406.18665, section 2.3, and its evals/evaluate.py).

PGR at a share of strong calls: the part of the gap between the weak and the strong model's mean score that is made up
when the share with the highest scores goes to the strong model. APGR: the area under PGR over the share of strong
calls, by the trapezoid rule at 0, 10, .. 100%; 0.5 for a router that knows nothing. CPT(x): the least share of strong calls
with a PGR of x, between those points on a straight line. Requests of equal score share a place in the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SHARES = np.linspace(0, 1, 11)


def order(scores: Numbers) -> NDArray[np.intp]:
    """The place of each request in the order of going to the strong model, equal ones at the same."""
    return np.unique(-scores, return_inverse=True)[1]


def made_up(places: NDArray[np.intp], gains: Numbers) -> Numbers:
    """PGR at 0, 10, .. 100% strong calls.

    Args:
        places: from `order`.
        gains: the strong model's score less the weak one's.
    """
    calls, gained = np.cumsum(np.bincount(places)), np.cumsum(np.bincount(places, gains))
    found: Numbers = np.interp(SHARES * len(gains), [0, *calls], [0, *gained]) / gains.sum()
    return found


def apgr(pgr: Numbers) -> float:
    """The area under PGR."""
    return float(np.trapezoid(pgr, SHARES))


def strong_calls_for(pgr: Numbers, part: float) -> float:
    """CPT: the least share of strong calls that makes up this part of the gap."""
    at = int(np.argmax(pgr >= part))
    if at == 0:
        return 0.0 if pgr[0] >= part else 1.0
    step = (part - pgr[at - 1]) / (pgr[at] - pgr[at - 1])
    return float(SHARES[at - 1] + step * (SHARES[at] - SHARES[at - 1]))
