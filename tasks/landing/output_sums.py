"""Sums over a run's outputs, taken as their row groups pass: for the manifest, the summary and `metrics`.

Rows of another arm than the recipe's count in their own group and not in the run's figures. The quality of a group is the
blind one (`final_scores`) where the run has any, and then of blindly judged rows only, so that one figure never mixes
scores of two kinds; else it is what the patterns' own judges gave, which is optimistic.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.final_scores import FinalScores
from tasks.landing.labels import MADE, Labels
from tasks.landing.outputs import RETRYABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

GroupKey = tuple[str | None, str | None, str | None]


@dataclass(slots=True)
class GroupSums:
    """The rows of one type of request in one arm.

    Attributes:
        scores: of made rows, by the kind of judge that the run goes by.
        accepted: made rows that scored the recipe's target or more.
        errors: error kind → rows that failed so.
    """

    made: int = 0
    failed: int = 0
    calls: int = 0
    cached: int = 0
    usd: float | None = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    simulated: bool = False
    scores: array[float] = field(default_factory=lambda: array("d"))
    by: dict[str, array[float]] = field(default_factory=dict)
    accepted: int = 0
    errors: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowFigures:
    """What is kept of a row for pairs and for its critical path; times in microseconds since 1970.

    Attributes:
        fresh: it was paid for, no call of it came from the ledger.
        length: of its text, in characters.
    """

    group: GroupKey
    made: bool
    retryable: bool
    usd: float | None
    seconds: float | None
    fresh: bool
    length: int
    started: int | None
    finished: int | None


@dataclass(slots=True)
class OutputSums:
    """Made, failed and retryable rows of the recipe's own arm, and what the rows of each group took.

    Attributes:
        blind: the run's blind scores, all of them.
        target: the quality from which on a row is accepted.
        errors: error kind → rows that failed so.
        rows: arm → request id → its figures.
        writers: arm → models that wrote texts of it.
    """

    COLUMNS: ClassVar[list[str]] = [
        "request_id", "status", "error_kind", "pattern", "request_type", "arm", "calls", "cached_calls", "usd", "seconds",
        "simulated", "quality", "quality_by", "steps",
    ]  # fmt: skip

    blind: FinalScores = field(default_factory=FinalScores)
    labels: Labels = field(default_factory=Labels)
    target: float = 0.0
    made: int = 0
    failed: int = 0
    retryable: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    groups: dict[GroupKey, GroupSums] = field(default_factory=dict)
    rows: dict[str, dict[str, RowFigures]] = field(default_factory=dict)
    writers: dict[str, set[str]] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Take in a row group of `outputs`."""
        lengths = pc.utf8_length(table["content"]).to_pylist()
        times = [pc.cast(table[name], pa.int64()).to_pylist() for name in ("started_at", "finished_at")]
        rows = table.select(self.COLUMNS).to_pylist()
        for row, length, started, finished in zip(rows, lengths, *times, strict=True):
            self._add(row, length or 0, started, finished)

    def _add(self, row: dict[str, Any], length: int, started: int | None, finished: int | None) -> None:
        key = row["pattern"], self.labels.request_type(row), row["arm"]
        group = self.groups.setdefault(key, GroupSums())
        made, retryable = row["status"] == "made", row["error_kind"] in RETRYABLE
        if self.labels.is_made(row):
            self._count(row, retryable=retryable)
        if made:
            group.made += 1
            group.seconds.append(row["seconds"])
            self._score(group, row)
        else:
            group.failed += 1
            group.errors[row["error_kind"]] = group.errors.get(row["error_kind"], 0) + 1
        group.calls += row["calls"]
        group.cached += row["cached_calls"]
        group.usd = None if group.usd is None or row["usd"] is None else group.usd + row["usd"]
        group.simulated |= bool(row["simulated"])
        arm = row["arm"] or MADE
        self.rows.setdefault(arm, {})[row["request_id"]] = RowFigures(
            key,
            made,
            retryable,
            row["usd"],
            row["seconds"],
            not row["cached_calls"],
            length,
            started,
            finished,
        )
        self.writers.setdefault(arm, set()).update(
            step["model"] for step in row["steps"] or () if self.labels.paths.at(step["path"]).writes
        )

    def _count(self, row: dict[str, Any], *, retryable: bool) -> None:
        if row["status"] == "made":
            self.made += 1
            return
        self.failed += 1
        self.retryable += retryable
        self.errors[row["error_kind"]] = self.errors.get(row["error_kind"], 0) + 1

    def _score(self, group: GroupSums, row: dict[str, Any]) -> None:
        """Take in a made row's quality, if it is of the kind that the run goes by."""
        if row["quality"] is None or (self.blind.count and not self.blind.has(row["request_id"], row["arm"])):
            return
        group.scores.append(row["quality"])
        group.accepted += row["quality"] >= self.target
        for criterion, score in row["quality_by"] or ():
            if score is not None:
                group.by.setdefault(criterion, array("d")).append(score)

    def in_order(self) -> Iterator[tuple[GroupKey, GroupSums]]:
        """The groups as they stand in `metrics`: the recipe's own arm first, so that what has no type stands there."""
        yield from sorted(
            self.groups.items(), key=lambda each: (each[0][2] not in (MADE, None), str(each[0]))
        )
