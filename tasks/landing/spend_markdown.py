"""The spend of the last nights as one Markdown text: by night, by recipe, by model. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from tasks.landing.report_markdown import table_markdown
from tasks.landing.spend_view import NOTE, By, spend_sheets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.landing.sheet import Sheet
    from tasks.landing.spend_history import RunSpend

NIGHTS: Final = 30
MOST_ROWS: Final = 40
SHOWN: Final[tuple[By, ...]] = tuple(each for each in get_args(By) if each in ("night", "recipe", "model"))


def spend_markdown(history: Sequence[RunSpend]) -> str:
    """Tables of real spend, then of simulated; the sum is the last row of each."""
    if not any(run.spent for run in history):
        return "# Spend\n\nNo model has been called yet.\n"
    first, last = history[0].run_date, history[-1].run_date
    found = [sheet for by in SHOWN for sheet in spend_sheets(history, by)]
    found.sort(key=lambda sheet: sheet.title.startswith("Simulated"))
    tables = "\n".join(_shown(found))
    return f"# Spend from {first} to {last}\n\n{tables}\n{NOTE}\n\nAll nights, and other views: `nightpress spend`\n"


def _shown(sheets: list[Sheet]) -> Iterator[str]:
    for sheet in sheets:
        more = len(sheet.rows) - 1 - MOST_ROWS
        rows = (*sheet.rows[:-1][:MOST_ROWS], sheet.rows[-1])
        note = f"\nAnd {more:,} more, which are in the sum.\n" if more > 0 else ""
        yield f"## {sheet.title}\n\n{table_markdown(sheet.columns, rows, sheet.numbers)}{note}"
