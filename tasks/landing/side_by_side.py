"""Which of two texts judges preferred that saw them side by side, in both orders. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan, nan
from typing import Final

from tasks.judging.judge_cautions import place_verdicts

MADE_FIRST: Final = 1


@dataclass(slots=True)
class SideBySide:
    """The verdicts on a run's pairs.

    Attributes:
        verdicts: (judge, request id) → score of the recipe's text (1 better, 0.5 tie, 0 worse), shown first and second.
    """

    verdicts: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, judge: str, request_id: str, round_: int, score: float) -> None:
        """Take in one verdict."""
        seen = self.verdicts.setdefault((judge, request_id), [nan, nan])
        seen[0 if round_ == MADE_FIRST else 1] = score

    def counted(self) -> tuple[int, int, int]:
        """Pairs that a judge saw in both orders: the recipe's text won both times, the other did, neither."""
        both = [place_verdicts(*seen) for seen in self.verdicts.values() if not any(map(isnan, seen))]
        better = sum(each.holds and each.preference > 0 for each in both)
        worse = sum(each.holds and each.preference < 0 for each in both)
        return better, worse, len(both) - better - worse
