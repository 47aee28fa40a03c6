"""Which models a recipe's choices are likely to come to tonight: needs are ranked as the run would rank them. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.choosing.estimates import Estimates
from tasks.choosing.ranking import Known, Wanted
from tasks.patterns.expected_case import any_of_them
from tasks.patterns.model_choice import Need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price
    from tasks.patterns.expected_case import Likely
    from tasks.patterns.model_choice import ModelChoice

USUAL_COMPLEXITY: Final = 0.5  # of a request that nobody has seen yet, where `auto` finds it out


def likely_models(
    catalog: Catalog,
    priced: Mapping[str, Price | None],
    *,
    needs_price: bool,
    estimates: Estimates | None = None,
) -> Likely:
    """For a need the model that a question of usual length would get; partners, request types and exploration aside.

    Args:
        needs_price: there is a budget.
        estimates: what earlier runs say of the models; None is nothing.
    """
    known = Known(catalog, priced, estimates or Estimates())

    def likely(choice: ModelChoice | None, models: Sequence[str]) -> Mapping[str, float]:
        if not isinstance(choice, Need):
            return any_of_them(choice, models)
        usable = known.rank(wanted_for(choice, needs_price=needs_price)).usable
        return {usable[0].name: 1.0} if usable else any_of_them(choice, models)

    return likely


def wanted_for(need: Need, *, needs_price: bool = False) -> Wanted:
    """What the need wants for a question of usual length, before anything else is known."""
    return Wanted(
        need.strength,
        quality=need.quality,
        complexity=USUAL_COMPLEXITY if need.complexity == "auto" else need.complexity,
        usd_per_call=need.usd_per_call,
        needs_price=needs_price,
    )
