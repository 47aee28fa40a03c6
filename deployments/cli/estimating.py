"""How an estimate reads in a terminal of 100 columns: per row and per run, then by step, role and model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from tasks.landing.night_estimate import AT_ONCE
from tasks.landing.wording import one_line, times
from tasks.patterns.lint_sums import dollars

if TYPE_CHECKING:
    from tasks.landing.estimate_lines import EstimateLine
    from tasks.landing.night_estimate import NightEstimate

COLUMNS: Final = 100
UNKNOWN: Final = "not known"
MOST_LINES: Final = 30


def show_estimate(estimate: NightEstimate) -> None:
    """Print it."""
    console = Console(highlight=False, width=COLUMNS)
    console.print(f"estimate {times(estimate.rows, 'row')}; {estimate.basis}", markup=False)
    if not estimate.rows:
        return
    console.print(_totals(estimate))
    console.print(f"  {_duration(estimate)}", markup=False)
    if estimate.unpriced:
        names = ", ".join(estimate.unpriced)
        console.print(f"  no price is known for {names}, so nobody can say what this costs", markup=False)
    console.print()
    console.print(_by_step(estimate))
    left = len(estimate.lines) - MOST_LINES
    if left > 0:
        console.print(f"  and {left} more")


def _totals(estimate: NightEstimate) -> Table:
    table = _table("")
    for title in ("row, mean", "row, worst", "run, mean", "run, 19 of 20 times", "run, worst"):
        table.add_column(title, justify="right")
    lines, worst, rows = estimate.lines, estimate.row_worst, estimate.rows
    calls = sum(line.calls for line in lines)
    tokens_in, tokens_out = (
        sum(getattr(line, name) for line in lines) for name in ("tokens_in", "tokens_out")
    )
    interval = estimate.interval
    between = f"{dollars(interval[0])} to {dollars(interval[1])}" if interval else UNKNOWN
    table.add_row(
        "calls", f"{calls:,.1f}", f"{worst.calls:,}", f"{calls * rows:,.0f}", "", f"{worst.calls * rows:,}"
    )
    for name, mean, most in (
        ("tokens in", tokens_in, worst.tokens_in),
        ("tokens out", tokens_out, worst.tokens_out),
    ):
        table.add_row(name, f"{mean:,.0f}", f"{most:,}", f"{mean * rows:,.0f}", "", f"{most * rows:,}")
    table.add_row(
        "USD", _usd(estimate.row_usd), _usd(worst.usd), _usd(estimate.run_usd), between, _usd(estimate.run_worst_usd)
    )  # fmt: skip
    table.add_row("seconds", _seconds(estimate.seconds), _seconds(worst.seconds), "", "", "")
    return table


def _duration(estimate: NightEstimate) -> str:
    seconds = estimate.run_seconds
    took = f"{seconds / 3600:,.1f} hours" if seconds >= 7200 else f"{seconds / 60:,.0f} minutes"
    if seconds < 120:
        took = f"{seconds:,.0f} seconds"
    return f"the run takes about {took} with {AT_ONCE} calls at once; held up most by {estimate.held_by}"


def _by_step(estimate: NightEstimate) -> Table:
    table = _table("a row's calls")
    table.add_column("role", overflow="fold")
    table.add_column("model", overflow="fold")
    for title in ("calls", "tokens\nin", "tokens\nout", "USD", "USD\nper run"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in estimate.lines[:MOST_LINES]:
        table.add_row(*_line(line, estimate.rows))
    return table


def _line(line: EstimateLine, rows: int) -> list[str]:
    asked = line.asked
    run = None if line.usd is None else line.usd * rows
    return [
        f"  {asked.step}", one_line(asked.role, 24), asked.model, f"{line.calls:,.1f}", f"{line.tokens_in:,.0f}",
        f"{line.tokens_out:,.0f}", _usd(line.usd), _usd(run),
    ]  # fmt: skip


def _table(first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"  {first}", overflow="fold")
    return table


def _usd(amount: float | None) -> str:
    return UNKNOWN if amount is None else dollars(amount)


def _seconds(value: float) -> str:
    return f"{value:,.0f}"
