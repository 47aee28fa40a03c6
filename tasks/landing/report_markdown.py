"""A report as Markdown, never longer than an artifact may be; what has no room is in the HTML. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.bought import (
    NO_CONTROL,
    TITLE,
    bought_sheet,
    bought_words,
    says_how,
    was_compared,
)
from tasks.landing.escaping import markdown
from tasks.landing.markdown_charts import charts_markdown
from tasks.landing.recipe_diagram import diagram
from tasks.landing.report_contents import NO_RECIPE, SIMULATED, headline, sheets, state_of
from tasks.landing.trend_sheets import drift_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tasks.landing.night_report import Report
    from tasks.landing.sheet import Sheet

MOST_BYTES: Final = 60_000
MOST_ROWS: Final = 30
LONGEST: Final = 500
TOO_LARGE: Final = "The recipe is too large to be drawn here; the HTML report shows it."
LEFT_OUT: Final = "*Some tables have no room here; the HTML report has them.*"


def report_markdown(report: Report, draft: str = "") -> str:
    """The report, below 64 KB whatever the run holds.

    Args:
        draft: Markdown to stand before the figures; it counts.
    """
    text = f"# {markdown(report.run)}\n\n{markdown(state_of(report))}\n"
    left_out = False
    for section in _sections(report, draft):
        longer = f"{text}\n{section}"
        if len(longer.encode()) > MOST_BYTES:
            left_out = True
        else:
            text = longer
    closing = f"\nThe whole report: `nightpress report {report.run} --open`\n"
    return text + (f"\n{LEFT_OUT}\n" if left_out else "") + closing


def _sections(report: Report, draft: str) -> Iterator[str]:
    if report.simulated:
        yield f"**{SIMULATED}**\n"
    if draft:
        yield f"{draft}\n"
    yield table_markdown(("", ""), headline(report), 0)
    yield from (f"{markdown(each, LONGEST)}\n" for each in drift_words(report.trend))
    yield from _bought(report)
    yield from charts_markdown(report)
    yield "## How it was made\n\n" + _drawn(report)
    for sheet in sheets(report):
        yield _sheet(sheet)


def _bought(report: Report) -> Iterator[str]:
    if not was_compared(report):
        if says_how(report):
            yield f"## {TITLE}\n\n{NO_CONTROL}\n"
        return
    words = "".join(f"\n{markdown(each, LONGEST)}\n" for each in bought_words(report))
    sheet = bought_sheet(report)
    table = (
        f"\n{table_markdown(sheet.columns, sheet.rows, sheet.numbers)}\n{sheet.note}\n" if sheet.rows else ""
    )
    yield f"## {TITLE}\n{words}{table}"


def _drawn(report: Report) -> str:
    if report.shape is None:
        return NO_RECIPE + "\n"
    chart = diagram(report.shape, report.calls)
    return f"```mermaid\n{chart}```\n" if chart else TOO_LARGE + "\n"


def _sheet(sheet: Sheet) -> str:
    more = len(sheet.rows) - MOST_ROWS
    notes = [sheet.note] if sheet.note else []
    notes += [f"And {more:,} more, in the HTML report."] if more > 0 else []
    note = "".join(f"\n{each}\n" for each in notes)
    return f"## {sheet.title}\n\n{table_markdown(sheet.columns, sheet.rows[:MOST_ROWS], sheet.numbers)}{note}"


def table_markdown(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], numbers: int) -> str:
    """A table whose last `numbers` columns hold figures; texts are escaped, titles are ours."""
    rule = ["---"] * (len(columns) - numbers) + ["---:"] * numbers
    lines = [columns, tuple(rule), *(tuple(markdown(cell) for cell in row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
