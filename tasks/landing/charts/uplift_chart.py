"""The uplift and its interval, over all pairs and by type of request. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.judging.verdict import FEWEST
from tasks.landing.charts.canvas import Canvas
from tasks.landing.charts.chart import chart
from tasks.landing.charts.colours import CARD, INK, LOSS, MADE, SOFT
from tasks.landing.charts.scales import ground, scale_below, signed
from tasks.landing.sheet import Sheet
from tasks.landing.wording import UNKNOWN, count, gain, gain_between, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tasks.landing.charts.chart import Chart
    from tasks.landing.uplift import Measured, Uplift

ROW_PX: Final = 42
FOOT_PX: Final = 42
MOST_TYPES: Final = 12
COLOURS: Final = {1: MADE, -1: LOSS, 0: SOFT}
SAID: Final = {1: "better", -1: "worse", 0: "not told apart"}
KEY: Final = (
    ("better than one model", MADE),
    ("worse", LOSS),
    ("not told apart (hollow): the interval has 0 in it", SOFT),
)


def uplift_chart(uplift: Uplift) -> Chart:
    """A dot with its interval for all pairs, then for each type of request, on one scale with 0 in it.

    Types of few pairs stand in the numbers alone: their intervals are so wide that all else would be a dot.
    """
    rows = [uplift.all, *uplift.types]
    drawn = [uplift.all, *(each for each in uplift.types if not _has_few(each))][: MOST_TYPES + 1]
    found = uplift.all
    said = (
        f"Quality of the recipe less quality of one model alone; the lines are {percent(uplift.level, 1)} intervals. "
        f"Over all pairs {gain_between(found.mean, found.low, found.high)}: {SAID[found.direction]}.{_by_type(uplift)}"
    )
    numbers = Sheet(
        "Uplift", ("requests", "found", "uplift", "low", "high", "pairs"), tuple(
            (
                each.name, SAID[each.direction], gain(each.mean), gain(each.low), gain(each.high),
                UNKNOWN if each.pairs is None else count(each.pairs),
            )
            for each in rows
        ), 4,
    )  # fmt: skip
    return chart(
        "Uplift over one model",
        said,
        numbers,
        lambda width: _drawn(drawn, width),
        tuple(each for each in KEY if each[1] in {COLOURS[row.direction] for row in drawn}),
    )


def _by_type(uplift: Uplift) -> str:
    told = [each for each in uplift.types if not _has_few(each)]
    counted = {direction: sum(each.direction == direction for each in told) for direction in SAID}
    said = [f"{words} in {counted[direction]}" for direction, words in SAID.items() if counted[direction]]
    if few := len(uplift.types) - len(told):
        said.append(f"{few} with fewer than {FEWEST} pairs, not drawn")
    return f" Of {len(uplift.types)} types of request: {', '.join(said)}." if said else ""


def _has_few(found: Measured) -> bool:
    return found.pairs is not None and found.pairs < FEWEST


def _drawn(rows: list[Measured], width: int) -> Canvas:
    canvas = Canvas(width, len(rows) * ROW_PX + FOOT_PX)
    axes = canvas.axes(10, 0, width - 20, len(rows) * ROW_PX)
    known = [each for row in rows for each in (row.mean, row.low, row.high, 0.0) if each is not None]
    spare = 0.06 * max(max(known) - min(known), 0.02)
    axes.set_xlim(min(known) - spare, max(known) + spare)
    axes.set_ylim(len(rows) * ROW_PX, 0)
    scale_below(canvas, axes, 4 if width < 400 else 7, signed)
    axes.plot([0, 0], [0, len(rows) * ROW_PX], color=INK, linewidth=1.5)
    for place, row in enumerate(rows):
        top = place * ROW_PX
        figures = gain_between(row.mean, row.low, row.high)
        ground(axes, top, 20)
        canvas.write(1, top + 15, row.name, bold=place == 0, room=width - 175)
        canvas.write(width - 1, top + 15, figures, anchor="end", bold=place == 0)
        _interval(axes, row, top + 28)
    canvas.write(
        width / 2, len(rows) * ROW_PX + 36, "worse  ←  quality  →  better", anchor="middle", colour=SOFT
    )
    return canvas


def _interval(axes: Axes, row: Measured, y: float) -> None:
    colour = COLOURS[row.direction]
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [y, y], color=colour, linewidth=3, zorder=3)
        for end in (row.low, row.high):
            axes.plot([end, end], [y - 5, y + 5], color=colour, linewidth=2, zorder=3)
    inside = colour if row.direction else CARD
    axes.plot(
        [row.mean],
        [y],
        marker="o",
        markersize=10,
        color=colour,
        markerfacecolor=inside,
        markeredgewidth=2,
        zorder=4,
    )
