"""An estimate with its interval, shrunk towards what was believed before. No I/O.

A mean from 0 to 1 of `n` observations is taken like a share of successes: what was believed before counts as so many
observations more (a Beta prior), and the interval is Wilson's (JASA 22, 1927), which stays within 0 and 1 and is wide
where little was seen. For graded scores, which vary less than yes and no, it is on the wide side.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

Z_95: Final = 1.96
LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Seen:
    """What was observed: `n` observations, faded by age, so not a whole number, and their mean."""

    n: float = 0.0
    mean: float = 0.0

    def plus(self, n: float, mean: float) -> Seen:
        """With further observations."""
        total = self.n + n
        return Seen(total, (self.n * self.mean + n * mean) / total) if total > 0 else self


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean from 0 to 1.

    Attributes:
        n: observations behind it, faded; what was believed before is not counted.
        weight: all that it rests on, in observations: `n` and the belief.
    """

    mean: float
    n: float
    weight: float

    @property
    def low(self) -> float:
        """Lower end of the 95% interval."""
        return max(0.0, self._centre - self._half)

    @property
    def high(self) -> float:
        """Upper end of the 95% interval."""
        return min(1.0, self._centre + self._half)

    def draw(self, random: Random) -> float:
        """One value that the mean may well have (Thompson 1933)."""
        successes = max(self.mean * self.weight, LEAST)
        return random.betavariate(successes, max((1 - self.mean) * self.weight, LEAST))

    @property
    def _centre(self) -> float:
        return (self.mean + Z_95**2 / (2 * self.weight)) / (1 + Z_95**2 / self.weight)

    @property
    def _half(self) -> float:
        spread = self.mean * (1 - self.mean) / self.weight + Z_95**2 / (4 * self.weight**2)
        return Z_95 * sqrt(spread) / (1 + Z_95**2 / self.weight)


def shrunk(seen: Seen, believed: float, weight: float) -> Estimate:
    """What `seen` says of a mean that was believed before, as firmly as `weight` observations."""
    total = seen.n + weight
    return Estimate((seen.n * seen.mean + weight * believed) / total, seen.n, total)
