"""Whether a recipe that a command only looks for in a store's tables exists at all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from blocks.places import published_recipes, shipped_recipes
from tasks.landing.committed import committed_runs
from tasks.landing.moves import at_once
from tasks.landing.plan import read_manifest
from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store


def check_recipe(store: Store, name: str) -> None:
    """Raise UserError unless the recipe comes with Nightpress, was published, or a committed run was made with it.

    Reads every run's manifest: for when nothing was found.
    """
    manifests = at_once(partial(read_manifest, store), committed_runs(store))
    known = {each["recipe"] for each in manifests if each}
    known |= {*shipped_recipes(), *(Path(path).stem for path in published_recipes(store))}
    if name not in known:
        raise UserError(f"there is no recipe {name!r}", where="--recipe", hint=near_miss(name, known))
