"""`nightpress spend`: what was spent, and what the ledger, the providers' caches and the batch lane saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blocks.places import open_store, store_place
from deployments.cli.sheets_shown import show_sheet, wide_console
from tasks.landing.spend_history import spend_history
from tasks.landing.spend_view import NOTE, spend_sheets
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    import argparse


def spend(given: argparse.Namespace) -> int:
    """Print the sums of all committed runs in view; those of simulated models apart.

    Raises:
        UserError: the nights end before they begin.
        NightpressError: the store cannot be read.
    """
    if given.since and given.until and given.until < given.since:
        raise UserError(f"{given.since}..{given.until} ends before it begins", where="--until")
    console = wide_console()
    store = open_store(store_place(given.store))
    try:
        history = spend_history(store, since=given.since, until=given.until, recipe=given.recipe or "")
    except OSError as error:
        raise NightpressError(f"the runs of {store.url} cannot be read: {error}") from error
    sheets = spend_sheets(history, given.by)
    for sheet in sheets:
        show_sheet(sheet, console)
    console.print(
        f"\n{NOTE}" if sheets else "no call of a committed run is in view", markup=False, soft_wrap=True
    )
    return 0
