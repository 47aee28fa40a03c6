"""A typical row of a run, and its calls over time: the row whose seconds are nearest to the median.

Rows answered by the ledger took no time worth looking at: they are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.row_figures import MADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.landing.committed import Committed

ROW_COLUMNS: Final = ["request_id", "arm", "status", "seconds", "calls", "cached_calls"]
CALL_COLUMNS: Final = [
    "request_id", "arm", "step", "role", "round", "model", "status", "cached", "started_at", "finished_at",
]  # fmt: skip
MOST_CALLS: Final = 500
# Two calls that follow each other lie closer than this: what is between them is our own work.
NO_WAIT_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class TimedCall:
    """A call of the row.

    Attributes:
        start: seconds since the row's first call began.
        waited_for: whether the row would have ended sooner without it.
    """

    step: str
    role: str
    round: int
    model: str
    failed: bool
    start: float
    seconds: float
    waited_for: bool = False

    @property
    def end(self) -> float:
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class TypicalRow:
    """One row; its calls in the order in which they began, of those that were sent."""

    request_id: str
    seconds: float
    median_seconds: float
    calls: tuple[TimedCall, ...]


def typical_row(committed: Committed) -> TypicalRow | None:
    """The run's typical row; None if no row was made by calls that were sent.

    Two passes over a few columns of `outputs`, one over `calls`.
    """
    timed = [batch["seconds"].to_numpy() for batch in _made(committed)]
    if not any(map(len, timed)):
        return None
    median = float(np.median(np.concatenate(timed)))
    seconds, request_id = min(
        (near for batch in _made(committed) if (near := _nearest(batch, median)) is not None),
        key=lambda each: (abs(each[0] - median), each[1]),
    )
    calls = _calls(committed, request_id)
    return TypicalRow(request_id, seconds, median, calls) if calls else None


def waited_for(calls: Sequence[TimedCall]) -> frozenset[int]:
    """Places of the calls that held the row up: back from the one that ended last, each time the last before it began."""
    found: set[int] = set()
    until: float | None = None
    while True:
        before = [
            place
            for place, call in enumerate(calls)
            if place not in found and (until is None or call.end <= until + NO_WAIT_SECONDS)
        ]
        if not before:
            return frozenset(found)
        last = max(before, key=lambda place: (calls[place].end, -place))
        found.add(last)
        until = calls[last].start


def _made(committed: Committed) -> Iterator[pa.RecordBatch]:
    """Made rows with seconds and id, for which a call was sent."""
    for batch in committed.rows("outputs", ROW_COLUMNS):
        own = pc.equal(pc.fill_null(batch["arm"], MADE), MADE)
        mine = pc.and_(own, pc.and_(pc.equal(batch["status"], MADE), pc.is_valid(batch["seconds"])))
        sent = pc.subtract(pc.fill_null(batch["calls"], 0), pc.fill_null(batch["cached_calls"], 0))
        yield batch.filter(pc.and_(mine, pc.greater(sent, 0))).select(["seconds", "request_id"])


def _nearest(batch: pa.RecordBatch, median: float) -> tuple[float, str] | None:
    """Seconds and id of the row nearest to the median, of equals the first by id; None of no rows."""
    if not batch.num_rows:
        return None
    off = np.abs(batch["seconds"].to_numpy() - median)
    near = batch.filter(pa.array(off == off.min()))
    found: tuple[float, str] = min(
        zip(near["seconds"].to_pylist(), near["request_id"].to_pylist(), strict=True),
        key=lambda each: each[1],
    )
    return found


def _calls(committed: Committed, request_id: str) -> tuple[TimedCall, ...]:
    found: list[dict[str, Any]] = []
    for batch in committed.rows("calls", CALL_COLUMNS):
        mine = batch.filter(pc.equal(batch["request_id"], request_id))
        found += [row for row in mine.to_pylist() if _was_sent(row)]
    found.sort(key=lambda row: (row["started_at"], row["step"] or "", row["finished_at"]))
    if not found:
        return ()
    first = found[0]["started_at"]
    timed = [
        TimedCall(
            step=row["step"] or "",
            role=row["role"] or "",
            round=row["round"] or 1,
            model=row["model"] or "",
            failed=row["status"] != "ok",
            start=(row["started_at"] - first).total_seconds(),
            seconds=max(0.0, (row["finished_at"] - row["started_at"]).total_seconds()),
        )
        for row in found[:MOST_CALLS]
    ]
    path = waited_for(timed)
    return tuple(replace(call, waited_for=place in path) for place, call in enumerate(timed))


def _was_sent(row: dict[str, Any]) -> bool:
    """Whether it is a call of the recipe that took time; what proves the night (`@...`) is none."""
    timed = row["started_at"] is not None and row["finished_at"] is not None
    return (
        timed and not row["cached"] and row["arm"] in (MADE, None) and not (row["step"] or "").startswith("@")
    )
