"""What may sway judges beside the quality of a text: kinship, length, place. No I/O.

Models prefer texts of their own kind (arXiv 2404.13076), long ones, and a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.judging.length_bias import length_slope, usual_length
from tasks.judging.position import Both, Steadiness, steadiness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNSTEADY: Final = (
    0.25  # share of the pairs in which the place won both times, above which a judge of pairs is unsteady
)
MANY_FLIPS_NEED: Final = 10
LONGER: Final = 1.5


def of_a_writers_family(
    judges: Mapping[str, str | None], writers: Mapping[str, Mapping[str, str | None]]
) -> list[str]:
    """A caution for each judge that is of the family of a writer, and of which arm.

    Args:
        judges: judge → family.
        writers: arm → the models that wrote its texts → family.
    """
    found = []
    for judge, family in sorted(judges.items()):
        for arm, models in sorted(writers.items()):
            kin = sorted(model for model, other in models.items() if other is not None and other == family)
            if kin:
                found.append(
                    f"the judge {judge} is of the family {family}, as {', '.join(kin)} of the arm {arm}: "
                    "judges prefer texts of their own kind"
                )
    return found


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the texts of both arms are, and what that may have done.

    Attributes:
        made: usual length of the made texts, in characters, as is `baseline`.
        per_doubling: what a doubling in length adds to a score, within requests and arms.
        corrected: the uplift with that taken out.
    """

    made: float
    baseline: float
    per_doubling: float
    corrected: float

    @property
    def caution(self) -> str:
        """That one arm writes much more; empty if not."""
        ratio = self.made / self.baseline
        if 1 / LONGER < ratio < LONGER:
            return ""
        which, times = ("made", ratio) if ratio > 1 else ("baseline", 1 / ratio)
        return (
            f"the texts of the arm {which} are {times:.1f} times as long, and judges prefer long texts; with length taken "
            f"out the uplift is {self.corrected:+.3f}"
        )


def lengths_of(pairs: Sequence[tuple[float, int, float, int]]) -> Lengths | None:
    """Lengths and the corrected uplift over pairs of texts; None of none.

    Args:
        pairs: score and length in characters of the made text, then of the baseline's.
    """
    if not pairs:
        return None
    table = np.array(pairs, dtype=np.float64)
    made, baseline = table[:, 1].astype(int).tolist(), table[:, 3].astype(int).tolist()
    requests = [*range(len(pairs)), *range(len(pairs))]
    arms = [*(True for _ in pairs), *(False for _ in pairs)]
    slope = length_slope([*table[:, 0], *table[:, 2]], [*made, *baseline], requests, arms)
    usual_made, usual_baseline = usual_length(made), usual_length(baseline)
    difference = float((table[:, 0] - table[:, 2]).mean())
    doublings = float(np.log2(usual_made / usual_baseline))
    return Lengths(
        usual_made, usual_baseline, slope.per_doubling, difference - slope.per_doubling * doublings
    )


def place_verdicts(made_first: float, baseline_first: float) -> Both:
    """One judge's verdicts on a pair from its two scores for the made text: 1 better, 0.5 a tie, 0 worse."""
    return Both(2 * made_first - 1, 1 - 2 * baseline_first)


@dataclass(frozen=True, slots=True)
class Preference:
    """What one judge says of pairs shown side by side, in both orders.

    Attributes:
        mean: preference for the made text, -1 to 1, the place averaged out.
    """

    judge: str
    mean: float
    steady: Steadiness

    @property
    def caution(self) -> str:
        """That the place decides too often; empty if it does not, or with few pairs."""
        if self.steady.n < MANY_FLIPS_NEED or self.steady.flips <= UNSTEADY:
            return ""
        return f"the judge {self.judge} preferred the same place in {self.steady.flips:.0%} of the pairs, whatever stood there"


def preference(judge: str, verdicts: Sequence[Both]) -> Preference | None:
    """Of one judge; None if it saw no pair in both orders."""
    if not verdicts:
        return None
    mean = sum(each.preference for each in verdicts) / len(verdicts)
    return Preference(judge, mean, steadiness(verdicts))
