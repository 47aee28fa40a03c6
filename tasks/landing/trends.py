"""A night against the last nights of its recipe: which figures have drifted, and what has changed on the way.

The rule is in `drift`. Nights before a change of recipe, models or prices are compared all the same, and the change is
said: it may be why a figure moved, and a figure that should have moved and has not is worth as much. Only the uplift is
held against nights with the same baseline alone: over another one it is another figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from tasks.landing.drift import Drift, Range, drift, expected
from tasks.landing.made_with import changed_since, compared_with
from tasks.landing.night_figures import FIGURES, Figure, Night
from tasks.landing.past_nights import FEWEST_ROWS, night_itself, nights_before
from tasks.landing.pooling import pooled
from tasks.landing.trend_night import TrendNight

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from tasks.landing.drift import Point
    from tasks.landing.pooling import Pooled
    from tasks.storing.filesystem import Store

UPLIFT: Final = "uplift"
DRAWN = frozenset(each.name for each in FIGURES) & frozenset(TrendNight.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Mark:
    """What was another from this night on."""

    run_date: date
    run: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """A figure that has drifted.

    Attributes:
        in_a_row: nights up to this one on which it was out in this direction; 1 is new tonight.
    """

    figure: Figure
    drift: Drift
    in_a_row: int

    @property
    def is_worse(self) -> bool:
        return (self.drift.now - self.drift.before) * self.figure.good < 0


@dataclass(frozen=True, slots=True)
class Trend:
    """A recipe's last nights.

    Attributes:
        nights: in order, the last one is the run itself.
        usual: name of a figure → where it was expected tonight.
    """

    nights: tuple[Night, ...]
    usual: Mapping[str, Range]
    flags: tuple[Flag, ...]
    marks: tuple[Mark, ...]

    @property
    def tonight(self) -> Night:
        return self.nights[-1]

    def drawn(self) -> tuple[TrendNight, ...]:
        """The nights as the chart has them; former ones are flagged by what these nights show of the time before.

        An uplift over another baseline than tonight's is not drawn.
        """
        return tuple(_drawn(self.nights, place) for place in range(len(self.nights)))


def trend_of(store: Store, manifest: Mapping[str, Any]) -> Trend | None:
    """What a committed run is among the nights before it; None where it is no night, too small for one, or the first.

    It reads what lay there before the run was begun, so that a report that is made later says the same.
    """
    if manifest.get("compares") or manifest["rows"]["made"] + manifest["rows"]["failed"] < FEWEST_ROWS:
        return None
    tonight = night_itself(store, manifest)
    before = nights_before(store, tonight)
    return trend_over([*before, tonight]) if before else None


def last_nights(store: Store, manifest: Mapping[str, Any]) -> Pooled | None:
    """What the pairs of this and the nights before it say together; None if there are none, or none that compares alike."""
    trend = trend_of(store, manifest) if manifest.get("uplift") else None
    return pooled([each.manifest for each in trend.nights]) if trend else None


def trend_over(nights: Sequence[Night]) -> Trend:
    """The last of these nights against the others."""
    usual = {figure.name: _usual(nights, figure) for figure in FIGURES}
    return Trend(
        nights=tuple(nights),
        usual={name: each for name, each in usual.items() if each is not None},
        flags=tuple(flag for figure in FIGURES if (flag := _flag(nights, figure)) is not None),
        marks=tuple(
            Mark(now.run_date, now.run, tuple(changes))
            for before, now in pairwise(nights)
            if (changes := changed_since(before.manifest, now.manifest))
        ),
    )


def _flag(nights: Sequence[Night], figure: Figure) -> Flag | None:
    found = _drift(nights, figure)
    if found is None:
        return None
    in_a_row = 1
    for last in range(len(nights) - 1, 0, -1):
        before = _drift(nights[:last], figure)
        if before is None or (before.now > before.before) != (found.now > found.before):
            break
        in_a_row += 1
    return Flag(figure, found, in_a_row)


def _drift(nights: Sequence[Night], figure: Figure) -> Drift | None:
    """Whether the last of these nights has drifted in that figure."""
    tonight = nights[-1].point(figure)
    if tonight is None:
        return None
    return drift(tonight, _former(nights, figure), figure.least, is_share=figure.is_share)


def _usual(nights: Sequence[Night], figure: Figure) -> Range | None:
    tonight = nights[-1].point(figure)
    if tonight is None:
        return None
    return expected(tonight, _former(nights, figure), figure.least, is_share=figure.is_share)


def _former(nights: Sequence[Night], figure: Figure) -> list[Point]:
    return [
        point
        for night in nights[:-1]
        if (point := night.point(figure)) is not None and _is_alike(night, nights[-1], figure.name)
    ]


def _is_alike(night: Night, tonight: Night, name: str) -> bool:
    """Whether a figure of both says the same."""
    return name != UPLIFT or compared_with(night.manifest) == compared_with(tonight.manifest)


def _drawn(nights: Sequence[Night], place: int) -> TrendNight:
    night = nights[place]
    flagged = {figure.name for figure in FIGURES if _drift(nights[: place + 1], figure) is not None}
    shown = {name for name in DRAWN if _is_alike(night, nights[-1], name)}
    ends = {name: each for name, each in night.ends.items() if name in shown}
    quality, uplift = (ends.get(name, (None, None)) for name in ("quality_mean", UPLIFT))
    return TrendNight(
        run_date=night.run_date,
        run=night.run,
        quality_low=quality[0],
        quality_high=quality[1],
        uplift_low=uplift[0],
        uplift_high=uplift[1],
        rows=night.rows,
        flagged=DRAWN & flagged,
        **{name: night.figures.get(name) for name in shown},
    )
