"""Scores from 0 to 1 as a distribution: how many fell where, their mean and its interval. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from tasks.judging.intervals import sums_interval

BINS: Final = 20


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
        """Where the mean of all such rows lies with 95% confidence; None below two."""
        found = sums_interval(self.count, self.total, self.squares)
        return None if found is None or found.low is None or found.high is None else (found.low, found.high)
