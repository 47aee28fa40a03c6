"""Judges held against people who rated the same texts, and the uplift as people would have scored it. No I/O.

Both are from 0 to 1. People rate few texts, judges score many: the uplift is the judges' over all pairs, times the slope
of people's ratings on their scores, plus what the judges miss on average in each arm on the texts that people rated
(prediction-powered inference, Angelopoulos and others, Science 382, 2023; the slope as in PPI++, arXiv 2311.01453). It is
right on average whatever the judges' bias, also where they favour one arm; its interval holds what is not known of the
judges. It needs ratings of both arms, drawn by chance: people who only rate what they dislike spoil it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.judging.intervals import DIFFERENCES, LEVEL, Interval, mean_interval
from tasks.judging.uplift import Uplift, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST: Final = 20
LEAST_CORRELATION: Final = 0.3
FEWEST_OF_AN_ARM: Final = 8
BELIEF: Final = 10.0  # rated texts of the usual spread that a slope of 1 is worth
USUAL_VARIANCE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Rated:
    """A text that both have scored.

    Attributes:
        judged: mean of the judges.
        rating: mean of the people.
        arm: made or baseline.
    """

    judged: float
    rating: float
    arm: str = "made"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How judges relate to people.

    Attributes:
        bias: judges less people, on average.
        bias_low: lower end of its 95% interval.
        slope: what a point of the judges is worth to people, drawn towards 1 while texts are few.
        intercept: of the same line.
        correlation: None where one side does not vary.
        n: texts.
    """

    bias: float
    bias_low: float
    bias_high: float
    slope: float
    intercept: float
    correlation: float | None
    n: int

    def people_say(self, judged: float) -> float:
        """The rating to expect of a text with this score."""
        return min(1.0, max(0.0, self.intercept + self.slope * judged))

    @property
    def follows(self) -> bool:
        """Whether judges give more to what people give more to."""
        return self.correlation is not None and self.correlation >= LEAST_CORRELATION

    @property
    def caution(self) -> str:
        """What people find wrong with the judges; empty if nothing."""
        if not self.follows:
            return f"judges do not follow people's ratings (correlation {self.correlation or 0.0:.2f} over {self.n} texts)"
        if self.bias_low > 0:
            return f"judges score {self.bias:.2f} higher than people"
        return f"judges score {-self.bias:.2f} lower than people" if self.bias_high < 0 else ""


def calibration(rated: Sequence[Rated]) -> Calibration | None:
    """The calibration; None with fewer than 20 texts."""
    if len(rated) < FEWEST:
        return None
    judged, people = np.array([each.judged for each in rated]), np.array([each.rating for each in rated])
    bias = mean_interval(judged - people, DIFFERENCES)
    if bias is None or bias.low is None or bias.high is None:
        return None
    slope = _slope(judged, people, np.zeros(len(judged), dtype=np.intp))
    spread = float(judged.std() * people.std())
    correlation = float(np.corrcoef(judged, people)[0, 1]) if spread > 1e-9 else None
    intercept = float(people.mean() - slope * judged.mean())
    return Calibration(bias.mean, bias.low, bias.high, slope, intercept, correlation, len(rated))


def missing(rated: Sequence[Rated]) -> tuple[int, int, int]:
    """Texts that have to be rated yet for a calibrated uplift: in all, of the made ones, of the baseline's."""
    made = sum(each.arm == "made" for each in rated)
    lacks = (FEWEST - len(rated), FEWEST_OF_AN_ARM - made, FEWEST_OF_AN_ARM - (len(rated) - made))
    every, of_made, of_baseline = (max(0, each) for each in lacks)
    return every, of_made, of_baseline


def calibrated_uplift(
    differences: Sequence[float], rated: Sequence[Rated], level: float = LEVEL
) -> Uplift | None:
    """The uplift in people's eyes; None with fewer than 20 rated texts, 8 of each arm, or without pairs.

    Args:
        differences: of the judges' means, made less baseline, one per pair; as `uplift` takes them.
        rated: texts of both arms, of these pairs or of other requests of the same kind.
        level: of the interval.
    """
    arms = np.array([each.arm == "made" for each in rated], dtype=np.intp)
    if any(missing(rated)) or len(differences) < 2:
        return None
    judged, people = np.array([each.judged for each in rated]), np.array([each.rating for each in rated])
    slope = _slope(judged, people, arms)
    missed, bounds = people - slope * judged, (-slope, 1.0)
    made, baseline = (
        mean_interval(missed[arms == 1], bounds, level),
        mean_interval(missed[arms == 0], bounds, level),
    )
    pairs = mean_interval(slope * np.asarray(differences), (-slope, slope), level)
    if made is None or baseline is None or pairs is None:
        return None
    mean = pairs.mean + made.mean - baseline.mean
    below = (_reach(pairs)[0], _reach(made)[0], _reach(baseline)[1])
    above = (_reach(pairs)[1], _reach(made)[1], _reach(baseline)[0])
    lowest, highest = DIFFERENCES
    mean = max(lowest, min(highest, mean))
    low, high = joined(mean, below, above)
    return Uplift(mean, low, high, pairs.n, level, over="requests and judges")


def _slope(judged: Numbers, people: Numbers, groups: NDArray[np.intp]) -> float:
    """Within groups, from 0 to 1.5, drawn towards 1."""
    counts = np.maximum(np.bincount(groups), 1)
    score, rating = (each - (np.bincount(groups, each) / counts)[groups] for each in (judged, people))
    belief = BELIEF * USUAL_VARIANCE
    return min(1.5, max(0.0, (float(score @ rating) + belief) / (float(score @ score) + belief)))


def _reach(part: Interval) -> tuple[float, float]:
    """How far an interval reaches below and above its mean."""
    low, high = (part.mean if each is None else each for each in (part.low, part.high))
    return part.mean - low, high - part.mean
