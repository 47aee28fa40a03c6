"""Remarks on a sound recipe: what never runs, what is paid for and not used, the pitfalls of many models. No I/O.

What is wrong is an error of `recipe_check`; what is remarked here runs, and is probably not meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.lint_batch import idle_batch
from tasks.patterns.lint_cascades import dear_judges
from tasks.patterns.lint_judges import related_judges
from tasks.patterns.lint_pitfalls import alike, diffused, lost_contexts, unvalued
from tasks.patterns.lint_remark import (
    CONTEXT_LOSS,
    COST,
    JUDGE_FAMILY,
    LATENCY,
    NOT_ACTED_ON,
    OVER_ORCHESTRATION,
    QUALITY_DIFFUSION,
    UNREACHABLE,
    UNUSED,
    Remark,
)
from tasks.patterns.lint_sums import known_prices, sums, worst_in
from tasks.patterns.lint_unreachable import unreachable
from tasks.patterns.lint_unused import unused_outputs, unused_samples
from tasks.patterns.model_choice import Cascade, Need
from tasks.patterns.recipe_check import places
from tasks.patterns.step_tree import model_choices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price
    from tasks.patterns.recipe import Recipe

__all__ = [
    "CONTEXT_LOSS",
    "COST",
    "JUDGE_FAMILY",
    "LATENCY",
    "NOT_ACTED_ON",
    "OVER_ORCHESTRATION",
    "QUALITY_DIFFUSION",
    "UNREACHABLE",
    "UNUSED",
    "Remark",
    "lint",
]


def lint(recipe: Recipe, catalog: Catalog, prices: Mapping[str, Price | None] | None = None) -> list[Remark]:
    """Everything to remark on a recipe, in no order of weight.

    Args:
        recipe: as `load_recipe` gave it.
        catalog: knows all its models (`check_models`).
        prices: catalog name → price; None takes the catalog's.
    """
    priced = known_prices(recipe, catalog) if prices is None else prices
    found = list(places(recipe))
    remarks = [
        each
        for place in found
        for each in (
            *unreachable(place, recipe),
            *unused_outputs(place),
            *alike(place, catalog),
            *diffused(place),
        )
    ]
    remarks += unused_samples(found)
    remarks += lost_contexts(recipe, found[0])
    remarks += unvalued(recipe, found, catalog)
    remarks += sums(recipe, worst_in(recipe, catalog, priced), priced)
    remarks += dear_judges(recipe, found, catalog, priced)
    remarks += related_judges(recipe, found, catalog)
    remarks += idle_batch(recipe)
    remarks += _not_acted_on(recipe)
    return remarks


def _not_acted_on(recipe: Recipe) -> Iterator[Remark]:
    given = {
        "explore": recipe.explore > 0 and not _has_something_to_explore(recipe),
    }
    for key, is_given in given.items():
        if is_given:
            what = f"this version checks {key!r}, and does not act on it yet"
            yield Remark((key,), NOT_ACTED_ON, what, "it does no harm; do not count on it")


def _has_something_to_explore(recipe: Recipe) -> bool:
    choices = (choice for place in places(recipe) for _, choice in model_choices(place))
    return any(isinstance(each, Need | Cascade) for each in (*choices, recipe.quality.judge))
