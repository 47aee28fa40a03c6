"""Sums over a run's calls, taken as their row groups pass: for the manifest, the summary and `model_metrics`."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tasks.landing.labels import Labels

if TYPE_CHECKING:
    import pyarrow as pa

    from tasks.landing.labels import Group


@dataclass(slots=True)
class ModelSums:
    """The calls of one model in one role for one type of request at one task.

    Attributes:
        counted: answers that said how many tokens they took.
    """

    calls: int = 0
    errors: int = 0
    usd: float | None = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    counted: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take in a call that was sent."""
        self.calls += 1
        self.usd = _plus(self.usd, row["usd"])
        if row["status"] != "ok":
            self.errors += 1
            return
        if row["seconds"] is not None:
            self.seconds.append(row["seconds"])
        if row["tokens_in"] is not None and row["tokens_out"] is not None:
            self.counted += 1
            self.tokens_in += row["tokens_in"]
            self.tokens_out += row["tokens_out"]

    def per_answer(self, tokens: int) -> float | None:
        """The mean over the answers that said it."""
        return tokens / self.counted if self.counted else None


@dataclass(slots=True)
class CallSums:
    """Calls sent, served from the ledger, failed; their tokens, USD and errors.

    Attributes:
        usd: None once a call's price was not known.
        errors: error kind → calls that ended so.
        simulated_models: models of which an answer was simulated.
    """

    COLUMNS: ClassVar[list[str]] = [
        "status", "cached", "tokens_in", "tokens_out", "usd", "usd_failed", "usd_saved", "usd_estimated", "error_kind",
        "model", "role", "request_type", "seconds", "simulated", "request_id", "arm", "step",
    ]  # fmt: skip

    labels: Labels = field(default_factory=Labels)
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
    simulated_models: set[str] = field(default_factory=set)

    def add(self, table: pa.Table) -> None:
        """Take in a row group with COLUMNS."""
        for row in table.select(self.COLUMNS).to_pylist():
            self._add(row)

    def _add(self, row: dict[str, Any]) -> None:
        if row["simulated"]:
            self.simulated = True
            self.simulated_models.add(row["model"])
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
        self.models.setdefault(self.labels.group(row, row["step"]), ModelSums()).add(row)

    def model_rows(self, run: str) -> list[dict[str, Any]]:
        """Rows of `model_metrics` as far as calls fill them: one per model, role, type of request and task."""
        return [
            {
                "run": run,
                "model": model,
                "role": role,
                "request_type": request_type,
                "task": task,
                "calls": sums.calls,
                "errors": sums.errors,
                "usd": sums.usd,
                "seconds_p50": percentile(sums.seconds, 50),
                "seconds_p95": percentile(sums.seconds, 95),
                "tokens_in": sums.per_answer(sums.tokens_in),
                "tokens_out": sums.per_answer(sums.tokens_out),
            }
            for (model, role, request_type, task), sums in sorted(self.models.items(), key=str)
        ]


def percentile(values: array[float], share: float) -> float | None:
    """The `share`-th percentile, None of nothing."""
    return float(np.percentile(values, share)) if values else None


def _plus(total: float | None, more: float | None) -> float | None:
    return None if total is None or more is None else total + more
