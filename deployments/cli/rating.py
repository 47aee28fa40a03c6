"""`nightpress rate`: people's ratings of a store's texts, from files. Needs no Prefect server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from blocks.places import open_store, store_place
from deployments.cli.complaining import complain
from deployments.cli.sheets_shown import wide_console
from tasks.landing.rating_ingest import files_of, ingest
from tasks.landing.ratings_told import rejected_lines, summary, unused_line
from tasks.landing.satisfaction_shown import satisfaction_line
from tasks.storing.errors import NightpressError, UserError
from tasks.storing.rating_files import Defaults

if TYPE_CHECKING:
    import argparse

MOST_REJECTED = 20
MOST_RUNS = 10


def rate(given: argparse.Namespace) -> int:
    """Take the files in; 0 if every row was, 1 if some were rejected, 2 if a file could not be read as it is.

    Raises:
        UserError: there is no such file, or no such store.
        NightpressError: the store cannot be read or written.
    """
    console = wide_console()
    store = open_store(store_place(given.store))
    defaults = Defaults(given.run or "", given.arm, given.source, given.scale)
    code, runs = 0, dict[str, None]()
    for path in files_of(store, given.file):
        try:
            told = ingest(store, path, defaults)
        except UserError as error:
            sys.stdout.flush()
            complain("error", error)
            code = 2
            continue
        except OSError as error:
            raise NightpressError(f"the ratings of {store.url} cannot be changed: {error}") from error
        for line in (summary(told), *rejected_lines(told, MOST_REJECTED), unused_line(told)):
            if line:
                console.print(line, markup=False, soft_wrap=True)
        code = max(code, int(bool(told.rejected)))
        runs.update(dict.fromkeys(told.runs))
    for run in list(runs)[:MOST_RUNS]:
        console.print(satisfaction_line(store, run), markup=False, soft_wrap=True)
    return code
