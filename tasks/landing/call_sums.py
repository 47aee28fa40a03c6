"""Sums over a run's calls, taken as their row groups pass: for the manifest, the summary and `model_metrics`."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

Group = tuple[str | None, str | None, str | None]


@dataclass(slots=True)
class ModelSums:
    """The calls of one model in one role for one type of request."""

    calls: int = 0
    errors: int = 0
    usd: float | None = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class CallSums:
    """Calls sent, served from the ledger, failed; their tokens, USD and errors.

    Attributes:
        usd: None once a call's price was not known.
        errors: error kind → calls that ended so.
    """

    COLUMNS: ClassVar[list[str]] = [
        "status", "cached", "tokens_in", "tokens_out", "usd", "usd_failed", "usd_saved", "usd_estimated", "error_kind",
        "model", "role", "request_type", "seconds", "simulated",
    ]  # fmt: skip

    sent: int = 0
    cached: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float | None = 0.0
    usd_failed: float = 0.0
    usd_saved: float = 0.0
    usd_estimated: float = 0.0
    simulated: bool = False
    errors: dict[str, int] = field(default_factory=dict)
    models: dict[Group, ModelSums] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Take in a row group with COLUMNS."""
        for row in table.select(self.COLUMNS).to_pylist():
            self._add(row)

    def _add(self, row: dict[str, Any]) -> None:
        self.simulated |= bool(row["simulated"])
        self.usd_saved += row["usd_saved"] or 0.0
        if row["cached"]:
            self.cached += 1
            return
        failed = row["status"] != "ok"
        self.sent += 1
        self.failed += failed
        self.tokens_in += row["tokens_in"] or 0
        self.tokens_out += row["tokens_out"] or 0
        self.usd = _plus(self.usd, row["usd"])
        self.usd_failed += row["usd_failed"] or 0.0
        self.usd_estimated += row["usd_estimated"] or 0.0
        if row["error_kind"]:
            self.errors[row["error_kind"]] = self.errors.get(row["error_kind"], 0) + 1
        sums = self.models.setdefault((row["model"], row["role"], row["request_type"]), ModelSums())
        sums.calls += 1
        sums.errors += failed
        sums.usd = _plus(sums.usd, row["usd"])
        if not failed and row["seconds"] is not None:
            sums.seconds.append(row["seconds"])

    def model_rows(self, run: str) -> list[dict[str, Any]]:
        """Rows of `model_metrics`: one per model, role and type of request."""
        return [
            {
                "run": run,
                "model": model,
                "role": role,
                "request_type": request_type,
                "calls": sums.calls,
                "errors": sums.errors,
                "usd": sums.usd,
                "seconds_p50": percentile(sums.seconds, 50),
                "seconds_p95": percentile(sums.seconds, 95),
            }
            for (model, role, request_type), sums in sorted(self.models.items(), key=str)
        ]


def percentile(values: array[float], share: float) -> float | None:
    """The `share`-th percentile, None of nothing."""
    return float(np.percentile(values, share)) if values else None


def _plus(total: float | None, more: float | None) -> float | None:
    return None if total is None or more is None else total + more
