"""`nightpress replay`: a past run's rows by another recipe, on recorded answers alone."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from blocks.places import open_catalog, open_recipe, open_store, store_place
from deployments.cli.sheets_shown import show_sheet, wide_console
from tasks.calling.catalog import Catalog
from tasks.calling.past_calls import PastCalls
from tasks.landing.committed import open_committed
from tasks.landing.plan import read_plan
from tasks.landing.replay_run import replay_run
from tasks.landing.replay_sheets import ROWS, calls_sheet, file_rows, rows_sheet, summary
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    import argparse

    from tasks.landing.replay_run import ReplayedRun
    from tasks.storing.filesystem import Store

MOST_ROWS = 12


def replay(given: argparse.Namespace) -> int:
    """Print what is recorded, what is not, and what the rows come to that are; 0 whatever it comes to.

    Raises:
        UserError: no such run, a mistake in the recipe or the models file, or the output cannot be written.
        NightpressError: the store cannot be read.
    """
    console = wide_console()
    store = open_store(store_place(given.store))
    committed = open_committed(store, given.run or "")
    recipe, catalog = open_recipe(given.recipe, store), _catalog(given.models, store, committed.run)
    past = PastCalls(store)
    try:
        past.refresh()
        work = replay_run(past, committed, recipe, catalog, datetime.now(UTC), given.limit)
        replayed = asyncio.run(work)
    except OSError as error:
        raise NightpressError(f"the store {store.url} cannot be read: {error}") from error
    if replayed.told.steps:
        show_sheet(calls_sheet(replayed), console)
    rows = rows_sheet(replayed)
    if rows.rows:
        show_sheet(rows, console, most_rows=MOST_ROWS)
    console.print()
    for each in summary(replayed):
        console.print(each, markup=False, soft_wrap=True)
    if given.out:
        _write(replayed, given.out)
        console.print(f"rows written to {given.out}", markup=False, soft_wrap=True)
    return 0


def _catalog(given: str | None, store: Store, run: str) -> Catalog:
    """The models file as everywhere; where there is none, the run's own models."""
    try:
        return open_catalog(given)
    except UserError:
        plan = read_plan(store, run)
        if given or os.environ.get("NIGHTPRESS_MODELS") or Path("models.yaml").exists() or plan is None:
            raise
        return Catalog.from_frozen(plan.models)


def _write(replayed: ReplayedRun, out: str) -> None:
    try:
        pq.write_table(pa.Table.from_pylist(file_rows(replayed), ROWS), out)
    except OSError as error:
        raise UserError(f"cannot be written: {error.strerror or error}", where=out) from None
