"""`nightpress check`: a recipe, and with it the models file and the request table, held against each other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console

from blocks.places import keyless, open_catalog, open_store, recipe_source, store_place
from deployments.cli.estimating import show_estimate
from deployments.cli.sampling import make_sample, sample_of
from tasks.calling.route_making import prices, reachable
from tasks.choosing.ranking import Known
from tasks.judging.verdict import FEWEST, USUAL_SPREAD, WORTH, pairs_to_show
from tasks.landing.learning import estimates_for
from tasks.landing.likely_models import wanted_for
from tasks.landing.night_estimate import expected_of, night_estimate
from tasks.landing.preflight import refuse_above
from tasks.patterns.cell_tokens import CellTokens, cell_tokens
from tasks.patterns.lint import lint
from tasks.patterns.lint_sums import dollars, known_prices, worst_in
from tasks.patterns.needs import RUNNERS_UP
from tasks.patterns.recipe import check_models, load_recipe, models_named, models_needed, needs_in
from tasks.storing.documents import load_document
from tasks.storing.errors import UserError
from tasks.storing.requests import Reject, read_requests

if TYPE_CHECKING:
    import argparse
    from datetime import date

    from tasks.calling.catalog import Catalog
    from tasks.choosing.estimates import Estimates
    from tasks.landing.night_estimate import NightEstimate
    from tasks.patterns.lint_remark import Remark
    from tasks.patterns.recipe import Recipe
    from tasks.storing.documents import Document
    from tasks.storing.filesystem import Store

SHOWN_REJECTS = 10


def check(given: argparse.Namespace) -> int:
    """Print what is fine, and what is remarkable; 0 if all is well, 1 if rows of the table would be rejected.

    Raises:
        UserError: a mistake in a file.
    """
    console = Console(highlight=False, soft_wrap=True)
    store = open_store(store_place(given.store))
    source, name = recipe_source(given.recipe, store)
    recipe, document = load_recipe(source, name=name), load_document(source, name=name)
    console.print(f"recipe   {recipe.recipe} version {recipe.version}: {recipe.make.kind}")
    whole = open_catalog(given.models)
    check_models(recipe, whole.models, document)
    catalog = whole.without(keyless(whole), models_named(recipe))
    _show_models(recipe, catalog, console)
    night = given.run_date or datetime.now().astimezone().date()
    estimates = estimates_for(store, catalog, night)
    _show_needs(recipe, Known(catalog, prices(catalog, catalog.models), estimates), console)
    _show_calls(recipe, catalog, console, with_cost=not given.requests)
    _show_remarks(lint(recipe, catalog), document, console)
    if given.sample and not given.requests:
        raise UserError("a sample is one of rows", where="--sample", hint="give their table with --requests")
    return _check_requests(given, recipe, catalog, store, estimates, console) if given.requests else 0


def _show_models(recipe: Recipe, catalog: Catalog, console: Console) -> None:
    named, needed = models_named(recipe), models_needed(recipe, catalog)
    for name, price in prices(catalog, reachable(catalog, sorted(needed))).items():
        cost = (
            f"${price.input:g} in, ${price.output:g} out per million tokens" if price else "price not known"
        )
        part = "" if name in named else "  (judge by default)" if name in needed else "  (fallback)"
        console.print(f"model    {name} = {catalog.model(name).id}: {cost}{part}")


def _show_needs(recipe: Recipe, known: Known, console: Console) -> None:
    for loc, need in needs_in(recipe):
        ranking = known.rank(wanted_for(need))
        names = [f"{each.name} ({each.worth:.2f})" for each in ranking.usable[: 1 + RUNNERS_UP]]
        taken = (
            f"{names[0]}, else {', '.join(names[1:])}"
            if len(names) > 1
            else names[0]
            if names
            else "no model"
        )
        where = ".".join(map(str, loc))
        console.print(f"need     {need.strength} at {where}: {taken}", markup=False)


def _show_calls(recipe: Recipe, catalog: Catalog, console: Console, *, with_cost: bool) -> None:
    """With a table the estimate has the worst case of tonight's largest row, and no other is told beside it."""
    worst = worst_in(recipe, catalog, known_prices(recipe, catalog))
    many = f"{worst.least:,} to {worst.calls:,}" if worst.least < worst.calls else f"{worst.calls:,}"
    cost = "not known" if worst.usd is None else dollars(worst.usd)
    chain = f"at most {worst.sequential:,} after one another"
    console.print(f"calls    {many} per request, {chain}" + (f"; worst case {cost}" if with_cost else ""))


def _show_remarks(remarks: list[Remark], document: Document, console: Console) -> None:
    for each in sorted(remarks, key=lambda remark: document.line_of(remark.loc)):
        said = f"{document.where(each.loc)}: {each.kind}: {each.what}; {each.hint}"
        console.print(said, style="yellow", markup=False)
    number = len(remarks)
    said = "nothing remarkable" if number == 0 else "1 remark" if number == 1 else f"{number} remarks"
    console.print(f"lint     {said}" + (", none of which stops a run" if number else ""))


def _check_requests(
    given: argparse.Namespace,
    recipe: Recipe,
    catalog: Catalog,
    store: Store,
    estimates: Estimates,
    console: Console,
) -> int:
    night = given.run_date or datetime.now().astimezone().date()
    rejected = 0
    reasons: list[str] = []
    tokens = CellTokens(expected_of(recipe, catalog, estimates).cells)
    for each in read_requests(given.requests, recipe.columns, run_date=night):
        if isinstance(each, Reject):
            rejected += 1
            if len(reasons) < SHOWN_REJECTS:
                reasons.append(f"  row {each.row}: {each.reason}")
        else:
            tokens.add(each.values)
    console.print(f"requests {tokens.rows:,} good, {rejected:,} rejected")
    for reason in reasons:
        console.print(reason, markup=False)
    if rejected > SHOWN_REJECTS:
        console.print(f"  and {rejected - SHOWN_REJECTS:,} more")
    code = 1 if rejected else 0
    if given.sample and tokens.rows:
        code = _sample(given, recipe, catalog, store, tokens, night, console) or code
    estimate = night_estimate(store, recipe, catalog, tokens, estimates=estimates)
    show_estimate(estimate)
    _show_pairs(recipe, tokens.rows, console)
    _show_limit(estimate, recipe.max_estimate_usd, console)
    return code


def _sample(
    given: argparse.Namespace,
    recipe: Recipe,
    catalog: Catalog,
    store: Store,
    tokens: CellTokens,
    night: date,
    console: Console,
) -> int:
    sample = sample_of(given.requests, recipe, catalog, night, rows=tokens.rows, number=given.sample)
    own = cell_tokens(tokens.wanted, (each.values for each in sample.rows))
    before = night_estimate(store, recipe, catalog, own)
    cost, worst = (
        "an amount that is not known" if usd is None else dollars(usd)
        for usd in (before.run_usd, before.run_worst_usd)
    )
    rows = f"{len(sample.rows):,} of {tokens.rows:,} rows, as run {sample.run}"
    console.print(f"sample   {rows}: expected to cost {cost}, at worst {worst}", markup=False)
    kept = (
        "the night does not pay its calls again"
        if recipe.cache.ttl
        else "the night pays its calls again: cache is off"
    )
    console.print(f"         {kept}")
    code = make_sample(sample, given, night)
    console.print()
    return code


def _show_pairs(recipe: Recipe, rows: int, console: Console) -> None:
    """How many pairs a night of this table gives, and how many it takes."""
    if recipe.baseline is None or not recipe.baseline.share:
        return
    pairs = recipe.baseline.share * rows
    usual = pairs_to_show(USUAL_SPREAD)
    console.print(
        f"pairs    about {pairs:,.0f} a night with {recipe.baseline.model}; a verdict takes {FEWEST} at least, and to show a "
        f"gain of {WORTH} usually about {usual}",
        markup=False,
    )
    if pairs < usual:
        console.print(
            "         the report puts the last 30 nights together; a request counts once", markup=False
        )


def _show_limit(estimate: NightEstimate, limit_usd: float | None, console: Console) -> None:
    try:
        refuse_above(estimate, limit_usd)
    except UserError as refusal:
        console.print(f"limit    a run would not start: {refusal.what}", style="yellow", markup=False)
    else:
        if limit_usd is not None:
            console.print(f"limit    within the recipe's max_estimate_usd of {dollars(limit_usd)}")
