"""The last nights of a recipe: a small chart for each figure, tonight's at the right. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.landing.charts.canvas import Canvas
from tasks.landing.charts.chart import chart
from tasks.landing.charts.colours import INK, LOSS, MADE, SOFT
from tasks.landing.charts.cost_chart import usd_short
from tasks.landing.charts.scales import scale_beside, signed
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, gain, score, seconds, times, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from tasks.landing.charts.chart import Chart
    from tasks.landing.trend_night import TrendNight

NIGHTS: Final = 30
PANEL_PX: Final = 78
HEAD_PX: Final = 26
FOOT_PX: Final = 28
LEFT_PX: Final = 52
GAP_PX: Final = 22
KEY: Final = (("drifted (ringed)", LOSS),)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a night that has a small chart of its own.

    Attributes:
        at_least: how much the scale spans, so that noise does not fill it.
        tick: a round number on the scale in words.
        lowest: the scale's low end; None where it follows the values.
    """

    name: str
    title: str
    said: Callable[[float | None], str]
    tick: Callable[[float], str]
    at_least: float
    lowest: float | None
    low: str = ""
    high: str = ""


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f}%"


def _percent_short(share: float) -> str:
    return f"{100 * share:g}%"


FIGURES: Final = (
    Figure("quality_mean", "quality", score, "{:g}".format, 0.1, None, "quality_low", "quality_high"),
    Figure("uplift", "uplift", gain, signed, 0.1, None, "uplift_low", "uplift_high"),
    Figure("usd_per_made", "USD per made row", usd, usd_short, 0.0001, 0.0),
    Figure("seconds_p50", "seconds p50", seconds, "{:g}".format, 0.1, 0.0),
    Figure("error_rate", "error rate", _percent, _percent_short, 0.02, 0.0),
    Figure("hit_rate", "from the ledger", _percent, _percent_short, 0.02, 0.0),
)


def trend_chart(nights: Sequence[TrendNight]) -> Chart | None:
    """The last nights, oldest first; None if there are no two of which something is known."""
    nights = sorted(nights, key=lambda each: each.run_date)[-NIGHTS:]
    figures = [each for each in FIGURES if len(_known(nights, each)) > 1]
    if not figures:
        return None
    numbers = Sheet(
        "The last nights", ("night", "run", "drifted", *(each.title for each in figures)), tuple(
            (
                night.run_date.isoformat(), night.run, _drifted(night) or NONE,
                *(each.said(getattr(night, each.name)) for each in figures),
            )
            for night in reversed(nights)
        ), len(figures),
    )  # fmt: skip
    said = "; ".join(f"{each.title} {_went(nights, each)}" for each in figures)
    drifted = _drifted(nights[-1])
    tonight = f"Drifted tonight: {drifted}." if drifted else "Nothing drifted tonight."
    key = KEY if any(night.flagged for night in nights) else ()
    return chart(
        f"The last {times(len(nights), 'night')}",
        f"{tonight} First to last: {said}.",
        numbers,
        lambda width: _drawn(nights, figures, width),
        key,
    )


def _known(nights: Sequence[TrendNight], figure: Figure) -> list[float]:
    return [value for night in nights if (value := getattr(night, figure.name)) is not None]


def _went(nights: Sequence[TrendNight], figure: Figure) -> str:
    known = _known(nights, figure)
    return f"{figure.said(known[0])} to {figure.said(known[-1])}"


def _drifted(night: TrendNight) -> str:
    return ", ".join(each.title for each in FIGURES if each.name in night.flagged)


def _drawn(nights: Sequence[TrendNight], figures: list[Figure], width: int) -> Canvas:
    columns = 1 if width < 400 else 2
    rows = -(-len(figures) // columns)
    each_px = HEAD_PX + PANEL_PX + FOOT_PX
    canvas = Canvas(width, rows * each_px)
    panel = (width - (columns - 1) * GAP_PX) / columns
    for place, figure in enumerate(figures):
        left, top = (place % columns) * (panel + GAP_PX), (place // columns) * each_px
        _panel(canvas, nights, figure, left, top, panel)
    return canvas


def _panel(
    canvas: Canvas, nights: Sequence[TrendNight], figure: Figure, left: float, top: float, width: float
) -> None:
    axes = canvas.axes(left + LEFT_PX, top + HEAD_PX, width - LEFT_PX - 10, PANEL_PX)
    axes.set_xlim(-0.3, len(nights) - 0.7)
    axes.set_ylim(*_scale(nights, figure))
    scale_beside(canvas, axes, 3, figure.tick)
    _band(axes, nights, figure)
    values = [getattr(night, figure.name) for night in nights]
    gaps = [float("nan") if value is None else value for value in values]
    axes.plot(range(len(nights)), gaps, color=MADE, linewidth=2, marker="o", markersize=4, clip_on=False)
    for place, night in enumerate(nights):
        if figure.name in night.flagged and values[place] is not None:
            axes.plot(
                [place], [values[place]], marker="o", markersize=11, color=LOSS, markerfacecolor="none",
                markeredgewidth=2.5, clip_on=False,
            )  # fmt: skip
    canvas.write(left + 1, top + 14, figure.title, bold=True)
    canvas.write(left + width - 2, top + 14, figure.said(values[-1]), anchor="end", colour=INK)
    bottom = top + HEAD_PX + PANEL_PX + 17
    canvas.write(left + LEFT_PX, bottom, f"{nights[0].run_date:%d %b}", colour=SOFT)
    canvas.write(left + width - 2, bottom, f"{nights[-1].run_date:%d %b}", anchor="end", colour=SOFT)


def _scale(nights: Sequence[TrendNight], figure: Figure) -> tuple[float, float]:
    seen = [
        value
        for night in nights
        for name in (figure.name, figure.low, figure.high)
        if name and (value := getattr(night, name)) is not None
    ]
    low, high = min(seen), max(seen)
    if figure.lowest is not None:
        low = min(low, figure.lowest)
    missing = max(0.0, figure.at_least - (high - low))
    spare = 0.08 * max(high - low, figure.at_least)
    if figure.lowest is not None:
        return low, high + missing + spare
    return low - missing / 2 - spare, high + missing / 2 + spare


def _band(axes: Axes, nights: Sequence[TrendNight], figure: Figure) -> None:
    if not figure.low:
        return
    for place, night in enumerate(nights):
        low, high = getattr(night, figure.low), getattr(night, figure.high)
        if low is not None and high is not None:
            axes.plot([place, place], [low, high], color=MADE, alpha=0.35, linewidth=5, clip_on=False)
    if figure.name == "uplift":
        axes.plot([-0.3, len(nights) - 0.7], [0, 0], color=INK, linewidth=1, zorder=0.5)
