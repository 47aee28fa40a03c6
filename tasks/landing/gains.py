"""What was learnt of which requests a stronger model is worth its price for, kept in the store: `_learnt/gains/`.

A night of a recipe with a cascade by gain learns it anew from the rows that it and nights before explored, and
`nightpress fit --gain` from them or from a file. Every plan freezes what its recipe's cascades go by.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from tasks.choosing.estimates import Estimates
from tasks.choosing.gain_pairs import learnt_routing, pairs_of
from tasks.choosing.routing import Routing
from tasks.landing.gain_rows import gain_rows
from tasks.patterns.gaining import gain_steps, gain_text
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

FOLDER: Final = "_learnt/gains"
ANY: Final = "_any"  # no recipe can be called so
MOST_ROWS: Final = 2000  # of tonight's, by which a share is found to about a percent
FEWEST: Final = 20  # requests from which something is learnt


def kept_routings(store: Store, recipe: str) -> tuple[Routing, ...]:
    """What is kept for any recipe, and for this one; nothing of what cannot be read."""
    return (*_read(store, ANY), *_read(store, recipe))


def keep_routings(store: Store, routings: Iterable[Routing], recipe: str | None) -> None:
    """For a recipe, or for any; of the same step and models the newest stays."""
    found = {_key(each): each for each in (*_read(store, recipe or ANY), *routings)}
    store.write(_path(recipe or ANY), orjson.dumps([each.plain() for each in found.values()]))


def tonights_routings(store: Store, recipe: Recipe, rows: Iterable[Mapping[str, Any]]) -> tuple[Routing, ...]:
    """What the recipe's cascades by gain go by tonight.

    Args:
        rows: the values of tonight's requests: the wished share is one of these.
    """
    steps = gain_steps(recipe.make)
    if not steps:
        return ()
    known = Estimates(routings=kept_routings(store, recipe.recipe))
    sample, found = _some(rows), []
    for step, spec, (cheap, strong) in steps:
        requests = [(gain_text(spec, values, recipe.request), _kind(recipe, values)) for values in sample]
        routing = known.routing_of(step, cheap, strong)
        found.append(Routing(cheap, strong, step, routing.router, routing.usual).among(requests))
    return tuple(found)


def learn_gains(store: Store, recipe: Recipe, until: date) -> list[Routing]:
    """Learn anew what the recipe's cascades by gain go by; what there are too few explored rows for stays as it is.

    No night fails for what is only good to know: where the store cannot be read or written, another night learns.

    Args:
        until: the last night that counts.
    """
    try:
        found = list(_learnt(store, recipe, until)) if recipe.explore else []
        if found:
            keep_routings(store, found, recipe.recipe)
    except (OSError, ValueError, pa.ArrowException, NightpressError):
        return []
    return found


def _learnt(store: Store, recipe: Recipe, until: date) -> Iterator[Routing]:
    for step, spec, (cheap, strong) in gain_steps(recipe.make):
        seen = gain_rows(store, recipe.recipe, step, spec, list(recipe.request), until, (cheap, strong))
        pairs = pairs_of(seen.rows, cheap, strong)
        if len(pairs) >= FEWEST:
            yield learnt_routing(pairs, cheap, strong, step, seen.others)


def _some(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """At most MOST_ROWS of them, each as likely: the same for the same table (Vitter's algorithm R, 1985)."""
    found: list[Mapping[str, Any]] = []
    random = Random(0)
    for number, values in enumerate(rows):
        if number < MOST_ROWS:
            found.append(values)
        elif (place := random.randrange(number + 1)) < MOST_ROWS:
            found[place] = values
    return found


def _kind(recipe: Recipe, values: Mapping[str, Any]) -> str | None:
    """As far as a column says it: what a route will find is not known yet."""
    value = values.get(recipe.request_type) if recipe.request_type else None
    return None if value is None else str(value)


def _key(routing: Routing) -> tuple[str | None, str, str]:
    return routing.step, routing.cheap, routing.strong


def _path(recipe: str) -> str:
    return f"{FOLDER}/{recipe}.json"


def _read(store: Store, recipe: str) -> list[Routing]:
    try:
        return [Routing.from_plain(each) for each in orjson.loads(store.read(_path(recipe)))]
    except (OSError, ValueError, KeyError, TypeError):
        return []
