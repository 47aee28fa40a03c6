"""What may sway judges beside the quality of a text: kinship, place, the end of the scale. No I/O.

Models prefer texts of their own kind (arXiv 2404.13076), and a place; for length see `text_lengths`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.judging.position import Both, Steadiness, steadiness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNSTEADY: Final = (
    0.25  # share of the pairs in which the place won both times, above which a judge of pairs is unsteady
)
MANY_FLIPS_NEED: Final = 10
NEAR_TOP: Final = 0.95  # what judges are told is "nothing left to improve"
MANY: Final = 0.25


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


def near_the_top(shares: Mapping[str, float]) -> str:
    """That many scores are as high as scores get; empty if not.

    Args:
        shares: arm → share of its blind scores that are NEAR_TOP or more.
    """
    many = [
        f"{share:.0%} of those of the arm {arm}" for arm, share in sorted(shares.items()) if share >= MANY
    ]
    if not many:
        return ""
    return (
        f"blind scores are near the top of the scale ({NEAR_TOP} or more): {' and '.join(many)}; what lies above cannot be "
        "told, and the uplift may be understated"
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
