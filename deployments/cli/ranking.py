"""`nightpress models --for TASK`: which model a step with such a need would get, and why not the others."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from blocks.places import open_catalog, open_store, store_place
from tasks.calling.route_making import prices
from tasks.choosing.ranking import COMPLEXITY_SHARE, Known, Wanted
from tasks.landing.learning import estimates_for
from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from tasks.calling.catalog import Catalog
    from tasks.choosing.estimate import Estimate
    from tasks.choosing.estimates import Estimates
    from tasks.choosing.ranking import Ranked, Ranking

ONLY_WITH_A_TASK = (
    "quality",
    "complexity",
    "usd_per_call",
    "partner",
    "request_type",
    "tokens_in",
    "max_tokens",
)
NAMES = {"partner": "--with", "request_type": "--type"}


def rank_models(given: argparse.Namespace, console: Console) -> None:
    """Print the ranking for the need that the options describe.

    Raises:
        UserError: no model has a strength for such a task, or there is no model of the partner's name.
    """
    catalog = open_catalog(given.models)
    store = open_store(store_place(given.store))
    estimates = estimates_for(store, catalog, datetime.now().astimezone().date())
    check_task(given.task, catalog, estimates)
    if given.partner is not None:
        catalog.model(given.partner)
    wanted = _wanted(given)
    known = Known(catalog, prices(catalog, catalog.models), estimates)
    away = without_key(catalog)
    ranking = known.rank(wanted, away)
    as_if = () if ranking.usable else known.rank(wanted).usable  # what keys alone would change
    if as_if:
        ranking = known.rank(wanted)
        console.print(_what_to_set(away, as_if), markup=False, soft_wrap=True)
        console.print()
    console.print(_learnt_from(estimates, store.url), markup=False, soft_wrap=True)
    console.print(_rule(wanted), markup=False, soft_wrap=True)
    console.print()
    console.print(_table(ranking))
    console.print()
    for line in _not_taken(ranking):
        console.print(line, markup=False, soft_wrap=True)
    console.print(_choice(ranking, away), markup=False, soft_wrap=True)


def check_no_need(given: argparse.Namespace) -> None:
    """Raise UserError if an option was given that says something of a need, without one."""
    for name in ONLY_WITH_A_TASK:
        if getattr(given, name) is not None:
            option = NAMES.get(name, f"--{name.replace('_', '-')}")
            raise UserError("this says what a task needs of a model", where=option, hint="add --for TASK")


def check_task(task: str, catalog: Catalog, estimates: Estimates) -> None:
    """Raise UserError unless a model has a strength for the task, or past runs did it."""
    given = {name for model in catalog.models.values() for name in model.strengths}
    known = given | {name for _, name, _ in estimates.quality if name}
    if task not in known:
        names = ", ".join(sorted(known)) or "none"
        close = near_miss(task, known)
        hint = close if close.startswith("did you mean") else "a strength of that name makes it one"
        raise UserError(f"no model has a strength {task!r}; known tasks: {names}", where="--for", hint=hint)


def without_key(catalog: Catalog) -> dict[str, str]:
    """Models that cannot be asked from here, as the environment lacks their key: model → why."""
    found = {}
    for name in catalog.models:
        key = catalog.provider_of(name).api_key
        if key is not None and key.env and not os.environ.get(key.env):
            found[name] = f"${key.env} is not set"
    return found


def _wanted(given: argparse.Namespace) -> Wanted:
    options = {
        name: value for name in ("tokens_in", "max_tokens") if (value := getattr(given, name)) is not None
    }
    return Wanted(
        given.task,
        given.quality,
        given.complexity,
        given.usd_per_call,
        given.partner,
        given.request_type,
        **options,
    )


def _learnt_from(estimates: Estimates, url: str) -> str:
    if not estimates.runs:
        return f"estimates: the models file alone; no run in {url} has measured these models"
    runs = "1 run" if estimates.runs == 1 else f"{estimates.runs:,} runs"
    return f"estimates: the models file, corrected by what {runs} in {url} measured, older ones less"


def _rule(wanted: Wanted) -> str:
    worth = "quality times how well it works after the partner" if wanted.partner else "quality"
    if wanted.floor is None:
        return f"rule: of the models that can be asked the one with the most worth ({worth})"
    by = f" ({COMPLEXITY_SHARE:g} x complexity)" if wanted.floor != wanted.quality else ""
    return (
        f"rule: of the models that can be asked and are worth {wanted.floor:.2f}{by} or more ({worth}) the cheapest, "
        "lost attempts counted; if there is none, the one that comes closest"
    )


def _table(ranking: Ranking) -> Table:
    partner = ranking.wanted.partner
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("model", no_wrap=True)
    for title in ("worth", "quality", "95% interval", "scores", *([f"after {partner}"] if partner else [])):
        table.add_column(escape(title), justify="right")
    for title in ("USD a call", "seconds", "errors"):
        table.add_column(title, justify="right")
    for place, each in enumerate(ranking.models, 1):
        style = "bold" if place == 1 and each.fits else "dim" if each.out else ""
        match = [_share(each.compatibility)] if partner else []
        table.add_row(
            "out" if each.out else str(place), escape(each.name), f"{each.worth:.3f}", f"{each.quality.mean:.3f}", _interval(each.quality),
            f"{each.quality.n:,.0f}", *match, "not known" if each.usd is None else f"{each.usd:.5f}",
            "" if each.seconds is None else f"{each.seconds:.1f}", f"{each.errors.mean:.1%}", style=style,
        )  # fmt: skip
    return table


def _share(estimate: Estimate | None) -> str:
    return "" if estimate is None else f"{estimate.mean:.2f}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.2f} to {estimate.high:.2f}"


def _what_to_set(away: Mapping[str, str], as_if: Sequence[Ranked]) -> str:
    """Of no model that could do it the key is there."""
    variables = list(dict.fromkeys(away[each.name].split()[0] for each in as_if))
    wish = variables[0] if len(variables) == 1 else f"one of {', '.join(variables)}"
    return f"no model can be asked from here: set {wish}; what follows ranks them as if every key were there"


def _not_taken(ranking: Ranking) -> list[str]:
    """A line for each reason, the models in the ranking's order."""
    names: dict[str, list[str]] = {}
    for each in ranking.models:
        if not each.fits:
            names.setdefault(_why_not(each), []).append(each.name)
    return [f"not: {', '.join(models)}: {why}" for why, models in names.items()]


def _why_not(each: Ranked) -> str:
    return each.out or (f"{each.below:.3f} below what is needed" if each.below else "")


def _choice(ranking: Ranking, away: Mapping[str, str]) -> str:
    usable = ranking.usable
    if not usable:
        return "a step would get no model: none of them can be asked"
    best = usable[0]
    cost = "" if best.usd is None else f", about ${best.usd:.5f} a call"
    short = f"; it is {best.below:.3f} below what is needed, and no other comes closer" if best.below else ""
    if_set = f"with {away[best.name].split()[0]} set " if best.name in away else ""
    return f"{if_set}a step would get {best.name}{cost}{short}"
