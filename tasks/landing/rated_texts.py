"""What people's ratings say of a run's texts: joined with `outputs` by request and arm, and summed up.

A rating counts for the text that was there when it was given: one from more than a day before its text was made is of
the text that a run made anew has replaced. A failed row has no text.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.choosing.estimate import Estimate
from tasks.landing.ratings import ratings_of
from tasks.storing.schemas import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tasks.storing.filesystem import Store

BEFORE: Final = timedelta(days=1)  # ratings that give a day and no time, and clocks and zones that disagree
GROUP: Final = ("pattern", "request_type", "arm")
COLUMNS: Final = ["request_id", "arm", "status", "pattern", "request_type", "finished_at"]

Row = dict[str, Any]
Group = tuple[Any, ...]


def is_of_text(rated_at: datetime | None, finished_at: datetime | None) -> bool:
    """Whether a rating of that time can be of a text that was finished then."""
    return rated_at is None or finished_at is None or rated_at >= finished_at - BEFORE


@dataclass(slots=True)
class Satisfaction:
    """Ratings of several texts."""

    texts: list[tuple[int, float]] = field(default_factory=list)

    def add(self, ratings: list[float]) -> None:
        """Take in the ratings of one text."""
        self.texts.append((len(ratings), sum(ratings)))

    @property
    def n(self) -> int:
        """Ratings."""
        return sum(number for number, _ in self.texts)

    @property
    def mean(self) -> float:
        """Of all ratings."""
        return sum(total for _, total in self.texts) / self.n

    def figures(self) -> Row:
        """The columns of `metrics` that the schema has.

        Ratings of one text say much the same: the interval counts as many observations as there would be if all texts
        had equally many ratings and those of a text agreed (Kish, Survey Sampling, 1965).
        """
        worth = self.n**2 / sum(number**2 for number, _ in self.texts)
        estimate = Estimate(self.mean, worth, worth)
        every = {
            "satisfaction_mean": self.mean, "satisfaction_n": self.n, "satisfaction_low": estimate.low,
            "satisfaction_high": estimate.high,
        }  # fmt: skip
        return {name: value for name, value in every.items() if name in METRICS.names}


@dataclass(frozen=True, slots=True)
class RatedTexts:
    """The ratings of a run, by (request id, arm)."""

    ratings: dict[tuple[str, str], list[Row]]

    @classmethod
    def of(cls, store: Store, run: str) -> RatedTexts:
        """Those in the table; one listing where there are none."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in ratings_of(store, run):
            found[row["request_id"], row["arm"]].append(row)
        return cls(dict(found))

    def joined(self, outputs: Iterable[pa.RecordBatch | pa.Table]) -> Iterator[tuple[Row, list[float]]]:
        """The made rows of `outputs` that have ratings, with these; the rows have at least COLUMNS."""
        if not self.ratings:
            return
        ids = pa.array(sorted({request_id for request_id, _ in self.ratings}), pa.string())
        for batch in outputs:
            mine = batch.filter(
                pc.and_(pc.is_in(batch["request_id"], value_set=ids), pc.equal(batch["status"], "made"))
            )
            for row in mine.to_pylist():
                found = [
                    each["rating"]
                    for each in self.ratings.get((row["request_id"], row["arm"]), [])
                    if is_of_text(each["rated_at"], row["finished_at"])
                ]
                if found:
                    yield row, found


def satisfaction(rated: Iterable[tuple[Row, list[float]]]) -> dict[Group, Satisfaction]:
    """By GROUP, as `metrics` has its rows."""
    found: dict[Group, Satisfaction] = defaultdict(Satisfaction)
    for row, ratings in rated:
        found[tuple(row[name] for name in GROUP)].add(ratings)
    return dict(found)


def with_satisfaction(rows: Iterable[Row], of: dict[Group, Satisfaction]) -> list[Row]:
    """Rows of `metrics` with what people say now, null where nobody said anything."""
    blank = {name: None for name in METRICS.names if name.startswith("satisfaction_")}
    return [
        {
            **row,
            **blank,
            **(of[group].figures() if (group := tuple(row[name] for name in GROUP)) in of else {}),
        }
        for row in rows
    ]
