"""Sums taken as row groups pass: unknown stays unknown, and what was not sent costs nothing."""

from __future__ import annotations

from array import array
from typing import Any

import pyarrow as pa
import pytest

from tasks.landing.call_sums import CallSums, percentile
from tasks.landing.final_scores import FinalScores
from tasks.landing.output_sums import OutputSums
from tasks.landing.outputs import RETRYABLE
from tasks.landing.run_metrics import RunMetrics
from tasks.storing.schemas import CALLS, OUTPUTS


def calls(*rows: dict[str, Any]) -> pa.Table:
    usual = {
        "status": "ok", "cached": False, "tokens_in": 10, "tokens_out": 5, "usd": 0.5, "usd_failed": 0.1,
        "usd_saved": 0.0, "usd_estimated": 0.0, "model": "one", "seconds": 1.0, "simulated": True,
    }  # fmt: skip
    return pa.Table.from_pylist([usual | row for row in rows], schema=CALLS)


def outputs(*rows: dict[str, Any]) -> pa.Table:
    usual = {
        "status": "made", "pattern": "ask", "arm": "made", "calls": 2, "cached_calls": 1, "usd": 0.5, "seconds": 2.0,
        "simulated": False,
    }  # fmt: skip
    return pa.Table.from_pylist([usual | row for row in rows], schema=OUTPUTS)


def test_calls_sent_and_served_are_told_apart() -> None:
    sums = CallSums()
    sums.add(calls({}, {"cached": True, "usd": 0.0, "usd_saved": 0.5, "tokens_in": 0, "tokens_out": 0}))
    sums.add(calls({"status": "failed", "error_kind": "timeout", "usd": 0.0, "usd_estimated": 0.1}))
    assert (sums.sent, sums.cached, sums.failed) == (2, 1, 1)
    assert (sums.usd, sums.usd_failed, sums.usd_saved) == pytest.approx((0.5, 0.2, 0.5))
    assert (sums.tokens_in, sums.tokens_out) == (20, 10)
    assert sums.errors == {"timeout": 1}
    (row,) = sums.model_rows("night")
    assert (row["calls"], row["errors"], row["usd"], row["seconds_p95"]) == (2, 1, 0.5, 1.0)


def test_one_unknown_price_makes_its_models_and_the_whole_sum_unknown() -> None:
    sums = CallSums()
    sums.add(calls({}, {"usd": None, "usd_failed": None, "model": "two"}))
    assert sums.usd is None
    assert {row["model"]: row["usd"] for row in sums.model_rows("night")} == {"one": 0.5, "two": None}


def test_a_lost_call_counts_as_failed_and_costs_its_reservation() -> None:
    sums = CallSums()
    lost = {"status": "lost", "error_kind": "lost", "usd": 0.7, "usd_failed": None, "seconds": None}
    sums.add(calls(lost | {"tokens_in": None, "tokens_out": None, "usd_estimated": 0.7, "simulated": None}))
    assert (sums.sent, sums.failed, sums.usd, sums.usd_estimated) == (1, 1, 0.7, 0.7)


@pytest.mark.parametrize("kind", [*sorted(RETRYABLE), "bad_request", "checks_failed", "internal"])
def test_failed_rows_count_by_kind_and_as_retryable_where_another_try_may_help(kind: str) -> None:
    sums = OutputSums()
    sums.add(outputs({}, {"status": "failed", "error_kind": kind}))
    assert (sums.made, sums.failed, sums.retryable) == (1, 1, int(kind in RETRYABLE))
    assert sums.errors == {kind: 1}


def test_metrics_are_one_row_per_pattern_type_and_arm() -> None:
    sums = OutputSums()
    sums.add(outputs({}, {"request_type": "blog"}, {"request_type": "blog", "usd": None}))
    rows = RunMetrics(sums, FinalScores()).metric_rows("night", "short", 3)
    by_type = {row["request_type"]: row for row in rows}
    assert by_type["blog"]["rows"] == 2
    assert by_type["blog"]["usd"] is by_type["blog"]["usd_per_made"] is None
    assert by_type[None]["usd_per_made"] == 0.5
    assert sum(row["deferred"] for row in rows) == 3


def test_nothing_has_no_percentile() -> None:
    assert CallSums().model_rows("night") == []
    assert percentile(array("d"), 50) is None
    sums = OutputSums()
    sums.add(outputs({"status": "failed", "error_kind": "timeout"}))
    (row,) = RunMetrics(sums, FinalScores()).metric_rows("night", "short", 0)
    assert row["seconds_p50"] is None
