"""A drawing area in CSS pixels: matplotlib draws shapes and scales, words are written beside it. No I/O.

No word goes through matplotlib: none is measured with a font that the page has not, read as a formula or warned about,
and no setting of matplotlib's is touched. What comes out has no ids, links or styles of its own, and is the same each time.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from tasks.landing.charts.colours import INK, VARIABLES
from tasks.landing.charts.text_width import within
from tasks.landing.escaping import page
from tasks.landing.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Anchor = Literal["start", "middle", "end"]

LONGEST: Final = 200
LINK: Final = "{http://www.w3.org/1999/xlink}href"
NUMBER: Final = re.compile(r"-?\d+\.\d+")
STYLES: Final = {
    "fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "stroke-opacity",
}  # fmt: skip


@dataclass(slots=True)
class Canvas:
    """An area of `width` by `height` pixels; y counts from the top."""

    width: int
    height: int
    figure: Figure = field(init=False)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        library = import_module("matplotlib.figure")  # half a second that only a report pays for
        self.figure = library.Figure(figsize=(self.width / 72, self.height / 72), dpi=72)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without frame, ticks or labels."""
        place = (
            left / self.width,
            1 - (top + height) / self.height,
            width / self.width,
            height / self.height,
        )
        axes = self.figure.add_axes(place)
        axes.set_axis_off()
        return axes

    def at(self, axes: Axes, x: float, y: float) -> tuple[float, float]:
        """Where a point of the axes lies."""
        left, bottom = axes.transData.transform((x, y))
        return float(left), self.height - float(bottom)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: Anchor = "start",
        colour: str = INK,
        bold: bool = False,
        room: float | None = None,
    ) -> None:
        """A line of text; `y` is its base line.

        Args:
            room: pixels that it may take; what does not fit is cut.
        """
        weight = ' font-weight="600"' if bold else ""
        aligned = f' text-anchor="{anchor}"' if anchor != "start" else ""
        said = page(within(one_line(text, LONGEST), room))
        self.words.append(
            f'<text x="{_short(x)}" y="{_short(y)}" style="fill:{VARIABLES[colour]}"{aligned}{weight}>{said}</text>'
        )

    def markup(self) -> str:
        """What stands inside the `svg` element."""
        drawn = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        self.figure.patch.set_visible(False)
        backend = import_module("matplotlib.backends.backend_svg")
        backend.FigureCanvasSVG(self.figure).print_svg(drawn, metadata=nothing)
        root = ET.fromstring(drawn.getvalue())  # noqa: S314 - matplotlib has just written it
        shared = {
            each.get("id", ""): each for each in root.iter() if each.get("id") and _name(each) == "path"
        }
        return "".join(_shapes(root, shared)) + "".join(self.words)


def _shapes(element: ET.Element, shared: dict[str, ET.Element]) -> Iterator[str]:
    """Every path that shows something, markers written out where they stand."""
    for each in element:
        name = _name(each)
        if name == "path":
            yield _path(each.get("d", ""), _styles(each))
        elif name == "use":
            shape = shared[each.get(LINK, "").removeprefix("#")]
            moved = f' transform="translate({_short(each.get("x", "0"))} {_short(each.get("y", "0"))})"'
            yield _path(shape.get("d", ""), {**_styles(shape), **_styles(each)}, moved)
        elif name != "defs":
            yield from _shapes(each, shared)


def _path(shape: str, styles: dict[str, str], moved: str = "") -> str:
    if styles.get("fill") == "none" and styles.get("stroke", "none") == "none":
        return ""
    style = ";".join(f"{name}:{value}" for name, value in styles.items())
    lines = NUMBER.sub(lambda found: _short(found[0]), " ".join(shape.split()))
    return f'<path d="{lines}" style="{style}"{moved}/>'


def _styles(element: ET.Element) -> dict[str, str]:
    pairs = (each.split(":", 1) for each in element.get("style", "").split(";") if ":" in each)
    return {
        name.strip(): VARIABLES.get(value.strip(), value.strip())
        for name, value in pairs
        if name.strip() in STYLES
    }


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _short(number: float | str) -> str:
    return f"{float(number):.1f}".removesuffix(".0")
