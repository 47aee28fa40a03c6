"""Sums over a run's outputs, taken as their row groups pass: for the manifest, the summary and `metrics`."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tasks.landing.call_sums import percentile
from tasks.landing.outputs import RETRYABLE

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(slots=True)
class GroupSums:
    """The rows of one type of request in one arm."""

    made: int = 0
    failed: int = 0
    calls: int = 0
    cached: int = 0
    usd: float | None = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    simulated: bool = False


@dataclass(slots=True)
class OutputSums:
    """Made, failed and retryable rows, and what they took.

    Attributes:
        errors: error kind → rows that failed so.
    """

    COLUMNS: ClassVar[list[str]] = [
        "status", "error_kind", "pattern", "request_type", "arm", "calls", "cached_calls", "usd", "seconds", "simulated",
    ]  # fmt: skip

    made: int = 0
    failed: int = 0
    retryable: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    groups: dict[tuple[Any, ...], GroupSums] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Take in a row group with COLUMNS."""
        for row in table.select(self.COLUMNS).to_pylist():
            self._add(row)

    def _add(self, row: dict[str, Any]) -> None:
        group = self.groups.setdefault((row["pattern"], row["request_type"], row["arm"]), GroupSums())
        is_made = row["arm"] in ("made", None)
        if row["status"] == "made":
            self.made += is_made
            group.made += 1
            group.seconds.append(row["seconds"])
        else:
            group.failed += 1
            if is_made:
                self.failed += 1
                self.retryable += row["error_kind"] in RETRYABLE
                self.errors[row["error_kind"]] = self.errors.get(row["error_kind"], 0) + 1
        group.calls += row["calls"]
        group.cached += row["cached_calls"]
        group.usd = None if group.usd is None or row["usd"] is None else group.usd + row["usd"]
        group.simulated |= bool(row["simulated"])

    def metric_rows(self, run: str, recipe: str, deferred: int) -> list[dict[str, Any]]:
        """Rows of `metrics`; deferred rows have no type of their own and stand in the first."""
        return [
            {
                "run": run,
                "recipe": recipe,
                "pattern": pattern,
                "request_type": request_type,
                "arm": arm,
                "rows": group.made + group.failed,
                "failed": group.failed,
                "deferred": 0 if place else deferred,
                "usd": group.usd,
                "usd_per_made": group.usd / group.made if group.usd is not None and group.made else None,
                "seconds_p50": percentile(group.seconds, 50),
                "seconds_p95": percentile(group.seconds, 95),
                "calls": group.calls,
                "cache_hits": group.cached,
                "simulated": group.simulated,
            }
            for place, ((pattern, request_type, arm), group) in enumerate(
                sorted(self.groups.items(), key=str)
            )
        ]
