"""The charts of a run's report, in their order. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.landing.charts.cost_chart import cost_chart
from tasks.landing.charts.quality_chart import quality_chart
from tasks.landing.charts.trend_chart import trend_chart
from tasks.landing.charts.uplift_chart import uplift_chart
from tasks.landing.charts.waterfall_chart import waterfall_chart

if TYPE_CHECKING:
    from tasks.landing.charts.chart import Chart
    from tasks.landing.night_report import Report


def night_charts(report: Report) -> list[Chart]:
    """Every chart for which the run has figures; with pairs, both arms over the same requests."""
    pairs = report.pairs
    arms = (
        [("recipe", pairs.made.quality), ("one model", pairs.baseline.quality)]
        if pairs.pairs
        else [("recipe", report.rows.spread)]
    )
    drawn = [
        quality_chart(arms),
        uplift_chart(report.uplift) if report.uplift else None,
        cost_chart(report.calls),
        waterfall_chart(report.typical) if report.typical else None,
        trend_chart(report.nights),
    ]
    return [each for each in drawn if each is not None]
