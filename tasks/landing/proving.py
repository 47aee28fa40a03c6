"""What was paid to prove what a recipe is worth, instead of for working its requests. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.landing.arms import PROOF
from tasks.landing.call_figures import Spend

if TYPE_CHECKING:
    from tasks.landing.call_figures import CallFigures


@dataclass(frozen=True, slots=True)
class Costs:
    """What a run's calls cost, by what they were for.

    Attributes:
        work: of the recipe's own arm, what the checks of the batch asked for included.
        control: of the other arms.
        judging: of judging all arms.
    """

    work: Spend
    control: Spend
    judging: Spend

    @property
    def any_proof(self) -> bool:
        """Whether anything was asked to prove the night."""
        return any(each.sent or each.hits for each in (self.control, self.judging))


def costs(calls: CallFigures) -> Costs:
    """The run's costs apart."""
    return Costs(
        calls.of(lambda asked: asked.is_own),
        calls.of(lambda asked: not asked.is_own and asked.arm != PROOF),
        calls.of(lambda asked: asked.arm == PROOF),
    )
