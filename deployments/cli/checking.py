"""`nightpress check`: a recipe, and with it the models file and the request table, held against each other."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console

from blocks.places import open_catalog, open_store, recipe_source, store_place
from tasks.calling.route_making import prices, reachable
from tasks.patterns.lint import lint
from tasks.patterns.lint_sums import dollars, known_prices, worst_in
from tasks.patterns.recipe import check_models, load_recipe, models_named, models_needed
from tasks.storing.documents import load_document
from tasks.storing.requests import Reject, read_requests

if TYPE_CHECKING:
    import argparse

    from tasks.calling.catalog import Catalog
    from tasks.patterns.lint_remark import Remark
    from tasks.patterns.recipe import Recipe
    from tasks.storing.documents import Document

SHOWN_REJECTS = 10


def check(given: argparse.Namespace) -> int:
    """Print what is fine, and what is remarkable; 0 if all is well, 1 if rows of the table would be rejected.

    Raises:
        UserError: a mistake in a file.
    """
    console = Console(highlight=False, soft_wrap=True)
    source, name = recipe_source(given.recipe, open_store(store_place(given.store)))
    recipe, document = load_recipe(source, name=name), load_document(source, name=name)
    console.print(f"recipe   {recipe.recipe} version {recipe.version}: {recipe.make.kind}")
    catalog = open_catalog(given.models)
    check_models(recipe, catalog.models, document)
    _show_models(recipe, catalog, console)
    _show_calls(recipe, catalog, console)
    _show_remarks(lint(recipe, catalog), document, console)
    return _check_requests(given, recipe, console) if given.requests else 0


def _show_models(recipe: Recipe, catalog: Catalog, console: Console) -> None:
    named, needed = models_named(recipe), models_needed(recipe, catalog)
    for name, price in prices(catalog, reachable(catalog, sorted(needed))).items():
        cost = (
            f"${price.input:g} in, ${price.output:g} out per million tokens" if price else "price not known"
        )
        part = "" if name in named else "  (judge by default)" if name in needed else "  (fallback)"
        console.print(f"model    {name} = {catalog.model(name).id}: {cost}{part}")


def _show_calls(recipe: Recipe, catalog: Catalog, console: Console) -> None:
    worst = worst_in(recipe, catalog, known_prices(recipe, catalog))
    many = f"{worst.least:,} to {worst.calls:,}" if worst.least < worst.calls else f"{worst.calls:,}"
    cost = "not known" if worst.usd is None else dollars(worst.usd)
    chain = f"at most {worst.sequential:,} after one another"
    console.print(f"calls    {many} per request, {chain}; worst case {cost}")


def _show_remarks(remarks: list[Remark], document: Document, console: Console) -> None:
    for each in sorted(remarks, key=lambda remark: document.line_of(remark.loc)):
        said = f"{document.where(each.loc)}: {each.kind}: {each.what}; {each.hint}"
        console.print(said, style="yellow", markup=False)
    number = len(remarks)
    said = "nothing remarkable" if number == 0 else "1 remark" if number == 1 else f"{number} remarks"
    console.print(f"lint     {said}" + (", none of which stops a run" if number else ""))


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
