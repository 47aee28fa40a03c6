"""A chart of the report: a drawing for wide and one for narrow places, what it says in words, and its numbers. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.landing.charts.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.landing.sheet import Sheet

WIDE: Final = 560
NARROW: Final = 336


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; its words are as they came and have to be escaped.

    Attributes:
        said: what the chart shows, in words: what somebody has who cannot see it.
        wide: the drawing where there is room.
        narrow: the drawing on a telephone.
        numbers: all that is drawn.
        key: (what it stands for, colour) of each series, where they are not named in the drawing.
    """

    title: str
    said: str
    wide: Canvas
    narrow: Canvas
    numbers: Sheet
    key: tuple[tuple[str, str], ...] = ()


def chart(
    title: str,
    said: str,
    numbers: Sheet,
    draw: Callable[[int], Canvas],
    key: tuple[tuple[str, str], ...] = (),
) -> Chart:
    """A chart from what draws it at a width in pixels."""
    return Chart(title, said, draw(WIDE), draw(NARROW), numbers, key)
