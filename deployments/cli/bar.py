"""A live bar while a night runs: rows, calls, ledger hits, USD. In a pipe, a plain line every ten seconds."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows.night_progress import Snapshot, watchers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

LINE_SECONDS = 10.0


@contextmanager
def watch(console: Console) -> Iterator[None]:
    """Show every night that runs in this process during the block."""
    with _bar(console) if console.is_terminal else _lines(console):
        yield


@contextmanager
def _bar(console: Console) -> Iterator[None]:
    columns = (
        TextColumn("rows"),
        BarColumn(30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("rows", total=None, said="starting")

        def show(now: Snapshot) -> None:
            progress.update(task, total=now.rows, completed=now.rows_done, said=_said(now))

        watchers.append(show)
        try:
            yield
        finally:
            watchers.remove(show)


@contextmanager
def _lines(console: Console) -> Iterator[None]:
    said_at = time.monotonic()

    def show(now: Snapshot) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= LINE_SECONDS:
            said_at = time.monotonic()
            console.print(f"{now.rows_done:,} of {now.rows:,} rows; {_said(now)}", soft_wrap=True)

    watchers.append(show)
    try:
        yield
    finally:
        watchers.remove(show)


def _said(now: Snapshot) -> str:
    rate = now.calls / now.seconds if now.seconds else 0.0
    failed = f", {now.failed:,} failed" if now.failed else ""
    return f"{now.calls:,} calls ({rate:.0f}/s), {now.cached:,} from the ledger{failed}, ${now.usd:.4f}"
