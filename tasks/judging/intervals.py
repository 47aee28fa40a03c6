"""The mean of bounded scores with an interval that keeps its confidence for few and for skewed ones. No I/O.

Scores lie within bounds, and the worst that few of them hide is a rare value far from the rest: a row in twenty that
failed, and is not among the ten seen. So a quarter of an observation is added at each bound before Student's t is taken,
as Agresti and Coull (The American Statistician 52, 1998) add successes and failures to a share. Equal scores thus give no
interval of width 0, and the interval is at home within the bounds.

Chosen by simulation over fifteen shapes of paired differences (bell-shaped, skewed, at the ceiling, in steps, with ties,
with 3, 5, 10 and 20% failed rows, yes and no), 95% asked for; the worst coverage of any shape, and for bell-shaped ones of
spread 0.15 the usual width:

    method                          n = 10         n = 30         n = 100
    Student's t                     0.65, 0.21     0.86, 0.11     0.92, 0.06
    bootstrap-t                     0.77, 0.22     0.84, 0.11     0.92, 0.06
    BCa                             0.68, 0.17     0.82, 0.10     0.93, 0.06
    t and bootstrap-t together      0.77, 0.23     0.86, 0.11     0.94, 0.06
    a quarter at each bound, t      0.94, 0.38     0.95, 0.15     0.95, 0.07
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEVEL: Final = 0.95
AT_EACH_BOUND: Final = 0.25
SCORES: Final = (0.0, 1.0)
DIFFERENCES: Final = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it may lie.

    Attributes:
        low: None for a single observation, as is `high`: one says nothing of how they vary.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    level: float = LEVEL


def mean_interval(
    values: Sequence[float] | Numbers, bounds: tuple[float, float] = SCORES, level: float = LEVEL
) -> Interval | None:
    """The mean of values within `bounds`; None of none."""
    seen = np.asarray(values, dtype=np.float64)
    return sums_interval(len(seen), float(seen.sum()), float((seen**2).sum()), bounds, level)


def sums_interval(
    n: int, total: float, squares: float, bounds: tuple[float, float] = SCORES, level: float = LEVEL
) -> Interval | None:
    """The same from sums of the values and of their squares."""
    if not n:
        return None
    mean = total / n
    if n == 1:
        return Interval(mean, None, None, 1, level)
    lowest, highest = bounds
    weight = n + 2 * AT_EACH_BOUND
    centre = (total + AT_EACH_BOUND * (lowest + highest)) / weight
    apart = max(0.0, squares - 2 * centre * total + n * centre**2)
    apart += AT_EACH_BOUND * ((lowest - centre) ** 2 + (highest - centre) ** 2)
    half = student_t(level, n - 1) * sqrt(apart / weight / (weight - 1))
    low, high = max(lowest, min(centre - half, mean)), min(highest, max(centre + half, mean))
    return Interval(mean, low, high, n, level)


def student_t(level: float, freedom: int) -> float:
    """Within how many standard errors a mean lies with that confidence."""
    special: Any = import_module("scipy.special")
    return float(special.stdtrit(freedom, (1 + level) / 2))
