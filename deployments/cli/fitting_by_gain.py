"""`nightpress fit --gain`: the share of requests that a stronger model is worth its price for, and what tells which."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from blocks.places import open_recipe, open_store, recipe_name, store_place
from tasks.choosing.gain_pairs import as_outcomes, crossed_standings, learnt_routing, pairs_of
from tasks.choosing.thresholds import Goal, fit
from tasks.landing.committed import open_committed
from tasks.landing.gain_rows import GainRows, gain_rows
from tasks.landing.gains import FEWEST, keep_routings
from tasks.landing.past_slots import newest_manifests
from tasks.patterns.gaining import asks
from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tasks.choosing.gain_pairs import Pair
    from tasks.choosing.thresholds import Fitted
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

WITH_TEXT = ("request_id", "model", "request", "quality", "usd")


def fit_by_gain(given: argparse.Namespace, rows: list[dict[str, Any]]) -> int:
    """Print the share with what it comes to on requests it was not learnt from, keep what was learnt; 1 if out of reach.

    Args:
        rows: of the file with outcomes; none takes the explored rows of a recipe.

    Raises:
        UserError: there are too few requests that both models answered, or not two models.
    """
    store = open_store(store_place(given.store))
    recipe = None if given.outcomes else _recipe(store, given)
    seen = GainRows(rows) if recipe is None else _seen(store, recipe, given.step)
    cheap, strong = _models(seen.rows, given.cascade)
    pairs = pairs_of(seen.rows, cheap, strong)
    if len(pairs) < FEWEST:
        raise UserError(
            f"{len(pairs)} requests that both {cheap} and {strong} answered are too few to learn from",
            where=given.outcomes or "--step",
            hint=f"{FEWEST} are needed; `explore` in the recipe has both asked and scored for a share of the rows",
        )  # fmt: skip
    standings, goal = crossed_standings(pairs), Goal(given.quality, given.usd)
    chain = fit(as_outcomes(pairs, standings, cheap, strong), goal)
    step = None if recipe is None else given.step
    routing = learnt_routing(pairs, cheap, strong, step, seen.others)
    keep_routings(store, [routing], None if recipe is None else recipe.recipe)
    console = Console(highlight=False, width=120)
    for line in (*_told(pairs, chain), f"kept in {store.url}: what says which requests go to {strong}"):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"\n{_line(chain)}", markup=False, soft_wrap=True)
    return 0 if chain.holds else 1


def _recipe(store: Store, given: argparse.Namespace) -> Recipe:
    """As it was last run in this store; by path, as the file has it."""
    if recipe_name(given.recipe) != given.recipe:
        return open_recipe(given.recipe, store)
    for manifest in newest_manifests(store, given.recipe)[:1]:
        recipe = open_committed(store, manifest["run"]).recipe
        if recipe is not None:
            return recipe
    return open_recipe(given.recipe, store)


def _seen(store: Store, recipe: Recipe, step: str) -> GainRows:
    known = dict(asks(recipe.make))
    if step not in known:
        raise UserError(
            f"recipe {recipe.recipe!r} asks no model at {step!r}", where="--step", hint=near_miss(step, known)
        )
    today = datetime.now().astimezone().date()
    return gain_rows(store, recipe.recipe, step, known[step], list(recipe.request), today)


def _models(rows: list[dict[str, Any]], cascade: list[str] | None) -> tuple[str, str]:
    """The cheaper and the stronger: as named, else the dearer of two on average is the stronger."""
    there = list(dict.fromkeys(row["model"] for row in rows))
    for name in cascade or ():
        if name not in there:
            raise UserError(
                f"model {name!r} has no scored answers", where="--cascade", hint=near_miss(name, there)
            )
    names = cascade or sorted(there, key=lambda name: _mean_usd(rows, name))
    if len(names) != 2:
        raise UserError(
            f"the gain is that of one model over another, and here are {len(names)}: {', '.join(names)}",
            where="--cascade", hint="name two, the cheaper one first",
        )  # fmt: skip
    return names[0], names[1]


def _mean_usd(rows: list[dict[str, Any]], name: str) -> float:
    known = [row["usd"] for row in rows if row["model"] == name and row["usd"] is not None]
    return float(np.mean(known)) if known else 0.0


def _told(pairs: Sequence[Pair], chain: Fitted) -> Sequence[str]:
    cheap, strong = chain.models
    share = chain.shares[1]
    quality = np.array([each.quality for each in pairs]).mean(axis=0)
    usd = np.array([each.usd for each in pairs]).mean(axis=0)
    by_lot = (1 - share) * quality[0] + share * quality[1]
    figures = (
        f"quality {chain.quality.mean:.3f} ({chain.quality.low:.3f} to {chain.quality.high:.3f}), "
        f"${chain.usd.mean:.6f} a request, on requests that it was not learnt from"
    )
    missed = "no share fulfils the wish with a margin for chance; this is what comes closest"
    return (
        f"{len(pairs):,} requests that both {cheap} and {strong} answered",
        f"share    {share:.3g} to {strong}: {figures}",
        f"by lot   quality {by_lot:.3f}, were as many drawn blindly",
        *(
            f"alone    quality {quality[place]:.3f}, ${usd[place]:.6f} a request: {name}"
            for place, name in enumerate(chain.models)
        ),
        *(() if chain.holds else (missed,)),
    )


def _line(chain: Fitted) -> str:
    share = chain.shares[1]
    if share in (0, 1):
        return f"model: {in_yaml(chain.models[int(share)])}"
    return f"model: {{cascade: [{', '.join(map(in_yaml, chain.models))}], by: gain, share: {share:.3g}}}"


def in_yaml(name: str) -> str:
    """A model's name as a recipe's flow style takes it."""
    return name if re.fullmatch(r"[A-Za-z][\w./-]*", name) else json.dumps(name)
