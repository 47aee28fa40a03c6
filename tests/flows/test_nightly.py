"""A night from request table to committed tables, through the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flow_rig import TABLES, TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig


def test_a_nights_tables_hold_together_and_agree_with_the_providers_bill(
    rig: Callable[..., FlowRig], small_shards: None
) -> None:
    night = rig(faults=[{"kind": "server_error", "share": 0.1}, {"kind": "bad_request", "prompt": "topic 5"}])
    night.table(TOPICS, '{"topic": 7, "request_id": "r1"}', '{"request_id": "empty"}', "{")
    state = night.night()
    assert state.is_completed()
    assert str(state.message).startswith("night: 7 made, 1 failed, 0 deferred, 3 rejected; $")
    manifest, tables = night.manifest(), {table: night.read(table) for table in TABLES}
    outputs, calls, bill = tables["outputs"], tables["calls"], night.simulator.stats()
    assert manifest["rows"] == {
        "requests": 11, "made": 7, "failed": 1, "deferred": 0, "rejected": 3, "retryable": 0, "unchanged": 0, "adopted": 0,
    }  # fmt: skip
    assert {name: len(table) for name, table in tables.items()} == {
        name: sum(part["rows"] for part in parts) for name, parts in manifest["parts"].items()
    }
    assert len(outputs) + len(tables["rejects"]) + len(tables["deferred"]) == 11
    assert sorted(outputs["request_id"]) == sorted(TOPICS)
    assert calls["attempts"].sum() == bill["calls"]
    assert manifest["calls"]["sent"] == len(calls) == 15
    assert calls["call_id"].is_unique
    spent = (calls["usd"] + calls["usd_failed"]).sum()
    assert spent == pytest.approx(manifest["usd"]["spent"]) == pytest.approx(bill["usd"])
    made = calls[calls["status"] == "ok"]
    assert outputs["usd"].sum() == pytest.approx(made["usd"].sum())
    assert outputs.set_index("request_id")["calls"].sort_index().to_dict() == {
        **dict.fromkeys(TOPICS, 0), **made.groupby("request_id").size().to_dict(),
    }  # fmt: skip
    last = made[made["step"] == "draft"].set_index("request_id")["response"]
    told = outputs[outputs["status"] == "made"].set_index("request_id")["content"]
    assert told.sort_index().to_dict() == last.sort_index().to_dict()


def test_bad_rows_are_rejected_with_reasons_while_the_others_run(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(
        TOPICS, '{"topic": "again", "request_id": "r1"}', '{"request_id": "a", "topic": null}', "[]", "{"
    )
    assert night.night().is_completed()
    rejects = night.read("rejects").set_index("row")
    assert rejects["reason"].str.len().min() > 10
    assert rejects["request_id"].dropna().to_dict() == {9: "r1", 10: "a"}
    assert list(rejects.index) == [9, 10, 11, 12]
    assert "topic" in rejects.loc[10, "reason"]
    assert len(night.read("outputs")) == 8


def test_a_second_start_sends_nothing_and_shows_the_same(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    first = night.night()
    before, sent = night.manifest(), night.sent
    second = night.night()
    figures = first.message.removeprefix("night: ")
    assert second.message == f"night: already committed, nothing left to do; {figures}"
    assert second.is_completed()
    assert night.manifest() == before
    assert night.sent == sent == 16


def test_another_run_of_the_same_requests_is_served_from_the_ledger(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    night.night()
    night.night(run="other")
    assert night.sent == 16
    manifest = night.manifest("other")
    assert (manifest["calls"]["cached"], manifest["calls"]["sent"], manifest["usd"]["spent"]) == (16, 0, 0.0)
    night.night(run="fresh", fresh=True)
    assert night.sent == 32


def test_a_changed_plan_is_made_anew_only_when_that_is_wished_and_pays_for_the_change_only(
    rig: Callable[..., FlowRig],
) -> None:
    night = rig()
    night.table(TOPICS)
    night.night()
    night.table({**TOPICS, "r0": "another topic", "r9": "one more"})
    refused = night.night()
    assert refused.is_failed()
    assert "the request table changed" in str(refused.message)
    assert (night.sent, len(night.read("outputs"))) == (16, 8)
    assert night.night(replace=True).is_completed()
    assert (night.sent, len(night.read("outputs"))) == (20, 9)


def test_the_requests_of_each_date_are_found_and_only_what_changed_is_made(
    rig: Callable[..., FlowRig],
) -> None:
    night = rig()
    requests = str(night.folder / "requests-{run_date}.jsonl")
    night.table({"a": "apples", "b": "pears", "c": "plums"}, name="requests-2026-01-30.jsonl")
    night.table({"a": "apples", "b": "quinces", "d": "figs"}, name="requests-2026-01-31.jsonl")
    usual = {"requests": requests, "run": ""}
    for date in ("2026-01-30", "2026-01-31"):
        assert night.night(**usual, run_date=date, only="changed").is_completed()
    outputs = night.read("outputs")
    assert outputs.groupby("run")["request_id"].apply(set).to_dict() == {
        "short-2026-01-30": {"a", "b", "c"}, "short-2026-01-31": {"b", "d"},
    }  # fmt: skip
    assert night.manifest("short-2026-01-31")["rows"]["unchanged"] == 1
    night.night(**usual | {"run": "new"}, run_date="2026-01-31", only="new")
    assert night.manifest("new")["rows"]["requests"] == 0


def test_the_limit_bounds_what_is_made(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    assert night.night(limit=3).is_completed()
    assert sorted(night.read("outputs")["request_id"]) == ["r0", "r1", "r2"]


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    before = sorted(night.folder.rglob("*.parquet"))
    state = night.night(dry_run=True)
    assert state.message == (
        "night (new): 8 requests in 1 shard, 0 rejected, 0 left out as unchanged; models one; "
        "expected to cost $0.11 (no past run: prior)"
    )
    assert not (night.folder / "store").exists()
    assert not (night.folder / "state").exists()
    assert sorted(night.folder.rglob("*.parquet")) == before == []
    assert night.sent == 0


def test_no_requests_are_a_committed_night(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    (night.folder / "requests.jsonl").write_text("")
    assert night.night().is_completed()
    assert night.manifest()["rows"]["requests"] == 0
    assert len(night.read("outputs")) == 0


def test_too_many_failed_rows_are_committed_and_the_flow_is_failed(rig: Callable[..., FlowRig]) -> None:
    night = rig(faults=[{"kind": "bad_request", "prompt": "topic [0-2]$"}])
    night.table(TOPICS)
    state = night.night()
    assert (state.is_failed(), state.name) == (True, "Unhealthy")
    assert str(state.message).startswith("night: 5 made, 3 failed")
    assert not night.manifest()["healthy"]
    assert len(night.read("outputs")) == 8
