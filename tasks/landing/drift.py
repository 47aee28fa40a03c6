"""Whether a night's figure has drifted from the nights before: one rule for a jump, one for a creep. No I/O.

A jump is a figure further from the median of the former nights than 3.5 of their MAD-sigmas (the modified z-score of
Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). With few nights MAD says little, so the limit is 1 + 4/n
times as wide: of figures that stray normally about 1.5% are flagged for nothing with 8 nights, 0.2% with 30. A creep is a Mann-Kendall trend
(Mann 1945, Kendall 1975) with p < 0.001, two-sided, whose Theil-Sen slope (Sen 1968) sums up to enough over the nights.
Either counts only if the change is also large enough for anybody to care.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

JUMP: Final = 3.5
FEW_NIGHTS: Final = 4.0  # the limit is 1 + 4/n times as wide with n former nights
FEWEST_NIGHTS: Final = 8
CREEP: Final = 3.29  # of the standard normal: p < 0.001, two-sided
FEWEST_TO_CREEP: Final = 12
MAD_SIGMA: Final = 1.4826
MEAN_SIGMA: Final = 1.2533  # where more than half of the nights were alike, so that MAD is 0

Kind = Literal["jump", "creep"]


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of one night.

    Attributes:
        of: how many rows, judged rows, pairs or calls it is of; a figure of few strays further.
    """

    value: float
    of: int


@dataclass(frozen=True, slots=True)
class Least:
    """The least change that counts: the larger of the two.

    Attributes:
        share: of the median of the former nights.
    """

    absolute: float
    share: float = 0.0

    def of(self, median: float) -> float:
        return max(self.absolute, self.share * abs(median))


@dataclass(frozen=True, slots=True)
class Drift:
    """A figure that has drifted.

    Attributes:
        before: of a jump the median of the former nights; of a creep where the slope begins.
        now: of a jump tonight's figure; of a creep where the slope ends.
        nights: former ones of a jump; of a creep those of the slope, tonight included.
    """

    kind: Kind
    before: float
    now: float
    nights: int


@dataclass(frozen=True, slots=True)
class Range:
    """Where a night's figure is expected: `median` and how far from it a jump begins."""

    median: float
    reach: float
    nights: int

    def within(self, bounds: tuple[float, float]) -> tuple[float, float]:
        """Its ends, as far as a figure with these bounds can go."""
        lowest, highest = bounds
        return max(lowest, self.median - self.reach), min(highest, self.median + self.reach)


def expected(tonight: Point, former: Sequence[Point], least: Least, *, is_share: bool) -> Range | None:
    """The usual range; None with too few former nights.

    Args:
        is_share: of rows or calls, 0..1: it strays at least as a share of so many does by chance.
    """
    if len(former) < FEWEST_NIGHTS:
        return None
    values = np.array([each.value for each in former])
    median = float(np.median(values))
    sigma = _sigma(values, median) * _smaller(tonight, former)
    if is_share and tonight.of:
        usual = (median * tonight.of + 0.5) / (tonight.of + 1)
        sigma = max(sigma, float(np.sqrt(max(0.0, usual * (1 - usual)) / tonight.of)))
    reach = max(JUMP * (1 + FEW_NIGHTS / len(former)) * sigma, least.of(median))
    return Range(median, reach, len(former))


def drift(tonight: Point, former: Sequence[Point], least: Least, *, is_share: bool) -> Drift | None:
    """The drift of a figure, if there is one; a jump before a creep.

    Args:
        former: nights in order, the last one before tonight at the end.
    """
    usual = expected(tonight, former, least, is_share=is_share)
    if usual is None:
        return None
    if abs(tonight.value - usual.median) > usual.reach:
        return Drift("jump", usual.median, tonight.value, usual.nights)
    return _creep(np.array([each.value for each in (*former, tonight)]), least)


def _sigma(values: np.ndarray, median: float) -> float:
    away = np.abs(values - median)
    return float(MAD_SIGMA * np.median(away)) or float(MEAN_SIGMA * np.mean(away))


def _smaller(tonight: Point, former: Sequence[Point]) -> float:
    """How much further a figure strays that is of fewer than usual."""
    usual = float(np.median([each.of for each in former]))
    return float(np.sqrt(max(1.0, usual / max(1, tonight.of))))


def _creep(values: np.ndarray, least: Least) -> Drift | None:
    nights = len(values)
    if nights < FEWEST_TO_CREEP:
        return None
    earlier, later = np.triu_indices(nights, 1)
    rises = values[later] - values[earlier]
    _, ties = np.unique(values, return_counts=True)
    variance = (_pairs(np.array([nights])) - _pairs(ties)) / 18
    score = float(np.sign(rises).sum())
    if variance <= 0 or abs(score) - 1 <= CREEP * np.sqrt(variance):
        return None
    slope = float(np.median(rises / (later - earlier)))
    middle = float(np.median(values))
    half = slope * (nights - 1) / 2
    if abs(2 * half) <= least.of(middle - half):
        return None
    return Drift("creep", middle - half, middle + half, nights)


def _pairs(counts: np.ndarray) -> float:
    return float((counts * (counts - 1) * (2 * counts + 5)).sum())
