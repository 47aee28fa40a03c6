"""Round numbers along a scale, and lines at them. No I/O."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tasks.landing.charts.colours import CARD, LINE, SOFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from tasks.landing.charts.canvas import Anchor, Canvas

BELOW_PX = 16


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` steps of round numbers within the scale."""
    library = import_module("matplotlib.ticker")
    found = library.MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    edge = (high - low) * 1e-6
    return [0.0 if abs(each) < edge else float(each) for each in found if low - edge <= each <= high + edge]


def scale_below(canvas: Canvas, axes: Axes, most: int, said: Callable[[float], str] | None) -> None:
    """Upright lines at round numbers, which are written under the axes."""
    low, high = axes.get_xlim()
    bottom, top = axes.get_ylim()
    for each in ticks(low, high, most):
        axes.plot([each, each], [bottom, top], color=LINE, linewidth=1, zorder=0, clip_on=False)
        if said is not None:
            x, y = canvas.at(axes, each, bottom)
            canvas.write(x, y + BELOW_PX, said(each), anchor=_anchor(canvas, x), colour=SOFT)


def ground(axes: Axes, top: float, height: float) -> None:
    """Lines stop behind a line of words."""
    low, high = axes.get_xlim()
    axes.fill_between([low, high], top, top + height, color=CARD, linewidth=0, zorder=2.5)


def scale_beside(canvas: Canvas, axes: Axes, most: int, said: Callable[[float], str]) -> None:
    """Level lines at round numbers, which are written left of the axes."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    for each in ticks(low, high, most):
        axes.plot([left, right], [each, each], color=LINE, linewidth=1, zorder=0, clip_on=False)
        x, y = canvas.at(axes, left, each)
        canvas.write(x - 6, y + 4, said(each), anchor="end", colour=SOFT)


def signed(number: float) -> str:
    """A round number on a scale that goes both ways."""
    return f"{number:+g}" if number else "0"


def _anchor(canvas: Canvas, x: float) -> Anchor:
    return "start" if x < 12 else "end" if x > canvas.width - 12 else "middle"
