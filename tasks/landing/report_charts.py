"""The HTML report's charts: each drawn for two widths, with its words and, folded away, its numbers. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.landing.charts.colours import VARIABLES
from tasks.landing.charts.night_charts import night_charts
from tasks.landing.escaping import page
from tasks.landing.report_tables import table_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.charts.canvas import Canvas
    from tasks.landing.charts.chart import Chart
    from tasks.landing.night_report import Report


def charts_html(report: Report) -> Iterator[str]:
    """A section with every chart for which there are figures; nothing if there is none."""
    charts = night_charts(report)
    if not charts:
        return
    yield '<section><h2>In pictures</h2>\n<div class="charts">\n'
    for chart in charts:
        yield from _chart(chart)
    yield "</div></section>\n"


def _chart(chart: Chart) -> Iterator[str]:
    yield f'<figure class="chart"><figcaption><h3>{page(chart.title)}</h3><p>{page(chart.said)}</p></figcaption>\n'
    if chart.key:
        entries = "".join(
            f'<li><i style="background:{VARIABLES[colour]}"></i>{page(what)}</li>'
            for what, colour in chart.key
        )
        yield f'<ul class="key">{entries}</ul>\n'
    for kind, canvas in (("roomy", chart.wide), ("slim", chart.narrow)):
        yield _drawing(chart, canvas, kind)
    yield f"<details><summary>The numbers{_of(chart)}</summary>"
    yield from table_html(chart.numbers)
    yield "</details></figure>\n"


def _drawing(chart: Chart, canvas: Canvas, kind: str) -> str:
    return (
        f'<svg class="{kind}" role="img" aria-label="{page(chart.title)}" viewBox="0 0 {canvas.width} {canvas.height}">'
        f"<desc>{page(chart.said)}</desc>{canvas.markup()}</svg>\n"
    )


def _of(chart: Chart) -> str:
    return f'<span class="unseen"> of {page(chart.title)}</span>'
