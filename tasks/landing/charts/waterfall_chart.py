"""Where the seconds of a typical row went: its calls as bars over time. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.charts.canvas import Canvas
from tasks.landing.charts.chart import chart
from tasks.landing.charts.colours import MADE, SERIES, SOFT
from tasks.landing.charts.scales import ground, scale_below
from tasks.landing.charts.text_width import end_within
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, one_line, seconds, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.landing.charts.chart import Chart
    from tasks.landing.typical_row import TimedCall, TypicalRow

ROW_PX: Final = 34
BAR_PX: Final = 9
FOOT_PX: Final = 24
MOST_BARS: Final = 24
SHORTEST_PX: Final = 2.5
OTHER: Final = SERIES[4]
FAILED: Final = SERIES[1]
UNITS: Final = ((7200.0, 3600.0, "h"), (180.0, 60.0, "min"), (0.0, 1.0, "s"))


def waterfall_chart(row: TypicalRow) -> Chart:
    """A bar per call, from its start to its end, in the order in which they began."""
    held_up = [call for call in row.calls if call.waited_for]
    longest = max(row.calls, key=lambda call: call.seconds)
    shown = sorted(sorted(row.calls, key=lambda call: -call.seconds)[:MOST_BARS], key=lambda call: call.start)
    more = (
        f" The {MOST_BARS} longest of its {times(len(row.calls), 'call')} are drawn."
        if len(row.calls) > len(shown)
        else ""
    )
    said = (
        f"Request {one_line(row.request_id, 60)} took {seconds(row.seconds)} s, the median row {seconds(row.median_seconds)} s. "
        f"It waited for {len(held_up)} of its {times(len(row.calls), 'call')}; the longest was {title(longest)} with "
        f"{seconds(longest.seconds)} s.{more}"
    )  # fmt: skip
    numbers = Sheet(
        "Calls of a typical row", ("step", "role", "model", "waited for", "start s", "seconds"), tuple(
            (
                title(call), call.role or NONE, call.model, "yes" if call.waited_for else "no", seconds(call.start),
                seconds(call.seconds),
            )
            for call in row.calls
        ), 2,
    )  # fmt: skip
    failed = any(call.failed for call in shown)
    beside = any(not call.waited_for and not call.failed for call in shown)
    key = (
        ("the row waited for it", MADE),
        *((("went on beside", OTHER),) if beside else ()),
        *((("failed", FAILED),) if failed else ()),
    )
    return chart("A typical row over time", said, numbers, lambda width: _drawn(shown, width), key)


def title(call: TimedCall) -> str:
    """The step, and which time it was."""
    return f"{call.step or 'make'}, round {call.round}" if call.round > 1 else call.step or "make"


def _drawn(calls: Sequence[TimedCall], width: int) -> Canvas:
    canvas = Canvas(width, len(calls) * ROW_PX + FOOT_PX)
    axes = canvas.axes(1, 0, width - 14, len(calls) * ROW_PX)
    end = max([1e-3, *(call.end for call in calls)])
    _, unit, name = next(each for each in UNITS if end >= each[0])
    axes.set_xlim(0, end / unit)
    axes.set_ylim(len(calls) * ROW_PX, 0)
    scale_below(canvas, axes, 4 if width < 400 else 8, lambda each: f"{each:g} {name}")
    shortest = SHORTEST_PX * end / width
    for place, call in enumerate(calls):
        top = place * ROW_PX
        colour = FAILED if call.failed else MADE if call.waited_for else OTHER
        long = max(call.seconds, shortest)
        axes.barh(top + 25, long / unit, BAR_PX, left=call.start / unit, color=colour, linewidth=0)
        ground(axes, top, 19)
        room = width - 70
        step = end_within(title(call), room / 2)
        canvas.write(1, top + 15, f"{step} · {call.model}", room=room)
        canvas.write(width - 1, top + 15, f"{seconds(call.seconds)} s", anchor="end", colour=SOFT)
    return canvas
