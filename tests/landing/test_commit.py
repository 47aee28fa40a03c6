"""What a commit leaves in the tables, generation after generation, run beside run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest
from landing_rig import NIGHT

from tasks.landing.plan import read_manifest
from tasks.storing.errors import NightpressError
from tasks.storing.schemas import CALLS, DEFERRED, METRICS, MODEL_METRICS, OUTPUTS, REJECTS, SCORES

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}
SCHEMAS = {
    "outputs": OUTPUTS, "rejects": REJECTS, "deferred": DEFERRED, "calls": CALLS, "scores": SCORES,
    "metrics": METRICS, "model_metrics": MODEL_METRICS,
}  # fmt: skip


def test_every_table_has_one_part_of_its_schema_that_the_manifest_names(rig: Callable[..., Rig]) -> None:
    night = rig()
    manifest = night.night(night.table(TOPICS, '{"request_id": "bad"}'))
    for table, schema in SCHEMAS.items():
        (path,) = night.store.list(table)
        (part,) = manifest["parts"][table]
        assert part["path"] == path
        assert path.startswith(f"{table}/run_date=2026-01-31/night-")
        with night.store.open_read(path) as file:
            written = pq.read_schema(file)
            assert written.equals(schema)
            assert written.metadata[b"schema_version"] == b"1"
            assert pq.ParquetFile(file).metadata.num_rows == part["rows"]
    assert manifest == read_manifest(night.store, "night")
    assert [row["request_id"] for row in night.rows("rejects")] == ["bad"]


def test_the_counts_of_the_tables_and_the_manifest_agree_with_the_providers_bill(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(faults=[{"kind": "server_error", "prompt": "Outline topic 3"}])
    night = rig(simulator)
    manifest = night.night(night.table({**TOPICS, "same": "topic 0"}))
    outputs, calls = night.rows("outputs"), night.rows("calls")
    seen = simulator.stats()
    assert manifest["rows"]["made"] == sum(row["status"] == "made" for row in outputs) == 8
    assert manifest["calls"]["sent"] == sum(not row["cached"] for row in calls)
    assert sum(row["attempts"] for row in calls) == seen["calls"]
    assert manifest["usd"]["spent"] == pytest.approx(seen["usd"])
    assert sum(row["usd"] + (row["usd_failed"] or 0) for row in calls) == pytest.approx(seen["usd"])
    assert manifest["calls"]["cached"] == sum(row["cached"] for row in calls) == 2
    assert manifest["errors"] == {
        "rows": {"server_error": 1}, "calls": {"server_error": 1}, "deferred": {},
    }  # fmt: skip
    for row in outputs:
        own = [call for call in calls if call["request_id"] == row["request_id"]]
        assert row["calls"] == sum(call["status"] == "ok" for call in own)
        assert row["usd"] == pytest.approx(sum(call["usd"] for call in own))
        assert [step["path"] for step in row["steps"]] == ["outline", "draft"][: row["calls"]]
    (metrics,) = night.rows("metrics")
    assert (metrics["rows"], metrics["failed"], metrics["cache_hits"]) == (9, 1, 2)
    assert metrics["usd"] == pytest.approx(seen["usd"])
    (model,) = night.rows("model_metrics")
    assert (model["model"], model["errors"]) == ("one", 1)


def test_rows_that_do_not_add_up_leave_the_tables_as_they_were(
    rig: Callable[..., Rig], small_shards: None
) -> None:
    night = rig()
    requests = night.table(TOPICS)
    begun = night.begin(requests)
    records = night.produce(begun)
    assert len(records) > 1
    before = night.store.list()
    with pytest.raises(NightpressError, match="are not 8 requests; it is not committed"):
        night.commit(begun, records[1:])
    assert night.store.list() == before
    assert read_manifest(night.store, "night") is None
    assert night.commit(begun, records)["rows"]["made"] == 8


def test_a_later_generation_carries_every_row_it_does_not_redo(
    rig: Callable[..., Rig], small_shards: None
) -> None:
    night = rig(
        faults=[
            {"kind": "server_error", "prompt": "Outline topic 3", "first": 2},
            {"kind": "bad_request", "prompt": "Outline topic 5"},
        ]
    )
    requests = night.table(TOPICS, '{"request_id": "bad"}')
    first = night.night(requests)
    before = {row["request_id"]: row for row in night.rows("outputs")}
    second = night.night(requests)
    after = {row["request_id"]: row for row in night.rows("outputs")}
    assert len(night.rows("outputs")) == 8
    assert {each for each in after if after[each] != before[each]} == {"r3"}
    assert after["r3"]["status"] == "made"
    assert len(night.rows("rejects")) == 1
    calls = [row["call_id"] for row in night.rows("calls")]
    assert len(calls) == len(set(calls)) == first["calls"]["sent"] + 2 == second["calls"]["sent"]
    assert len(second["parts"]["calls"]) == 2
    assert night.store.read("_runs/night.json") == night.store.read("_runs/night/g2.json")
    assert night.store.exists("_runs/night/g1.json")


def test_deferred_rows_leave_their_table_once_they_are_made(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    poor = night.night(requests, allowance=0.0)
    assert poor["rows"] | {} == {
        "requests": 8, "made": 0, "failed": 0, "deferred": 8, "rejected": 0, "retryable": 0, "unchanged": 0, "adopted": 0,
    }  # fmt: skip
    assert poor["errors"]["deferred"] == {"over budget": 8}
    assert poor["healthy"], "rows that a budget leaves for later were left on purpose"
    assert {row["request_id"] for row in night.rows("deferred")} == set(TOPICS)
    rich = night.night(requests)
    assert (rich["rows"]["made"], rich["rows"]["deferred"]) == (8, 0)
    assert night.rows("deferred") == []


def test_rows_that_a_closed_provider_holds_back_make_a_run_unhealthy(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "bad_key"}])
    manifest = night.night(night.table(TOPICS))
    ((reason, count),) = manifest["errors"]["deferred"].items()
    assert (count, manifest["healthy"], manifest["rows"]["deferred"]) == (8, False, 8)
    assert "provider sim is closed for this run" in reason


@pytest.mark.parametrize(("max_failed", "healthy"), [(0.25, True), (0.24, False), (0.0, False), (1.0, True)])
def test_a_run_is_healthy_up_to_its_share_of_failed_rows(
    rig: Callable[..., Rig], max_failed: float, healthy: bool
) -> None:
    night = rig(faults=[{"kind": "bad_request", "prompt": "topic [01]$"}])
    begun = night.begin(night.table(TOPICS))
    assert night.commit(begun, night.produce(begun), max_failed=max_failed)["healthy"] is healthy


def test_fewer_rows_replace_more_and_leave_no_stale_part(rig: Callable[..., Rig], small_shards: None) -> None:
    night = rig()
    night.night(night.table(TOPICS, "not json"))
    parts = night.store.list("outputs")
    night.night(night.table({"r1": "topic 1"}), replace=True)
    assert night.store.list("outputs") == parts
    assert [row["request_id"] for row in night.rows("outputs")] == ["r1"]
    assert night.rows("rejects") == []


def test_a_run_replaced_on_another_date_leaves_nothing_on_the_first_but_its_calls(
    rig: Callable[..., Rig],
) -> None:
    night = rig()
    requests = night.table(TOPICS)
    night.night(requests)
    night.night(requests, run="nightly", recipe=night.wish(requests).recipe)
    manifest = night.night(requests, replace=True, run_date=NIGHT.replace(day=1))
    left = [path for path in night.store.list() if "2026-01-31/night-" in path]
    assert left == ["calls/run_date=2026-01-31/night-g1-0.parquet"], "what was paid stays"
    assert len(manifest["parts"]["calls"]) == 2
    assert len(night.rows("outputs")) == 16
    assert len([path for path in night.store.list() if "2026-01-31/nightly-" in path]) == 7


def test_runs_of_like_names_live_side_by_side_on_one_date(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    names = ["a", "a-0", "a-g1", "a.b", "a-1"]
    for name in names:
        night.night(requests, run=name)
    night.night(requests, run="a", replace=True, limit=3)
    rows = pd.DataFrame(night.rows("outputs"))
    assert rows.groupby("run").size().to_dict() == {name: 3 if name == "a" else 8 for name in names}


def test_a_committed_run_keeps_only_its_plan_and_manifests(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(TOPICS))
    assert [path for path in night.store.list() if path.startswith(("_runs", "_ledger"))] == [
        "_ledger/keys/night-g1.parquet", "_runs/night.json", "_runs/night/g1.json", "_runs/night/plan.json",
    ]  # fmt: skip
