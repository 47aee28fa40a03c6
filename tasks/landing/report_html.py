"""A report as one HTML file: no script, nothing loaded, light and dark, wide and narrow. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.escaping import page
from tasks.landing.recipe_boxes import boxes
from tasks.landing.report_contents import NO_RECIPE, SIMULATED, headline, sheets, state_of
from tasks.landing.report_style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.night_report import Report
    from tasks.landing.sheet import Sheet

MOST_ROWS: Final = 2_000


def report_html(report: Report) -> str:
    """The whole report as a page that can be mailed."""
    return "".join(_page(report))


def _page(report: Report) -> Iterator[str]:
    yield HEAD.format(title=page(report.run), style=STYLE)
    yield f"<header><h1>{page(report.run)}</h1><p>{page(state_of(report))}</p></header>\n"
    if report.simulated:
        yield f'<p class="simulated">{page(SIMULATED)}</p>\n'
    if not report.manifest["healthy"]:
        yield '<p class="unhealthy">Unhealthy: more rows failed than the recipe allows.</p>\n'
    yield '<dl class="headline">' + "".join(map(_figure, headline(report))) + "</dl>\n"
    yield "<section><h2>How it was made</h2>\n"
    drawn = boxes(report.shape, report.calls) if report.shape else f"<p>{page(NO_RECIPE)}</p>"
    yield f'<div class="recipe">{drawn}</div></section>\n'
    for sheet in sheets(report):
        yield from _sheet(sheet)
    yield "</main></body></html>\n"


def _figure(figure: tuple[str, str]) -> str:
    """A tile; what stands in brackets is small."""
    title, said = figure
    value, bracket, rest = said.partition(" (")
    small = f"<small>({page(rest)}</small>" if bracket else ""
    return f"<div><dt>{page(title)}</dt><dd>{page(value)}{small}</dd></div>"


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"<section><h2>{page(sheet.title)}</h2>\n"
    if sheet.note:
        yield f'<p class="note">{page(sheet.note.replace("`", ""))}</p>\n'
    kinds = ["number" if sheet.is_number(place) else "text" for place in range(len(sheet.columns))]
    heads = "".join(
        f'<th class="{kind}" scope="col">{page(title)}</th>'
        for kind, title in zip(kinds, sheet.columns, strict=True)
    )
    yield f'<div class="wide" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>\n'
    for place, row in enumerate(sheet.rows[:MOST_ROWS]):
        bar = _bar(sheet.shares[place]) if sheet.shares else ""
        cells = "".join(
            f'<td class="{kind}">{page(cell)}{"" if column else bar}</td>'
            for column, (kind, cell) in enumerate(zip(kinds, row, strict=True))
        )
        yield f"<tr>{cells}</tr>\n"
    yield "</tbody></table></div>"
    more = len(sheet.rows) - MOST_ROWS
    yield f'<p class="note">And {more:,} more.</p></section>\n' if more > 0 else "</section>\n"


def _bar(share: float) -> str:
    return f'<span class="bar"><span style="width:{100 * min(1.0, max(0.0, share)):.1f}%"></span></span>'


HEAD: Final = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style></head><body><main>
"""
