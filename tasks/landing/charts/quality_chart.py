"""How the quality of the rows is distributed, arm by arm. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.charts.canvas import Canvas
from tasks.landing.charts.chart import chart
from tasks.landing.charts.colours import BASELINE, CARD, INK, MADE
from tasks.landing.charts.scales import scale_below, scale_beside
from tasks.landing.sheet import Sheet
from tasks.landing.spread import BINS
from tasks.landing.wording import count, score, times

if TYPE_CHECKING:
    from tasks.landing.charts.chart import Chart
    from tasks.landing.spread import Spread

PANEL_PX: Final = 104
HEAD_PX: Final = 30
FOOT_PX: Final = 26
LEFT_PX: Final = 40
COLOURS: Final = (MADE, BASELINE)


def quality_chart(arms: list[tuple[str, Spread]]) -> Chart | None:
    """A histogram per arm over the same scale, the recipe's own first; None if nobody judged.

    Args:
        arms: (what the arm is called, its scores).
    """
    judged = [(name, spread) for name, spread in arms if spread.count]
    if not judged:
        return None
    means = "; ".join(
        f"{name}: mean {score(spread.mean)}, half of the {times(spread.count, 'row')} at {_median(spread)} or above"
        for name, spread in judged
    )
    numbers = Sheet("Rows by quality", ("quality", *(name for name, _ in judged)), _rows(judged), len(judged))
    return chart("Quality of what was delivered", f"{means}.", numbers, lambda width: _drawn(judged, width))


def _drawn(arms: list[tuple[str, Spread]], width: int) -> Canvas:
    canvas = Canvas(width, len(arms) * (HEAD_PX + PANEL_PX) + FOOT_PX)
    highest = max(max(spread.bins) / spread.count for _, spread in arms)
    for place, ((name, spread), colour) in enumerate(zip(arms, COLOURS, strict=False)):
        top = place * (HEAD_PX + PANEL_PX)
        axes = canvas.axes(LEFT_PX, top + HEAD_PX, width - LEFT_PX - 8, PANEL_PX)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, highest * 1.05)
        scale_beside(canvas, axes, 3, lambda share: f"{100 * share:.0f}%")
        scale_below(canvas, axes, 5, "{:g}".format if place == len(arms) - 1 else None)
        lefts = [number / BINS for number in range(BINS)]
        shares = [number / spread.count for number in spread.bins]
        axes.bar(lefts, shares, 1 / BINS, align="edge", color=colour, edgecolor=CARD, linewidth=1.5)
        mean = spread.mean or 0.0
        for line, thick in ((CARD, 4.5), (INK, 1.5)):
            axes.plot([mean, mean], [0, highest * 1.05], color=line, linewidth=thick)
        canvas.write(
            LEFT_PX, top + 18, f"{name}, {times(spread.count, 'row')}", bold=True, room=width - LEFT_PX - 96
        )
        canvas.write(width - 8, top + 18, f"mean {score(mean)}", anchor="end")
    return canvas


def _rows(arms: list[tuple[str, Spread]]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            f"{number / BINS:.2f} to {(number + 1) / BINS:.2f}",
            *(count(spread.bins[number]) for _, spread in arms),
        )
        for number in reversed(range(BINS))
        if any(spread.bins[number] for _, spread in arms)
    )


def _median(spread: Spread) -> str:
    """The lower edge of the twentieth in which the middle row is."""
    above = 0
    for number in reversed(range(BINS)):
        above += spread.bins[number]
        if 2 * above >= spread.count:
            return score(number / BINS)
    return score(0.0)
