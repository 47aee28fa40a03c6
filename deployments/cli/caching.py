"""`nightpress cache`: what the ledger holds, why calls would miss, and calls taken out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blocks.places import open_store, store_place
from deployments.cli.explaining import cache_explain
from deployments.cli.recipe_known import check_recipe
from deployments.cli.sheets_shown import show_sheet, wide_console
from tasks.landing.ledger_contents import contents_sheet, ledger_contents
from tasks.landing.pruning import Unwanted, prune
from tasks.landing.wording import size, times
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    import argparse

    from tasks.landing.pruning import Pruning

MOST_NAMES = 5


def cache(given: argparse.Namespace) -> int:
    """Do what the action says; without one, say what is there."""
    if given.action == "explain":
        return cache_explain(given)
    return _prune(given) if given.action == "prune" else _contents(given)


def _contents(given: argparse.Namespace) -> int:
    console = wide_console()
    store = open_store(store_place(given.store))
    try:
        told = ledger_contents(store)
    except OSError as error:
        raise NightpressError(f"the ledger of {store.url} cannot be read: {error}") from error
    lines = [
        f"{times(told.keys, 'call')} can be reused; {times(told.files, 'key file')}, {size(told.size_bytes)}"
    ]
    if told.open_files:
        lines.append(
            f"{times(told.open_calls, 'call')} of runs that have not committed, in {told.open_files:,} parts"
        )
    for line in lines:
        console.print(line, soft_wrap=True)
    if told.held or told.saved:
        show_sheet(contents_sheet(told), console)
    return 0


def _prune(given: argparse.Namespace) -> int:
    if not (given.older_than or given.run or given.recipe or given.simulated):
        raise UserError(
            "nothing says which calls to take out", where="cache prune",
            hint="give --older-than, --run, --recipe or --simulated; all that is given has to apply",
        )  # fmt: skip
    console = wide_console()
    store = open_store(store_place(given.store))
    now = datetime.now(UTC)
    before = now - given.older_than if given.older_than else now
    unwanted = Unwanted(before, given.run or "", given.recipe or "", given.simulated)
    try:
        told = prune(store, unwanted, dry_run=given.dry_run)
    except OSError as error:
        raise NightpressError(f"the ledger of {store.url} cannot be changed: {error}") from error
    if given.recipe and not told.keys:
        check_recipe(store, given.recipe)
    for line in _said(told, dry_run=given.dry_run):
        console.print(line, markup=False, soft_wrap=True)
    return 0


def _said(told: Pruning, *, dry_run: bool) -> list[str]:
    went = "would be taken out" if dry_run else "taken out"
    freed = f", {size(max(0, told.size_bytes))} of key files" if told.keys else ""
    lines = [f"{times(told.keys, 'call')} of {times(len(told.runs), 'run')} {went} of the ledger{freed}"]
    if told.keys and not dry_run:
        lines.append(
            "their rows in `calls` stay; a night that is running may still serve them, as it has loaded its keys"
        )
    for runs, why in (
        (told.spared, "may go on and would pay again; --run takes out one of them all the same"),
        (told.mixed, "asked real models as well"),
    ):
        if runs:
            more = f" and {len(runs) - MOST_NAMES:,} more" if len(runs) > MOST_NAMES else ""
            lines.append(f"left alone: {', '.join(runs[:MOST_NAMES])}{more}: {why}")
    return lines
