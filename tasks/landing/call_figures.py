"""What a run's calls came to, by arm, step, role and model: summed up from the `calls` parts, row group by row group."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.call_sums import percentile
from tasks.landing.kind_counts import KindCounts
from tasks.patterns.asked import MADE, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tasks.landing.committed import Committed

__all__ = ["Asked", "CallFigures", "Spend", "call_figures"]

COLUMNS: Final = [
    "arm", "step", "role", "model", "status", "cached", "tokens_in", "tokens_out", "tokens_cached", "usd", "usd_failed",
    "seconds", "error_kind", "error",
]  # fmt: skip
GROUP: Final = ["step", "role", "model", "arm"]
NULLS: Final = pc.CountOptions(mode="only_null")
SUMS: Final[list[Any]] = [
    ([], "count_all"), ("failed", "sum"), ("tokens_in", "count"), ("tokens_in", "sum"), ("tokens_out", "sum"),
    ("tokens_cached", "sum"), ("usd", "sum"), ("usd", "count", NULLS), ("usd_failed", "sum"), ("answered", "list"),
]  # fmt: skip


@dataclass(slots=True)
class Spend:
    """What some calls came to.

    Attributes:
        hits: served from the ledger; they are in none of the other figures.
        failed: of those sent.
        counted: those that said how many tokens they took.
        usd_known: of those whose price is known, failed attempts not included.
        usd_failed: of failed attempts.
        unpriced: those whose price is not known.
        seconds: of each answer.
    """

    sent: int = 0
    hits: int = 0
    failed: int = 0
    counted: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    usd_known: float = 0.0
    usd_failed: float = 0.0
    unpriced: int = 0
    seconds: array[float] = field(default_factory=lambda: array("d"))

    @property
    def usd(self) -> float | None:
        """What was paid, failed attempts included; None if a price is not known."""
        return None if self.unpriced else self.usd_known + self.usd_failed

    @property
    def failed_usd(self) -> float | None:
        """What failed attempts cost; None if a price is not known."""
        return None if self.unpriced else self.usd_failed

    @property
    def mean_seconds(self) -> float | None:
        return float(np.mean(self.seconds)) if self.seconds else None

    def percentile(self, share: float) -> float | None:
        """The `share`-th percentile of the answers' seconds."""
        return percentile(self.seconds, share)

    def add(self, other: Spend) -> None:
        """Take in what other calls came to."""
        self.sent += other.sent
        self.hits += other.hits
        self.failed += other.failed
        self.counted += other.counted
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out
        self.tokens_cached += other.tokens_cached
        self.usd_known += other.usd_known
        self.usd_failed += other.usd_failed
        self.unpriced += other.unpriced
        self.seconds.extend(other.seconds)


@dataclass(slots=True)
class CallFigures:
    """The calls of a run."""

    by: dict[Asked, Spend] = field(default_factory=dict)
    errors: KindCounts = field(default_factory=KindCounts)

    def of(self, wanted: Callable[[Asked], bool]) -> Spend:
        """What the wanted calls came to."""
        total = Spend()
        for asked, spend in self.by.items():
            if wanted(asked):
                total.add(spend)
        return total

    @property
    def own(self) -> CallFigures:
        """Those of the run's own recipe, without other arms and without what judges them all."""
        return CallFigures({asked: spend for asked, spend in self.by.items() if asked.is_own}, self.errors)

    def add(self, rows: pa.Table) -> None:
        """Take in rows with COLUMNS."""
        rows = rows.set_column(rows.schema.get_field_index("arm"), "arm", pc.fill_null(rows["arm"], MADE))
        cached = pc.fill_null(rows["cached"], False)
        for row in _summed(rows.filter(cached), [([], "count_all")]):
            self._spend(row).hits += row["count_all"]
        sent = rows.filter(pc.invert(cached))
        ok = pc.equal(sent["status"], "ok")
        sent = sent.append_column("failed", pc.cast(pc.invert(ok), pa.int64()))
        sent = sent.append_column("answered", pc.if_else(ok, sent["seconds"], None))
        for row in _summed(sent, SUMS):
            self._spend(row).add(_spend_of(row))
        wrong = sent.filter(pc.is_valid(sent["error_kind"])).select(["error_kind", "error"])
        self.errors.add_all((row["error_kind"], row["error"]) for row in wrong.to_pylist())

    def _spend(self, row: dict[str, Any]) -> Spend:
        asked = Asked(*(row[name] or "" for name in GROUP))
        return self.by.setdefault(asked, Spend())


def call_figures(committed: Committed) -> CallFigures:
    """What the calls of all generations of the run came to."""
    figures = CallFigures()
    for batch in committed.rows("calls", COLUMNS):
        figures.add(pa.Table.from_batches([batch]))
    return figures


def _summed(rows: pa.Table, sums: list[Any]) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.group_by(GROUP, use_threads=False).aggregate(sums).to_pylist()
    return found


def _spend_of(row: dict[str, Any]) -> Spend:
    return Spend(
        sent=row["count_all"],
        failed=row["failed_sum"],
        counted=row["tokens_in_count"],
        tokens_in=row["tokens_in_sum"] or 0,
        tokens_out=row["tokens_out_sum"] or 0,
        tokens_cached=row["tokens_cached_sum"] or 0,
        usd_known=row["usd_sum"] or 0.0,
        usd_failed=row["usd_failed_sum"] or 0.0,
        unpriced=row["usd_count"],
        seconds=array("d", (each for each in row["answered_list"] if each is not None)),
    )
