"""The charts that Markdown can hold: Mermaid draws them where the report is shown in Prefect. No I/O.

They are the plainest of those in the HTML report, and hold no text but ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.spread import BINS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.landing.night_report import Report
    from tasks.landing.spread import Spread
    from tasks.landing.trend_night import TrendNight

# Mermaid's own are too pale to be seen.
COLOURS: Final = (
    '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#2f7fd6, #d9661a", "backgroundColor": "#ffffff", '
    '"titleColor": "#1c2330", "xAxisLabelColor": "#1c2330", "xAxisTitleColor": "#1c2330", "yAxisLabelColor": "#1c2330", '
    '"yAxisTitleColor": "#1c2330"}}}}%%'
)
NIGHTS: Final = 15
FEWEST_ROWS: Final = 5
SPARE: Final = 0.05


def charts_markdown(report: Report) -> Iterator[str]:
    """A block of Mermaid per chart; none of too few figures."""
    pairs = report.pairs
    if pairs.pairs >= FEWEST_ROWS:
        yield _quality(pairs.made.quality, pairs.baseline.quality)
    elif report.rows.spread.count >= FEWEST_ROWS:
        yield _quality(report.rows.spread, None)
    judged = [night for night in report.nights[-NIGHTS:] if night.quality_mean is not None]
    if len(judged) > 1:
        yield _trend(judged)


def _quality(made: Spread, baseline: Spread | None) -> str:
    arms = [("bar", made), *([("line", baseline)] if baseline else [])]
    lowest = min(place for _, spread in arms for place, number in enumerate(spread.bins) if number)
    edges = ", ".join(f'"{place / BINS:.2f}"' for place in range(lowest, BINS))
    series = "".join(
        f"    {kind} [{', '.join(f'{100 * number / spread.count:.1f}' for number in spread.bins[lowest:])}]\n"
        for kind, spread in arms
    )
    highest = max(100 * max(spread.bins) / spread.count for _, spread in arms) + 1
    said = "bars: the recipe, line: one model" if baseline else "judged rows"
    return _block(
        f'title "% of rows by quality ({said})"',
        f"x-axis [{edges}]",
        f"y-axis 0 --> {highest:.0f}",
        series,
    )


def _trend(nights: Sequence[TrendNight]) -> str:
    means = [night.quality_mean or 0.0 for night in nights]
    days = ", ".join(f'"{night.run_date:%d.%m}"' for night in nights)
    low, high = max(0.0, min(means) - SPARE), min(1.0, max(means) + SPARE)
    series = f"    line [{', '.join(f'{mean:.3f}' for mean in means)}]\n"
    return _block(
        'title "Mean quality of the last nights"',
        f"x-axis [{days}]",
        f"y-axis {low:.2f} --> {high:.2f}",
        series,
    )


def _block(title: str, across: str, up: str, series: str) -> str:
    return f"```mermaid\n{COLOURS}\nxychart-beta\n    {title}\n    {across}\n    {up}\n{series}```\n"
