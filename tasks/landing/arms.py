"""What works a request beside the recipe of the run: its baseline, and the recipes that a comparison names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tasks.calling.budget import RowBudget
from tasks.landing.tally import Tally
from tasks.patterns.baseline import Alone, make_baseline
from tasks.patterns.baseline_step import ROLE
from tasks.patterns.row import make_draft

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tasks.calling.budget import Budget
    from tasks.calling.call import Row
    from tasks.landing.run_state import RunState
    from tasks.patterns.draft import Draft
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting
    from tasks.storing.requests import Request

CONTROL: Final = "baseline"
PROOF: Final = "proof"


@dataclass(frozen=True, slots=True)
class Arm:
    """One of them.

    Attributes:
        name: as it stands in the column `arm`.
        share: of the requests.
        pattern: as it stands in the tables.
        make: what it makes of a request.
    """

    name: str
    share: float
    recipe: Recipe
    pattern: str
    make: Callable[[Request, Tally], Awaitable[Draft]]

    def tally(self, state: RunState, made: Row, spare: Budget) -> Tally:
        """Who asks for it: as the run's own row does, with a limit of its own.

        Args:
            spare: what all of the shard's proving may cost.
        """
        own = RowBudget(self.recipe.budget.usd_per_request, "request", 0.0)
        row = replace(
            alone(made, self.name),
            recipe=self.recipe.recipe,
            budgets=(*made.budgets[:-1], spare, own),
            per_request_variants=self.recipe.variants == "per_request",
        )
        return Tally(state.calls, row, state.plan.fresh)


def arms_of(state: RunState) -> list[Arm]:
    """The arms of a run beside its own, the baseline first."""
    recipe, found = state.recipe, []
    baseline = recipe.baseline
    if baseline is not None and baseline.share > 0:

        def alone_made(request: Request, tally: Tally) -> Awaitable[Draft]:
            return make_baseline(recipe, baseline, request.values, state.setting, tally.notes, tally)

        found.append(Arm(CONTROL, baseline.share, recipe, "ask", alone_made))
    return found + [_whole(name, other, setting) for name, (other, setting) in state.arms.items()]


def _whole(name: str, recipe: Recipe, setting: Setting) -> Arm:
    is_alone = recipe.make.ask is not None and recipe.make.role == ROLE

    def made(request: Request, tally: Tally) -> Awaitable[Draft]:
        ask = Alone(tally) if is_alone else tally
        return make_draft(recipe, request.values, ask, setting, tally.notes)

    return Arm(name, 1.0, recipe, recipe.make.kind, made)


def alone(made: Row, arm: str) -> Row:
    """The same request in another arm: it has asked and decided nothing yet, and waits for nobody."""
    return replace(
        made, arm=arm, ticket=None, paid_at={}, asked={}, unanswered={}, decided={}, usd_failed=0.0
    )
