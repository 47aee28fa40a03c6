"""The flow: what it says, what it shows, what its form accepts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prefect.exceptions import ParameterTypeError
from prefect.utilities.callables import parameter_schema
from test_recorded import ask

from flows.housekeeping import housekeeping
from flows.housekeeping_report import size
from flows.pipeline import pipeline
from tasks.landing.plan import read_manifest
from tasks.storing.records import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

TABLES = ("outputs", "rejects", "deferred", "scores", "metrics", "model_metrics", "calls")


def kept(night: FlowRig, **changes: Any) -> State[Any]:
    state: State[Any] = housekeeping(store=str(night.folder / "store"), **changes, return_state=True)
    return state


def single(night: FlowRig, prompt: str) -> str:
    """One request by the flow of a pattern; the run's name."""
    places = {"store": str(night.folder / "store"), "models": str(night.folder / "models.yaml")}
    state: State[Any] = asyncio.run(pipeline(prompt=prompt, writers=["one"], **places, return_state=True))
    assert state.is_completed(), state.message
    return f"pipeline-{state.state_details.flow_run_id}"


def grow_old(night: FlowRig, run: str, days: int) -> None:
    """As if it had committed so long ago."""
    manifest = {**(read_manifest(night.store, run) or {})}
    manifest["committed_at"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    write_json(night.store, f"_runs/{run}.json", manifest)


def test_single_requests_of_a_day_become_one_part_per_table_and_it_says_so(
    rig: Callable[..., FlowRig], prefect_api: str
):
    night = rig()
    for number in range(3):
        grow_old(night, single(night, f"Write about tide {number}"), days=3)
    before = night.read("outputs").sort_values("run").reset_index(drop=True)
    calls = night.read("calls")
    dry = kept(night, dry_run=True)
    assert str(dry.message).startswith("dry run, nothing done: ")
    assert len(night.store.list("outputs")) == 3
    state = kept(night)
    assert state.is_completed(), state.message
    assert {name: len(night.store.list(name)) for name in TABLES} == dict.fromkeys(TABLES, 1)
    assert night.read("outputs").sort_values("run").reset_index(drop=True).equals(before)
    said = str(state.message)
    assert f"in {3 + 1} → 1 files" in said
    assert "small parts 21 → 7 (" in said
    assert "removed" not in said, "what did not happen is not told"
    assert "\n" not in said
    found = ask(
        prefect_api,
        "artifacts/filter",
        artifacts={"flow_run_id": {"any_": [str(state.state_details.flow_run_id)]}},
    )
    shown = {each["key"]: each["data"] for each in found}
    assert set(shown) == {"housekeeping", "spend"}
    assert "| outputs | 3 → 1 | 3 → 3 |" in shown["housekeeping"]
    assert f"| calls | 3 → 1 | {len(calls)} → {len(calls)} |" in shown["housekeeping"]
    assert f"| all | {len(calls)} | 0 | 0 |" in shown["spend"]


def test_the_same_request_again_is_answered_from_the_joined_calls(rig: Callable[..., FlowRig]):
    night = rig()
    for number in range(2):
        grow_old(night, single(night, f"Write about tide {number}"), days=3)
    kept(night)
    sent = night.sent
    single(night, "Write about tide 1")
    assert night.sent == sent


def test_young_runs_and_a_nights_are_left_alone(rig: Callable[..., FlowRig]):
    night = rig()
    single(night, "Write about tides")
    night.table({"r1": "topic 1"})
    assert night.night().is_completed()
    before = [path for path in night.store.list() if path.startswith(("outputs", "calls"))]
    assert kept(night).is_completed()
    assert [path for path in night.store.list() if path.startswith(("outputs", "calls"))] == before


@pytest.mark.parametrize(
    "wrong",
    [{"keep_keys_days": 0}, {"compact_after_days": 0}, {"keep_calls_days": 0}, {"keep_prompts_days": -1},
     {"keep_open_days": 0}, {"keep_keys_days": 10**9}],
)  # fmt: skip
def test_days_out_of_bounds_are_refused_by_the_form(wrong: dict[str, int]):
    with pytest.raises(ParameterTypeError):
        housekeeping.validate_parameters({"store": "x", **wrong})
    housekeeping.validate_parameters({"store": "x", **dict.fromkeys(wrong, 1)})


def test_every_field_says_what_it_means_with_its_bounds():
    fields = parameter_schema(housekeeping).model_dump()["properties"]
    assert set(fields) == {
        "store", "keep_keys_days", "compact_after_days", "keep_calls_days", "keep_prompts_days", "keep_open_days",
        "dry_run",
    }  # fmt: skip
    for name, field in fields.items():
        assert field["description"]
        assert ("1 to 36500" in field["description"]) == name.endswith("_days")


def test_unless_told_it_lets_go_of_nothing_that_is_committed():
    fields = parameter_schema(housekeeping).model_dump()["properties"]
    for name in ("keep_keys_days", "keep_calls_days", "keep_prompts_days"):
        assert fields[name].get("default") is None
        housekeeping.validate_parameters({"store": "x", name: None})


def test_an_empty_store_is_in_order(rig: Callable[..., FlowRig]):
    night = rig()
    state = kept(night, keep_calls_days=90, keep_prompts_days=30)
    assert state.is_completed(), state.message
    assert state.message == "nothing to do"


def test_bytes_read_well():
    assert [size(each) for each in (0, 999, 1000, 123_456, 2_345_678)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "123 kB",
        "2.3 MB",
    ]
