"""`nightpress cache explain`: what tonight would be served from the ledger, what not, why, and what that costs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blocks.places import open_catalog, open_recipe, open_store, store_place
from deployments.cli.sheets_shown import show_sheet, wide_console
from tasks.calling.past_calls import PastCalls
from tasks.landing.explained_sheets import detail_sheet, examples_sheet, notes, steps_sheet, summary_line
from tasks.landing.explaining import Wanted, explain
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    import argparse

EXAMPLES = 12


def cache_explain(given: argparse.Namespace) -> int:
    """Print what each step would be served and ask anew; 0 whatever it comes to.

    Raises:
        UserError: a mistake in the recipe, the models file or the request table.
        NightpressError: the store cannot be read.
    """
    console = wide_console()
    store = open_store(store_place(given.store))
    now = datetime.now(UTC)
    wanted = Wanted(
        recipe=open_recipe(given.recipe, store),
        catalog=open_catalog(given.models),
        requests=given.requests,
        run_date=given.run_date or now.astimezone().date(),
        now=now,
        limit=given.limit,
        request_id=given.request or "",
    )
    past = PastCalls(store)
    try:
        past.refresh()
        told = asyncio.run(explain(past, wanted))
    except OSError as error:
        raise NightpressError(f"the ledger of {store.url} cannot be read: {error}") from error
    if not told.steps:
        console.print("the table has no good row: nothing would be asked")
        return 0
    if given.request:
        show_sheet(detail_sheet(told.detail), console)
    else:
        show_sheet(steps_sheet(told), console)
        examples = examples_sheet(told)
        if examples.rows:
            show_sheet(examples, console, most_rows=EXAMPLES)
    console.print()
    for each in (summary_line(told), *notes(told)):
        console.print(each, markup=False, soft_wrap=True)
    return 0
