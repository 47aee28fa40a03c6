"""`nightpress check`: a recipe, and with it the models file and the request table, held against each other."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console

from blocks.places import open_catalog, open_recipe, open_store, store_place
from tasks.calling.route_making import prices, reachable
from tasks.patterns.recipe import check_models, models_named
from tasks.patterns.running import check_runs
from tasks.storing.requests import Reject, read_requests

if TYPE_CHECKING:
    import argparse

    from tasks.calling.catalog import Catalog
    from tasks.patterns.recipe import Recipe

SHOWN_REJECTS = 10


def check(given: argparse.Namespace) -> int:
    """Print what is fine; 0 if all is, 1 if rows of the table would be rejected.

    Raises:
        UserError: a mistake in a file.
    """
    console = Console(highlight=False, soft_wrap=True)
    recipe = open_recipe(given.recipe, open_store(store_place(given.store)))
    console.print(f"recipe   {recipe.recipe} version {recipe.version}: {recipe.make.kind}")
    catalog = open_catalog(given.models)
    check_models(recipe, catalog.models)
    check_runs(recipe)
    _show_models(recipe, catalog, console)
    return _check_requests(given, recipe, console) if given.requests else 0


def _show_models(recipe: Recipe, catalog: Catalog, console: Console) -> None:
    named = models_named(recipe)
    for name, price in prices(catalog, reachable(catalog, sorted(named))).items():
        cost = (
            f"${price.input:g} in, ${price.output:g} out per million tokens" if price else "price not known"
        )
        part = "" if name in named else "  (fallback)"
        console.print(f"model    {name} = {catalog.model(name).id}: {cost}{part}")


def _check_requests(given: argparse.Namespace, recipe: Recipe, console: Console) -> int:
    night = given.run_date or datetime.now().astimezone().date()
    rows, rejected, reasons = 0, [], Counter[str]()
    for each in read_requests(given.requests, recipe.columns, run_date=night):
        if isinstance(each, Reject):
            rejected.append(each)
            reasons[each.reason] += 1
        else:
            rows += 1
    console.print(f"requests {rows:,} good, {len(rejected):,} rejected")
    for reject in rejected[:SHOWN_REJECTS]:
        console.print(f"  row {reject.row}: {reject.reason}", markup=False)
    if len(rejected) > SHOWN_REJECTS:
        console.print(f"  and {len(rejected) - SHOWN_REJECTS:,} more")
    return 1 if rejected else 0
