"""Which calls prove what a recipe is worth, instead of working its requests. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.landing.call_figures import Spend

if TYPE_CHECKING:
    from tasks.landing.call_figures import CallFigures

BASELINE_STEP: Final = "@baseline"


def is_proof(step: str) -> bool:
    """Whether a path is no step of a recipe: `@baseline`, `@final/judge`, `@pair/judge`."""
    return step.startswith("@")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a run's calls cost, by what they were for.

    Attributes:
        work: of the recipe's own steps.
        control: of the control arm.
        judging: of judging both arms.
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
        calls.of(lambda asked: not is_proof(asked.step)),
        calls.of(lambda asked: asked.step == BASELINE_STEP),
        calls.of(lambda asked: is_proof(asked.step) and asked.step != BASELINE_STEP),
    )
