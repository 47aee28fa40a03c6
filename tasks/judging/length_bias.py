"""How far judges follow the length of a text, and scores with that taken out. No I/O.

Judges prefer long texts (arXiv 2404.04475). Lengths are compared as logarithms to base 2, so figures are per doubling,
and only within groups that have something in common, as the answers to one question: a question that calls for long
answers is no bias. Better writers may write more: where each has written several texts, compare within writers as well,
or what is taken out is partly their skill.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

PASSES: Final = 50
SETTLED: Final = 1e-6
BELIEF: Final = 20.0  # texts, one doubling apart, that a slope of 0 is worth


@dataclass(frozen=True, slots=True)
class LengthSlope:
    """What a doubling in length adds to a score.

    Attributes:
        per_doubling: in the score's own unit.
        correlation: of score and length within the groups, -1 to 1.
        n: texts behind it.
    """

    per_doubling: float
    correlation: float
    n: int

    def corrected(self, score: float, length: int, usual: float) -> float:
        """The score that a text of the `usual` length would have had, as far as length goes."""
        return score - self.per_doubling * (_doublings(length) - _doublings(usual))


def length_slope(scores: Sequence[float], lengths: Sequence[int], *within: Sequence[Hashable]) -> LengthSlope:
    """The slope within groups.

    Args:
        scores: of texts.
        lengths: of the same texts, in characters or words.
        within: the groups of the same texts, such as their questions, and again such as their writers.
    """
    if not scores:
        return LengthSlope(0.0, 0.0, 0)
    columns = np.array([scores, [_doublings(each) for each in lengths]], dtype=np.float64)
    places = [_places(each) for each in within] or [np.zeros(len(scores), dtype=np.intp)]
    score, doublings = _without_means(columns, places)
    together, alone = float(score @ doublings), float(doublings @ doublings)
    scale = float(np.sqrt(alone * float(score @ score)))
    return LengthSlope(together / (alone + BELIEF), together / scale if scale > 1e-9 else 0.0, len(scores))


def usual_length(lengths: Sequence[int]) -> float:
    """The length to correct to: the geometric mean."""
    return float(2 ** np.mean([_doublings(each) for each in lengths]))


def longer_preferred(preferences: Sequence[float], lengths: Sequence[tuple[int, int]]) -> float | None:
    """Share of the verdicts on pairs that went to the longer text; None if none was decided between unlike lengths.

    Compare it with how often the longer text is right: a judge that is right follows length as far as that.

    Args:
        preferences: for A, above 0, or B, below 0.
        lengths: of A and B.
    """
    towards = [
        preference * (a - b)
        for preference, (a, b) in zip(preferences, lengths, strict=True)
        if a != b and preference
    ]
    return sum(each > 0 for each in towards) / len(towards) if towards else None


def _doublings(length: float) -> float:
    return log2(max(length, 1))


def _places(groups: Sequence[Hashable]) -> NDArray[np.intp]:
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups], dtype=np.intp)


def _without_means(columns: Numbers, groupings: Sequence[NDArray[np.intp]]) -> Numbers:
    """Each column less the means of its groups; of several groupings in turn, until nothing is left to take."""
    left = columns.copy()
    for _ in range(PASSES):
        before = left
        for places in groupings:
            counts = np.bincount(places)
            left = left - np.stack([(np.bincount(places, row) / counts)[places] for row in left])
        if len(groupings) == 1 or np.abs(left - before).max() < SETTLED:
            break
    return left
