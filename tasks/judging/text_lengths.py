"""How long the texts of both arms are, and the uplift with a judge's taste for length taken out. No I/O.

What a doubling in length adds to a score is told from the pairs: where the made text is longer still than usual, is its
lead larger, too (arXiv 2404.04475 regresses so)? Beforehand it is believed to be USUAL_TASTE, give or take as much: over
recorded answers a judge's scores rise by 0.03 (within questions and writers) to 0.08 (within questions) for a doubling
(`make outcomes`). What the pairs leave open widens the interval of the corrected uplift: where all made texts are twice as
long, nothing tells a taste for length from quality. A longer text may be better for being longer; that is taken out as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.judging.intervals import student_t
from tasks.judging.length_bias import usual_length
from tasks.judging.uplift import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.judging.uplift import Uplift

LONGER: Final = 1.5
TELLING: Final = 0.02  # a part of the uplift that length explains, from which on it is said
USUAL_TASTE: Final = 0.05
GIVE_OR_TAKE: Final = 0.05
LEAST_SPREAD: Final = 0.05  # of differences between pairs beside length; scores in steps may hide theirs


@dataclass(frozen=True, slots=True)
class Lengths:
    """The texts of the pairs whose both texts are there.

    Attributes:
        made: usual length of the made texts, in characters, as is `baseline`.
        per_doubling: what a doubling in length adds to a score.
        error: standard deviation of what is not known of it.
        uplift: over all pairs; None with too few for an interval.
        share: of all pairs that both texts are there of.
    """

    made: float
    baseline: float
    per_doubling: float
    error: float
    uplift: Uplift | None = None
    share: float = 1.0

    @property
    def doublings(self) -> float:
        """By how much the made texts are longer, over all pairs."""
        return float(np.log2(self.made / self.baseline)) * self.share

    @property
    def explained(self) -> float:
        """What of the uplift is length."""
        return self.per_doubling * self.doublings

    @property
    def corrected(self) -> float | None:
        """The uplift with that taken out."""
        return None if self.uplift is None else self.uplift.mean - self.explained

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the corrected uplift."""
        found = self.uplift
        if found is None or found.low is None or found.high is None:
            return None
        reach = student_t(found.level, max(1, found.n - 2)) * self.error * abs(self.doublings)
        below, above = (found.mean - found.low, reach), (found.high - found.mean, reach)
        return joined(found.mean - self.explained, below, above)

    @property
    def telling(self) -> bool:
        """Whether length may have made the uplift: one arm writes much more, or its lead follows its length."""
        differ = not 1 / LONGER < self.made / self.baseline < LONGER
        follows = abs(self.explained) >= TELLING and abs(self.per_doubling) > 2 * self.error
        return differ or follows

    @property
    def caution(self) -> str:
        """That length may have made the uplift; empty if not."""
        if not self.telling:
            return ""
        ratio = self.made / self.baseline
        which, times = ("made", ratio) if ratio > 1 else ("baseline", 1 / ratio)
        text = f"the texts of the arm {which} are {times:.1f} times as long, and judges prefer long texts"
        return f"{text}; {self.taken_out}" if self.taken_out else text

    @property
    def taken_out(self) -> str:
        """The corrected uplift in words; empty without."""
        if self.corrected is None:
            return ""
        text = f"with length taken out the uplift is {self.corrected:+.3f}"
        return (
            text if self.interval is None else f"{text} ({self.interval[0]:+.3f} to {self.interval[1]:+.3f})"
        )


def lengths_of(
    pairs: Sequence[tuple[float, int, float, int]], found: Uplift | None = None, share: float = 1.0
) -> Lengths | None:
    """Lengths, and what they explain; None of no pairs.

    Args:
        pairs: score and length in characters of the made text, then of the baseline's.
        found: the uplift over these and over pairs in which a text is missing.
        share: of all pairs, that `pairs` are.
    """
    if not pairs:
        return None
    table = np.array(pairs, dtype=np.float64)
    made, baseline = np.maximum(table[:, 1], 1), np.maximum(table[:, 3], 1)
    usual_made, usual_baseline = (
        usual_length(made.astype(int).tolist()),
        usual_length(baseline.astype(int).tolist()),
    )
    leads, doublings = table[:, 0] - table[:, 2], np.log2(made / baseline)
    per_doubling, error = _slope(leads - leads.mean(), doublings - doublings.mean())
    return Lengths(usual_made, usual_baseline, per_doubling, error, found, share)


def _slope(
    leads: np.typing.NDArray[np.float64], doublings: np.typing.NDArray[np.float64]
) -> tuple[float, float]:
    """Slope and its standard deviation, drawn towards what is believed; both come without their means."""
    alone = float(doublings @ doublings)
    if len(leads) < 3 or alone < 1e-9:
        return USUAL_TASTE, GIVE_OR_TAKE
    plain = float(doublings @ leads) / alone
    left = leads - plain * doublings
    told = alone / max(LEAST_SPREAD**2, float(left @ left) / (len(leads) - 2))
    believed = 1 / GIVE_OR_TAKE**2
    return (plain * told + USUAL_TASTE * believed) / (told + believed), sqrt(1 / (told + believed))
