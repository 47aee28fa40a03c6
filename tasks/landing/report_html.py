"""A report as one HTML file: no script, nothing loaded, light and dark, wide and narrow. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.bought import CAUTION, TITLE, bought_sheet, bought_words, says_how, was_compared
from tasks.landing.escaping import page
from tasks.landing.recipe_boxes import boxes
from tasks.landing.report_charts import charts_html
from tasks.landing.report_contents import NO_RECIPE, SIMULATED, headline, sheets, state_of
from tasks.landing.report_style import STYLE
from tasks.landing.report_tables import table_html
from tasks.landing.trend_sheets import drift_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.night_report import Report
    from tasks.landing.sheet import Sheet


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
    if drift := drift_words(report.trend):
        yield '<div class="drift">' + "".join(f"<p>{page(each)}</p>" for each in drift) + "</div>\n"
    yield from _bought(report)
    yield from charts_html(report)
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


def _bought(report: Report) -> Iterator[str]:
    """What the extra models bought; without a control arm, how to get one."""
    if not (was_compared(report) or says_how(report)):
        return
    yield f"<section><h2>{TITLE}</h2>\n"
    yield '<div class="words">' + "".join(map(_words, bought_words(report))) + "</div>\n"
    sheet = bought_sheet(report)
    if sheet.rows:
        yield from table_html(sheet)
        yield f'<p class="note">{page(sheet.note.replace("`", ""))}</p>'
    yield "</section>\n"


def _words(said: str) -> str:
    kind = ' class="caution"' if said.startswith(CAUTION) else ""
    return f"<p{kind}>{page(said.replace('`', ''))}</p>\n"


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield f"<section><h2>{page(sheet.title)}</h2>\n"
    if sheet.note:
        yield f'<p class="note">{page(sheet.note.replace("`", ""))}</p>\n'
    yield from table_html(sheet)
    yield "</section>\n"


HEAD: Final = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style></head><body><main>
"""
