"""Pitfalls of several models in a recipe's sums: too many calls, too dear, too slow. No I/O."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

from tasks.calling.route_making import prices, reachable
from tasks.patterns.judge_choice import judges_needed
from tasks.patterns.lint_remark import COST, LATENCY, OVER_ORCHESTRATION, Remark
from tasks.patterns.lint_shown import REQUEST_TOKENS
from tasks.patterns.model_choice import Need
from tasks.patterns.recipe import models_needed
from tasks.patterns.recipe_check import places
from tasks.patterns.step_tree import model_choices
from tasks.patterns.worst_case import worst_case

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price
    from tasks.patterns.lint_calls import WorstCase
    from tasks.patterns.recipe import Recipe

MOST_WHEN_WELL: Final = 12
LONGEST_CHAIN: Final = 8


def known_prices(recipe: Recipe, catalog: Catalog) -> dict[str, Price | None]:
    """What the models cost that a request may come to: all of the catalog's, where a need leaves the choice open."""
    choices = [choice for place in places(recipe) for _, choice in model_choices(place)]
    is_open = any(isinstance(choice, Need) for choice in (*choices, recipe.quality.judge))
    return prices(
        catalog, catalog.models if is_open else reachable(catalog, sorted(models_needed(recipe, catalog)))
    )


def worst_in(
    recipe: Recipe,
    catalog: Catalog,
    priced: Mapping[str, Price | None],
    request_tokens: float = REQUEST_TOKENS,
    *,
    proven: bool = False,
) -> WorstCase:
    """The worst case with this catalog's fallbacks and default judges, of a row with so many tokens."""
    fallbacks = {name: model.fallback for name, model in catalog.models.items()}
    return worst_case(
        recipe,
        priced,
        tuple(sorted(judges_needed(recipe, catalog))),
        fallbacks,
        request_tokens,
        proven=proven,
    )


def sums(recipe: Recipe, worst: WorstCase, priced: Mapping[str, Price | None]) -> Iterator[Remark]:
    """What the sums of one request say against its recipe."""
    if worst.least > MOST_WHEN_WELL:
        what = f"a request takes {worst.least:,} calls even when all goes well, more than {MOST_WHEN_WELL}"
        hint = "try with fewer members, samples or stages, and see whether the score falls"
        yield Remark(("make",), OVER_ORCHESTRATION, what, hint)
    yield from _cost(recipe, worst, priced)
    if worst.sequential > LONGEST_CHAIN:
        what = f"up to {worst.sequential:,} calls of a request wait for one another: {_short(worst.chain)}"
        hint = "do at once what does not depend on one another (ensemble), or lower the rounds"
        yield Remark(("make",), LATENCY, what, hint)


def _cost(recipe: Recipe, worst: WorstCase, priced: Mapping[str, Price | None]) -> Iterator[Remark]:
    budget, loc = recipe.budget.usd_per_request, ("budget", "usd_per_request")
    if budget is None:
        return
    if worst.usd is None:
        unknown = [name for name in worst.models if priced.get(name) is None]
        what = f"there is a budget, but no price is known for {', '.join(unknown)}: such a run does not start"
        yield Remark(loc, COST, what, "give each a price in the models file")
    elif worst.usd > budget:
        what = f"at worst a request costs {dollars(worst.usd)}, over the budget of {dollars(budget)}"
        ways = takewhile(lambda way: way != "defer", recipe.budget.on_budget)
        gives = ", then ".join([*ways, "it fails"])
        hint = f"raise the budget, or lower max_tokens or rounds (a row that runs short: {gives})"
        yield Remark(loc, COST, what, hint)


def dollars(usd: float) -> str:
    """An amount with two digits that say something: $0.0042, $0.31, $12.50."""
    return f"${usd:,.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.2g}"


def _short(chain: str) -> str:
    return chain if len(chain) <= 300 else f"{chain[:300]} …"
