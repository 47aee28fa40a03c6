"""Which committed runs tell what tonight's will cost: of the same recipe, the newest few. Reads only.

A run whose answers were simulated counts only where tonight's models are the same simulated ones: an answer's `host` is
that of tonight's base_url.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx
from pydantic import ValidationError

from tasks.landing.committed import READERS, Committed, committed_runs
from tasks.landing.past_rows import PastRows
from tasks.landing.plan import read_manifest, read_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price
    from tasks.patterns.cell_tokens import Cell
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

MOST_LOOKED_AT: Final = 60
MOST_RUNS: Final = 5
ENOUGH_ROWS: Final = 1000
DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of past runs.

    Attributes:
        priced: catalog name → tonight's price.
        cells: the cells of the request whose tokens are of interest.
        other_than: a run that is left out, as it is being made anew.
    """

    recipe: Recipe
    catalog: Catalog
    priced: dict[str, Price | None]
    cells: frozenset[Cell]
    other_than: str = ""


def past_rows(store: Store, wanted: Wanted) -> PastRows:
    """What the newest runs of the recipe came to: of its version and steps, else of its version, else of another.

    At most `MOST_RUNS`, and no further one once there are `ENOUGH_ROWS` rows.
    """
    found = PastRows(wanted.priced, wanted.cells)
    hosts = {
        name: httpx.URL(wanted.catalog.provider_of(name).base_url).netloc.decode()
        for name in wanted.catalog.models
    }
    for committed, alike in _of_recipe(store, wanted):
        if len(found.runs) == MOST_RUNS or found.rows >= ENOUGH_ROWS:
            break
        read = PastRows(wanted.priced, wanted.cells, alike=alike)
        with suppress(FileNotFoundError):  # housekeeping has moved its parts since
            if read.take(committed, hosts, ENOUGH_ROWS):
                found.add(read)
    return found


def _of_recipe(store: Store, wanted: Wanted) -> Iterator[tuple[Committed, bool]]:
    """Runs of one rank only, the newest first, with whether they had the same steps."""
    names = [name for name in committed_runs(store) if name != wanted.other_than]
    likely = sorted(names, key=partial(_likeliness, wanted.recipe.recipe), reverse=True)[:MOST_LOOKED_AT]
    with ThreadPoolExecutor(READERS) as readers:
        manifests = [
            each
            for each in readers.map(partial(read_manifest, store), likely)
            if each is not None
            and each["recipe"] == wanted.recipe.recipe
            and each["rows"]["made"]
            and not each.get("compares")
        ]
        frozen = list(readers.map(partial(_frozen_recipe, store), manifests))
    make, version = wanted.recipe.canonical()["make"], wanted.recipe.version
    ranked = [
        (_rank(manifest, recipe, make, version), str(manifest["committed_at"]), manifest)
        for manifest, recipe in zip(manifests, frozen, strict=True)
    ]
    best = max((rank for rank, _, _ in ranked), default=0)
    for rank, _, manifest in _newest(ranked):
        if rank == best:
            yield Committed(store, manifest, None), rank == _ALIKE


_ALIKE: Final = 2


def _rank(manifest: dict[str, Any], frozen: dict[str, Any] | None, make: dict[str, Any], version: int) -> int:
    if manifest["recipe_version"] != version:
        return 0
    return _ALIKE if frozen is not None and frozen.get("make") == make else 1


def _newest(ranked: Iterable[tuple[int, str, dict[str, Any]]]) -> list[tuple[int, str, dict[str, Any]]]:
    return sorted(ranked, key=lambda each: each[1], reverse=True)


def _frozen_recipe(store: Store, manifest: dict[str, Any]) -> dict[str, Any] | None:
    try:
        plan = read_plan(store, manifest["run"])
    except ValidationError:  # of a version that this one cannot read
        return None
    return plan.recipe if plan is not None and plan.hash == manifest["plan"] else None


def _likeliness(recipe: str, run: str) -> tuple[bool, str]:
    """By name alone, as a store may hold many runs: a run is called by its recipe and its date unless somebody says else."""
    dates = DATE.findall(run)
    return run.startswith(recipe), dates[-1] if dates else ""
