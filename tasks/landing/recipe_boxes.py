"""A recipe as nested HTML boxes: what works at the same time stands side by side. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.landing.escaping import page
from tasks.landing.shape_figures import caption, was_asked

if TYPE_CHECKING:
    from tasks.landing.call_figures import CallFigures
    from tasks.landing.recipe_shape import Shape


def boxes(shape: Shape, calls: CallFigures) -> str:
    """The step and all in it, as HTML."""
    said = caption(shape, calls)
    label = f'<span class="label">{page(shape.label)}</span>' if shape.label else ""
    if not shape.inner:
        idle = "" if was_asked(shape, calls) else " idle"
        lines = "".join(f"<span>{page(line)}</span>" for line in said.lines[1:])
        return f'<div class="box {shape.kind}{idle}">{label}<b>{page(said.title)}</b>{lines}</div>'
    title = f"<b>{page(said.title)}</b> " if said.title not in ("make", shape.kind) else ""
    notes = f" <small>{page(said.notes)}</small>" if said.notes else ""
    head = f'<p class="head">{label}{title}<i>{shape.kind}</i>{notes}</p>'
    layers = "".join(_layer(layer, calls) for layer in _layers(shape, calls))
    again = f'<p class="again">↻ {page(shape.again)}</p>' if shape.again else ""
    return f'<div class="group">{head}{layers}{again}</div>'


def _layer(shapes: tuple[Shape, ...], calls: CallFigures) -> str:
    inside = "".join(boxes(each, calls) for each in shapes)
    return f'<div class="layer">{inside}</div>'


def _layers(shape: Shape, calls: CallFigures) -> list[tuple[Shape, ...]]:
    """What comes one after the other; of a team's or an ensemble's own calls those that were made."""
    helpers = {each.kind: each for each in shape.helpers}
    match shape.kind:
        case "ensemble":
            asked = [(each,) for each in shape.helpers if was_asked(each, calls)]
            return [shape.inner, *asked]
        case "route":
            return [*((each,) for each in shape.helpers), shape.inner]
        case "refine":
            return [(shape.inner[0],), (helpers["judge"],), *((each,) for each in shape.inner[1:])]
        case "team":
            assembly = [(helpers["assembly"],)] if was_asked(helpers["assembly"], calls) else []
            return [(helpers["coordinator"],), shape.inner, *assembly, (helpers["reviewer"],)]
        case _:
            return [*((each,) for each in shape.inner), *((each,) for each in shape.helpers)]
