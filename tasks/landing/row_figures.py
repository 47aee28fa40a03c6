"""What a run's own rows came to: summed up from the `outputs` parts, row group by row group.

Rows of another arm than the recipe's are no rows of the run: they only prove what it is worth.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from tasks.landing.batch_sums import kind_of
from tasks.landing.batch_wording import PREFIX
from tasks.landing.kind_counts import KindCounts
from tasks.landing.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.landing.committed import Committed

COLUMNS: Final = [
    "request_id", "status", "request_type", "quality", "quality_by", "route", "route_confidence", "warnings", "models",
    "calls", "usd", "seconds", "error_kind", "error",
]  # fmt: skip
SHOWN: Final = 5
MOST_ROUTES: Final = 100
OTHERS: Final = "others"
MADE: Final = "made"  # the recipe's own arm, and the status of a row that was made


@dataclass(slots=True)
class Scores:
    """Scores from 0 to 1 and how many there were."""

    count: int = 0
    total: float = 0.0
    lowest: float | None = None

    @property
    def mean(self) -> float | None:
        """None of none."""
        return self.total / self.count if self.count else None

    def add(self, score: float) -> None:
        """Take in one."""
        self.count += 1
        self.total += score
        self.lowest = score if self.lowest is None else min(self.lowest, score)


@dataclass(slots=True)
class RouteFigures:
    """The rows that went one way; `usd` is None once a row's is not known."""

    rows: int = 0
    confidence: Scores = field(default_factory=Scores)
    quality: Scores = field(default_factory=Scores)
    usd: float | None = 0.0


@dataclass(slots=True)
class RowFigures:
    """The rows of a run, made and failed.

    Attributes:
        seconds: of each made row.
        spread: of the judged rows' quality.
        criteria: of what was delivered, by criterion.
        warned: rows that carry a warning; warnings are counted by the step that warned.
        batch: what the checks of the whole batch found, rows by kind.
        dearest: rows with COLUMNS, the most expensive first.
        worst: rows with COLUMNS, the worst judged first.
    """

    made: int = 0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    quality: Scores = field(default_factory=Scores)
    spread: Spread = field(default_factory=Spread)
    criteria: dict[str, Scores] = field(default_factory=dict)
    routes: dict[str, RouteFigures] = field(default_factory=dict)
    errors: KindCounts = field(default_factory=KindCounts)
    warned: int = 0
    warnings: KindCounts = field(default_factory=KindCounts)
    batch: KindCounts = field(default_factory=KindCounts)
    dearest: list[dict[str, Any]] = field(default_factory=list)
    worst: list[dict[str, Any]] = field(default_factory=list)

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Take in rows with COLUMNS."""
        for row in rows:
            self._add(row)
        priced = (row for row in (*self.dearest, *rows) if row["usd"])
        self.dearest = nlargest(SHOWN, priced, key=lambda row: row["usd"])
        judged = (row for row in (*self.worst, *rows) if row["quality"] is not None)
        self.worst = nsmallest(SHOWN, judged, key=lambda row: row["quality"])

    def _add(self, row: dict[str, Any]) -> None:
        if row["status"] == MADE:
            self.made += 1
            self.seconds.append(row["seconds"])
        else:
            self.errors.add(row["error_kind"] or "", row["error"])
        if row["quality"] is not None:
            self.quality.add(row["quality"])
            self.spread.add(row["quality"])
        for criterion, score in row["quality_by"] or ():
            self.criteria.setdefault(criterion, Scores()).add(score)
        self.warned += bool(row["warnings"])
        self.warnings.add_all(_by_step(row["warnings"] or ()))
        self.batch.add_all(_by_kind(row["request_id"], row["warnings"] or ()))
        if row["route"]:
            self._add_route(row)

    def _add_route(self, row: dict[str, Any]) -> None:
        known = row["route"] in self.routes or len(self.routes) < MOST_ROUTES
        route = self.routes.setdefault(row["route"] if known else OTHERS, RouteFigures())
        route.rows += 1
        if row["route_confidence"] is not None:
            route.confidence.add(row["route_confidence"])
        if row["quality"] is not None:
            route.quality.add(row["quality"])
        route.usd = None if route.usd is None or row["usd"] is None else route.usd + row["usd"]


def row_figures(committed: Committed) -> RowFigures:
    """What the run's own rows came to."""
    figures = RowFigures()
    for batch in committed.rows("outputs", [*COLUMNS, "arm"]):
        figures.add(batch.filter(pc.equal(pc.fill_null(batch["arm"], MADE), MADE)).to_pylist())
    return figures


def _by_step(warnings: Iterable[str]) -> Iterable[tuple[str, str]]:
    """A warning begins with its step: `step panel: claude dropped out`."""
    for warning in warnings:
        step, colon, _ = warning.partition(": ")
        yield (step if colon and len(step) <= 80 else "", warning)


def _by_kind(request_id: str, warnings: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Each kind of finding of the whole batch once, with what it says of which row."""
    found: dict[str, str] = {}
    for warning in warnings:
        if (kind := kind_of(warning)) is not None:
            found.setdefault(kind, f"{request_id}: {warning.removeprefix(PREFIX)}")
    return found.items()
