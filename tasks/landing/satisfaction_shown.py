"""What people said of a run, for its report: from its rows of `metrics`, and from `ratings` the words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tasks.landing.committed import open_committed
from tasks.landing.ratings import ratings_of
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, count, one_line, score, times
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from tasks.landing.committed import Committed
    from tasks.storing.filesystem import Store

SHOWN: Final = 5
LONGEST_COMMENT: Final = 200
MADE: Final = "made"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SatisfactionFigures:
    """A run's rated rows of `metrics`, and its worst ratings, those with words first."""

    rows: tuple[Row, ...] = ()
    worst: tuple[Row, ...] = ()

    def mean_of(self, arm: str) -> tuple[float | None, int]:
        """Mean of all ratings of an arm, and how many there are."""
        rated = [row for row in self.rows if row["arm"] == arm]
        n = sum(row["satisfaction_n"] for row in rated)
        total = sum(row["satisfaction_mean"] * row["satisfaction_n"] for row in rated)
        return (total / n if n else None), n


def satisfaction_figures(committed: Committed) -> SatisfactionFigures:
    """What people say of a committed run; nothing, mostly."""
    rows = [
        row
        for part in committed.manifest["parts"].get("metrics", [])
        for batch in read_rows(committed.store, part["path"])
        for row in batch.to_pylist()
        if row["run"] == committed.run and row["satisfaction_n"]
    ]
    if not rows:
        return SatisfactionFigures()
    ratings = ratings_of(committed.store, committed.run)
    worst = sorted(ratings, key=lambda row: (row["rating"], not row["comment"], row["request_id"]))
    return SatisfactionFigures(tuple(rows), tuple(worst[:SHOWN]))


def satisfaction_said(figures: SatisfactionFigures) -> str:
    """The headline's figure; empty where nobody has rated anything."""
    said = []
    for arm in sorted({row["arm"] for row in figures.rows}, key=lambda arm: (arm != MADE, arm)):
        mean, n = figures.mean_of(arm)
        said.append(f"{score(mean)} ({times(n, 'rating')}{'' if arm == MADE else f' of {arm} texts'})")
    return ", ".join(said)


def satisfaction_line(store: Store, run: str) -> str:
    """A run's name and what people say of it now."""
    said = satisfaction_said(satisfaction_figures(open_committed(store, run)))
    return f"{run}: satisfaction {said or 'to be seen once it has committed what it is working'}"


def satisfaction_sheet(figures: SatisfactionFigures) -> Sheet:
    """By kind of request and arm."""
    rows = tuple(
        (
            row["request_type"] or NONE, row["arm"], count(row["satisfaction_n"]), score(row["satisfaction_mean"]),
            _interval(row),
        )
        for row in figures.rows
    )  # fmt: skip
    note = "What people said of the texts, 0 to 1; ratings of one text count as about one where they agree."
    return Sheet("Satisfaction", ("type", "arm", "ratings", "mean", "95%"), rows, 3, note=note)


def worst_rated_sheet(figures: SatisfactionFigures) -> Sheet:
    """The lowest ratings with what was said."""
    rows = tuple(
        (
            row["request_id"],
            row["arm"],
            one_line(row["comment"], LONGEST_COMMENT) or NONE,
            score(row["rating"]),
        )
        for row in figures.worst
    )
    return Sheet("Rated worst", ("request", "arm", "comment", "rating"), rows, 1)


def _interval(row: Row) -> str:
    low, high = row.get("satisfaction_low"), row.get("satisfaction_high")
    return NONE if low is None or high is None else f"{low:.2f} to {high:.2f}"
