"""What the extra calls bought: the mean difference in quality over pairs of texts for the same request. No I/O.

A difference is that of the text that was made and the one of the single call, by the same judge, from -1 to 1. A text
that could not be made counts as 0.

With one judge the interval is over requests only: that another judge might prefer other texts is not in it, and it says
so. With several, judges are taken as drawn from many such judges (two-way random effects: requests × judges, as readers
and cases in Obuchowski and Rockette, Communications in Statistics 24, 1995), and the interval is over requests and judges.
The two parts are joined by their own intervals (MOVER, Zou and Donner, Statistics in Medicine 27, 2008), the judges' with
Student's t of one degree of freedom less than judges: two judges that differ say little of a third, so that interval is
wide. In simulation with 2, 3 and 5 judges, 10 to 100 pairs and judges that differ by 0 to 0.1, its coverage is 0.935 or
more; that over requests alone falls to 0.47.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tasks.judging.intervals import DIFFERENCES, LEVEL, mean_interval, student_t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

REGULAR: Final = 0.5  # share of the pairs that a judge has seen whose taste is told from the others'
Over = Literal["requests", "requests and judges"]


@dataclass(frozen=True, slots=True)
class Uplift:
    """How much better the made texts are on average.

    Attributes:
        low: None for a single pair, as is `high`.
        n: pairs.
        judges: that told how judges differ, 1 for one.
        over: what the interval answers for.
        between_judges: standard deviation of the judges' own uplifts beyond chance; None with one judge.
        spread: standard deviation of the pairs' differences, each the mean over its judges; None for a single pair.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    level: float = LEVEL
    judges: int = 1
    over: Over = "requests"
    between_judges: float | None = None
    spread: float | None = None

    @property
    def caution(self) -> str:
        """What the interval does not answer for; empty if nothing."""
        if self.over == "requests":
            return "one judge scored the pairs: the interval is over requests only, this judge's own taste is not in it"
        if self.judges == 2:
            return "two judges say little of how judges differ: the interval is wide where they do"
        return ""


def uplift(differences: Sequence[float] | Numbers, level: float = LEVEL) -> Uplift | None:
    """The uplift over pairs; None of none.

    Args:
        differences: one per pair; of several judges one row per pair with a column per judge, not a number where a
            judge has not scored both texts. Pairs that no judge has scored are left out.
    """
    table = np.asarray(differences, dtype=np.float64)
    if not table.size:
        return None
    table = table.reshape(len(table), -1)
    table = table[~np.isnan(table).all(axis=1)]
    if not len(table):
        return None
    means = np.nanmean(table, axis=1)
    found = mean_interval(means, DIFFERENCES, level)
    if found is None or found.low is None or found.high is None:
        return None if found is None else Uplift(found.mean, None, None, found.n, level)
    spread = float(means.std(ddof=1))
    variance = _variance_of_judges(table)
    if variance is None:
        return Uplift(found.mean, found.low, found.high, found.n, level, spread=spread)
    between, judges = variance
    extra = student_t(level, judges - 1) * sqrt(between / judges)
    low, high = joined(found.mean, (found.mean - found.low, extra), (found.high - found.mean, extra))
    return Uplift(found.mean, low, high, found.n, level, judges, "requests and judges", sqrt(between), spread)


def joined(mean: float, below: Sequence[float], above: Sequence[float]) -> tuple[float, float]:
    """The interval of a sum of independent parts from how far each part's reaches `below` and `above` its mean (MOVER)."""
    lowest, highest = DIFFERENCES
    return max(lowest, mean - _length(below)), min(highest, mean + _length(above))


def _length(parts: Sequence[float]) -> float:
    return sqrt(sum(each * each for each in parts))


def _variance_of_judges(table: Numbers) -> tuple[float, int] | None:
    """How judges vary, by analysis of variance over the pairs that all regular judges scored; None with one judge."""
    regular = (~np.isnan(table)).mean(axis=0) >= REGULAR
    scored = table[:, regular]
    scored = scored[~np.isnan(scored).any(axis=1)]
    n, judges = scored.shape
    if n < 2 or judges < 2:
        return None
    of_pairs, of_judges = scored.mean(axis=1, keepdims=True), scored.mean(axis=0, keepdims=True)
    mean = float(scored.mean())
    between = n * float(((of_judges - mean) ** 2).sum()) / (judges - 1)
    rest = float(((scored - of_pairs - of_judges + mean) ** 2).sum()) / ((n - 1) * (judges - 1))
    return max(0.0, between - rest) / n, judges
