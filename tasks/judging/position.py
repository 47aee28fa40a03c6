"""What a judge of pairs says when the pair is shown in both orders: how often the place decides. No I/O.

Judges prefer a place, mostly the first (arXiv 2306.05685, section 3.3). A verdict is a number from -1 to 1: how far the
text shown first is preferred, 0 for a tie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Both:
    """One judge's verdicts on texts A and B.

    Attributes:
        as_given: A was shown first.
        swapped: B was shown first; above 0 for B.
    """

    as_given: float
    swapped: float

    @property
    def preference(self) -> float:
        """For A, from -1 to 1: what is left where the place is averaged out; 0 for a flip."""
        return (self.as_given - self.swapped) / 2

    @property
    def flips(self) -> bool:
        """The same place won both times, so that the texts decided nothing."""
        return self.as_given * self.swapped > 0

    @property
    def holds(self) -> bool:
        """The same text won both times."""
        return self.as_given * self.swapped < 0


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How far a judge's verdicts hang on the place; shares of the pairs.

    Attributes:
        n: pairs.
        holds: the same text won both times.
        flips: the same place won both times.
        ties: at least one verdict was a tie.
        towards_first: mean verdict for the first place, -1 to 1; above 0 if the first place is preferred.
    """

    n: int
    holds: float
    flips: float
    ties: float
    towards_first: float


def steadiness(verdicts: Sequence[Both]) -> Steadiness:
    """The figures over pairs that a judge saw in both orders.

    Raises:
        ValueError: there are no pairs.
    """
    if not verdicts:
        raise ValueError("no pairs to look at")
    n = len(verdicts)
    holds, flips = sum(each.holds for each in verdicts), sum(each.flips for each in verdicts)
    first = sum(each.as_given + each.swapped for each in verdicts) / (2 * n)
    return Steadiness(n, holds / n, flips / n, (n - holds - flips) / n, first)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far preferences agree with what is known to be right.

    Attributes:
        strict: share of all pairs; no preference counts as wrong (JudgeBench, arXiv 2410.12784).
        half: the same; no preference counts half, which is what a coin would come to.
        decided: share of pairs with a preference.
        of_decided: share of those that are right; None if there are none.
    """

    n: int
    strict: float
    half: float
    decided: float
    of_decided: float | None


def agreement(preferences: Sequence[float], right: Sequence[float]) -> Agreement:
    """Preferences for A against the truth, above 0 where A is the right one, in the same order.

    Raises:
        ValueError: there are no pairs.
    """
    if not preferences:
        raise ValueError("no pairs to look at")
    products = [one * other for one, other in zip(preferences, right, strict=True)]
    n, good, bad = len(products), sum(each > 0 for each in products), sum(each < 0 for each in products)
    decided = good + bad
    return Agreement(
        n, good / n, (good + (n - decided) / 2) / n, decided / n, good / decided if decided else None
    )
