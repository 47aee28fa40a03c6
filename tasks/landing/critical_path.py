"""Where the seconds of a row went: the chain of its calls that ended last. No I/O.

A row is finished when its last call is; that call could start when the one that finished last before it was done, and so
on back to the first. What ran beside that chain cost no time. Calls that judge a finished text for proof are left out:
nobody waited for them. Times are microseconds since 1970.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.labels import MADE
from tasks.patterns.baseline_step import BASELINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROOF: Final = "proof"
WAITING: Final = "@waiting"  # in no call: for a quota, for other rows, between calls


@dataclass(frozen=True, slots=True)
class Span:
    """One call of a row."""

    started: int
    finished: int
    step: str


def critical_chain(spans: Sequence[Span]) -> list[Span]:
    """The calls on the critical path, in order of time."""
    ordered = sorted(spans, key=lambda each: (each.finished, each.started))
    finishes = [each.finished for each in ordered]
    chain, place = [], len(ordered) - 1
    while place >= 0:
        chain.append(ordered[place])
        place = bisect_right(finishes, ordered[place].started, hi=place) - 1
    return chain[::-1]


def seconds_by_step(spans: Sequence[Span], started: int, finished: int) -> dict[str, float]:
    """Seconds of a row on its critical path, step by step, and those in no call; they sum up to the row's own.

    Calls from before the row was started, by a process that was killed, count as far as they reach into it.
    """
    found: dict[str, float] = {}
    since = started
    for span in critical_chain([each for each in spans if each.finished > started]):
        begun, ended = max(span.started, since), min(span.finished, finished)
        if ended > begun:
            found[span.step] = found.get(span.step, 0.0) + (ended - begun) / 1e6
            since = ended
    waited = (finished - started) / 1e6 - sum(found.values())
    return {**found, WAITING: max(0.0, waited)}


@dataclass(slots=True)
class RowCalls:
    """When the calls of a run's rows began and ended: 28 bytes a call, whatever the order they come in.

    Attributes:
        worth: of each row, USD of its calls as if none had come from the ledger: whether another row or arm has asked
            the same before says nothing of what one costs. Not a number where a price is not known.
    """

    COLUMNS: ClassVar[list[str]] = [
        "request_id", "arm", "step", "usd", "usd_failed", "usd_saved", "started_at", "finished_at",
    ]  # fmt: skip

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    of_row: array[int] = field(default_factory=lambda: array("q"))
    of_step: array[int] = field(default_factory=lambda: array("i"))
    started: array[int] = field(default_factory=lambda: array("q"))
    finished: array[int] = field(default_factory=lambda: array("q"))
    worth: array[float] = field(default_factory=lambda: array("d"))
    _count: int = 0

    def add(self, table: pa.Table) -> None:
        """Take in a row group with COLUMNS."""
        columns = [table[name].to_pylist() for name in self.COLUMNS[:6]]
        columns += [pc.cast(table[name], pa.int64()).to_pylist() for name in self.COLUMNS[6:]]
        for request_id, arm, step, usd, failed, saved, started, finished in zip(*columns, strict=True):
            path = step or ""
            if arm != PROOF:
                self._add_worth(self._row(arm or MADE, request_id), usd, failed, saved)
            if started is None or finished is None or (path.startswith("@") and path != BASELINE):
                continue
            self.of_row.append(self._row(arm or MADE, request_id))
            self.of_step.append(self.steps.setdefault(path, len(self.steps)))
            self.started.append(started)
            self.finished.append(finished)

    def _add_worth(self, row: int, usd: float | None, failed: float | None, saved: float | None) -> None:
        self.worth.extend([0.0] * (row + 1 - len(self.worth)))
        self.worth[row] += nan if usd is None else usd + (failed or 0.0) + (saved or 0.0)

    def usd(self, arm: str, request_id: str) -> float | None:
        """What a row's calls are worth; None if that is not known."""
        row = self.number(arm, request_id)
        return None if row is None or isnan(self.worth[row]) else self.worth[row]

    def _row(self, arm: str, request_id: str) -> int:
        rows = self.rows.setdefault(arm, {})
        known = rows.get(request_id)
        if known is None:
            known = rows[request_id] = self._count
            self._count += 1
        return known

    def spans(self) -> Iterator[tuple[int, list[Span]]]:
        """Each row's number, as `number` gives it, and its calls."""
        names = list(self.steps)
        of_row = np.frombuffer(self.of_row, np.int64) if self.of_row else np.zeros(0, np.int64)
        order = np.argsort(of_row, kind="stable")
        ends = np.flatnonzero(np.diff(of_row[order], append=-1)) + 1
        begin = 0
        for end in ends.tolist():
            places = order[begin:end].tolist()
            yield (
                self.of_row[places[0]],
                [Span(self.started[at], self.finished[at], names[self.of_step[at]]) for at in places],
            )
            begin = end

    def number(self, arm: str, request_id: str) -> int | None:
        """Under which number a row's calls are kept; None without calls."""
        return self.rows.get(arm, {}).get(request_id)
