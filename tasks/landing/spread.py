"""Scores from 0 to 1 as a distribution: how many fell where, their mean and its interval. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

BINS: Final = 20
LEVEL: Final = 0.95
AT_EACH_BOUND: Final = 0.25


@dataclass(slots=True)
class Spread:
    """Sums over scores.

    Attributes:
        bins: how many fell into each twentieth; 1 is in the last.
    """

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    bins: list[int] = field(default_factory=lambda: [0] * BINS)

    def add(self, score: float) -> None:
        """Take in one."""
        self.count += 1
        self.total += score
        self.squares += score * score
        # A score such as 0.15 is a hair below three twentieths.
        self.bins[min(BINS - 1, max(0, math.floor(score * BINS + 1e-9)))] += 1

    @property
    def mean(self) -> float | None:
        """None of none."""
        return self.total / self.count if self.count else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the mean of all such rows lies with LEVEL confidence; None below two.

        A quarter of an observation is added at each bound before Student's t is taken, so that equal scores give no
        interval of width 0 (as `tasks.judging.intervals` does, here from sums).
        """
        if self.count < 2 or self.mean is None:
            return None
        special: Any = import_module("scipy.special")
        weight = self.count + 2 * AT_EACH_BOUND
        centre = (self.total + AT_EACH_BOUND) / weight
        apart = self.squares - 2 * centre * self.total + self.count * centre**2
        apart += AT_EACH_BOUND * (centre**2 + (1 - centre) ** 2)
        error = math.sqrt(max(0.0, apart) / weight / (weight - 1))
        half = float(special.stdtrit(self.count - 1, (1 + LEVEL) / 2)) * error
        return max(0.0, min(centre - half, self.mean)), min(1.0, max(centre + half, self.mean))
