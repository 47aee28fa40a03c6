"""`nightpress report`: what a committed run came to, in the terminal and as one HTML file. Needs no Prefect server."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from blocks.places import open_store, store_place
from deployments.cli.sheets_shown import WIDE_COLUMNS, sheet_table, tell, wide_console
from tasks.landing.bought import TITLE, bought_sheet, bought_words, says_how, was_compared
from tasks.landing.night_report import read_report
from tasks.landing.report_contents import SIMULATED, headline, sheets, state_of
from tasks.landing.report_file import report_url, write_report
from tasks.landing.run_paths import report_path
from tasks.landing.trend_sheets import drift_words
from tasks.landing.wording import times
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    import argparse

    from rich.console import Console

    from tasks.landing.night_report import Report
    from tasks.storing.filesystem import Store

MOST_ROWS = 20


def report(given: argparse.Namespace) -> int:
    """Print a run's report, write its HTML, and open that if asked to; 0 whether the run is healthy or not.

    Raises:
        UserError: there is no such run.
        NightpressError: the HTML cannot be written.
    """
    console = wide_console()
    store = open_store(store_place(given.store))
    made = read_report(store, given.run or "")
    show(made, console)
    try:
        write_report(store, made)
    except OSError as error:
        raise NightpressError(f"the HTML report cannot be written: {error}") from error
    console.print(f"\n{_shown(store, made.run)}", markup=False, soft_wrap=True)
    if given.open:
        webbrowser.open(_page(store, made.run))
    return 0


def show(report: Report, console: Console) -> None:
    """Print the headline and every table."""
    console.print(f"\n[bold]{escape(report.run)}[/]  {escape(state_of(report))}", soft_wrap=True)
    if report.simulated:
        console.print(f"[yellow]{SIMULATED}[/]", soft_wrap=True)
    for title, figure in headline(report):
        tell(console, title, figure, room=18)
    for words in drift_words(report.trend):
        tell(console, "", words)
    if was_compared(report) or says_how(report):
        console.print(f"\n[bold]{TITLE}[/]")
        for words in bought_words(report):
            tell(console, "", words.replace("`", ""))
    compared = bought_sheet(report)
    for each in [*([compared] if compared.rows else []), *sheets(report)]:
        sheet = each if console.width >= WIDE_COLUMNS else each.narrow
        console.print()
        console.print(sheet_table(sheet, MOST_ROWS))
        if len(sheet.rows) > MOST_ROWS:
            console.print(f"and {times(len(sheet.rows) - MOST_ROWS, 'row')} more in the HTML")


def _shown(store: Store, run: str) -> str:
    """Where the page lies, as a path on a disk."""
    return report_url(store, run) if "://" in store.url else str(Path(store.url) / report_path(run))


def _page(store: Store, run: str) -> str:
    """What a browser opens: the file, or a copy of one that lies in a bucket."""
    if not store.url.startswith("s3://"):
        return report_url(store, run)
    page = Path(tempfile.mkdtemp(prefix="nightpress-")) / f"{run}.html"
    page.write_bytes(store.read(report_path(run)))
    return page.as_uri()
