"""`nightpress recipes` and `nightpress models`: what there is to name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from blocks.places import (
    STORED_RECIPES,
    open_catalog,
    open_store,
    published_recipes,
    shipped_recipes,
    store_place,
)
from deployments.cli.form_refreshing import refresh_forms
from deployments.cli.ranking import check_no_need, rank_models
from tasks.calling.route_making import prices
from tasks.landing.lessons import OFFERED, forget_lessons, known_lessons, taught_recipes
from tasks.patterns.recipe import load_recipe, models_named
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    import argparse

    from tasks.calling.catalog import Catalog
    from tasks.storing.filesystem import Store


def recipes(given: argparse.Namespace) -> int:
    """List the shipped and the published recipes, publish some, or show what reviewers have taught them.

    Raises:
        UserError: a recipe to publish has mistakes; then none is published.
    """
    console = _wide()
    store = open_store(store_place(given.store))
    if given.action == "publish":
        return _publish(store, given.names, console)
    if given.action == "lessons":
        return _lessons(store, given.names, console, forget=given.forget)
    table = Table("recipe", "version", "pattern", "models", "about", box=None, pad_edge=False)
    for name, path in shipped_recipes().items():
        _add(table, path, name)
    for stored in published_recipes(store):
        _add(table, store.read(stored).decode(), f"{store.url}/{stored}")
    console.print(table)
    return 0


def models(given: argparse.Namespace) -> int:
    """List the models of a models file: where they are, what they cost, whether their key is there; or rank them.

    Raises:
        UserError: the options describe a need that no model can have.
    """
    if given.task is not None:
        rank_models(given, _wide(120))
        return 0
    check_no_need(given)
    catalog = open_catalog(given.models)
    table = Table(
        "model", "family", "provider", "id", "window", "USD in / out per million", "key", "fallback",
        box=None, pad_edge=False,
    )  # fmt: skip
    priced = prices(catalog, catalog.models)
    for name, model in catalog.models.items():
        price = priced[name]
        cost = f"{price.input:g} / {price.output:g}" if price else "not known"
        table.add_row(
            name, model.family, model.provider, model.id, f"{model.context:,}" if model.context else "not known", cost,
            _key(catalog, model.provider), " → ".join(model.fallback),
        )  # fmt: skip
    _wide().print(table)
    return 0


def _wide(columns: int = 240) -> Console:
    """A console that cuts nothing off where the output goes into a file or a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=columns)


def _publish(store: Store, files: list[str], console: Console) -> int:
    if not files:
        raise UserError("no recipe to publish", hint="nightpress recipes publish FILE ...")
    checked = [(load_recipe(Path(file)), Path(file).read_bytes()) for file in files]
    for recipe, text in checked:
        path = f"{STORED_RECIPES}/{recipe.recipe}.yaml"
        store.write(path, text)
        console.print(f"published {recipe.recipe} version {recipe.version} as {store.url}/{path}")
    console.print(refresh_forms(store.url))
    return 0


def _lessons(store: Store, names: list[str], console: Console, *, forget: bool) -> int:
    for name in names or taught_recipes(store):
        lessons = known_lessons(store, name)
        if forget:
            console.print(f"{name}: {forget_lessons(store, name)} lessons forgotten")
            continue
        console.print(
            f"[bold]{name}[/]: {len(lessons)} lessons, the first {OFFERED} are offered to the next run"
        )
        for lesson in lessons:
            times = f"{lesson['times']} times" if lesson["times"] > 1 else "once"
            console.print(f"  {lesson['text']}", markup=False, soft_wrap=True)
            console.print(
                f"    said {times}, of a text at {lesson['score']:.2f}; {', '.join(lesson['runs'][-3:])}"
            )
    return 0


def _add(table: Table, source: Path | str, name: str) -> None:
    try:
        recipe = load_recipe(source, name=name)
    except UserError as error:
        table.add_row(name, "", "", "", f"has mistakes: {str(error).splitlines()[0]}")
        return
    table.add_row(
        recipe.recipe,
        str(recipe.version),
        recipe.make.kind,
        ", ".join(sorted(models_named(recipe))),
        recipe.about,
    )


def _key(catalog: Catalog, provider: str) -> str:
    place = catalog.providers[provider].api_key
    if place is None:
        return "none needed"
    if place.block:
        return f"block {place.block}"
    return f"${place.env} is set" if os.environ.get(place.env or "") else f"${place.env} is not set"
