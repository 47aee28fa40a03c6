"""A budget that is too small: never passed by the provider's own bill, and used to the last row that it buys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from deployments.simulator.config import Profile, SimulatedPrice
from flows.night_summary import summary
from flows.refine import refine

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

ROWS = 400
BUDGET = 7.5  # about four fifths of what all rows would cost
PRICE = SimulatedPrice(input=100, output=200)
FAULTS = [
    {"kind": "rate_limit", "every": 150, "retry_after": 0.05},
    {"kind": "server_error", "share": 0.03},
    {"kind": "reset", "share": 0.02},
    {"kind": "truncated_body", "share": 0.02},
    {"kind": "empty", "share": 0.01},
]


@pytest.fixture
def many_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.landing.sorting.ROWS_PER_SHARD", 80)


def slow(**more: Any) -> dict[str, Any]:
    """A provider slow enough that two hundred calls are in flight at once."""
    return {"default": Profile(price=PRICE, words=20, latency_seconds=0.3), **more}


def night_of(rig: Callable[..., FlowRig], **config: Any) -> FlowRig:
    night = rig(**slow(**config))
    models = (night.folder / "models.yaml").read_text().replace("concurrency: 50", "concurrency: 200")
    (night.folder / "models.yaml").write_text(models)
    night.table({f"r{number}": f"topic {number}" for number in range(ROWS)})
    return night


@pytest.mark.parametrize("faults", [[], FAULTS], ids=["smooth", "faulty"])
def test_the_bill_never_passes_a_budget_too_small_which_is_used_to_the_last_row(
    rig: Callable[..., FlowRig], many_shards: None, faults: list[dict[str, Any]]
) -> None:
    night = night_of(rig, faults=faults)
    assert night.night(budget=BUDGET, concurrency=200).is_completed()
    bill, spent = night.simulator.stats(), night.manifest()["usd"]["spent"]
    assert bill["usd"] <= BUDGET
    assert 0.95 * BUDGET <= spent <= BUDGET
    assert spent >= bill["usd"] - 1e-9, "what may have been billed counts"
    assert bill["highest_concurrency"] > 100
    assert {fault["kind"] for fault in faults} == set(bill["by_fault"])
    rows = night.manifest()["rows"]
    assert rows["deferred"] > 0
    assert rows["made"] + rows["failed"] + rows["deferred"] == ROWS


def test_a_providers_limit_holds_for_the_run_over_all_shards_and_the_rest_goes_elsewhere_or_waits(
    rig: Callable[..., FlowRig], small_shards: None
) -> None:
    night = rig()
    url = night.simulator.openai_url
    (night.folder / "models.yaml").write_text(
        f"""
providers:
  far: {{api: openai, base_url: "{url}", usd_per_run: 0.1}}
  near: {{api: openai, base_url: "{url}"}}
models:
  one: {{provider: far, id: one, price: {{input: 100, output: 200}}, fallback: [two]}}
  two: {{provider: near, id: two, price: {{input: 100, output: 200}}}}
"""
    )
    night.table({f"r{number}": f"topic {number}" for number in range(12)})
    assert night.night().is_completed()
    bill = night.simulator.stats()["by_model"]
    assert 0 < bill["one"]["usd"] <= 0.1
    assert bill["one"]["answered"] + bill["two"]["answered"] == 24
    assert night.manifest()["rows"]["made"] == 12
    models = (night.folder / "models.yaml").read_text().replace(", fallback: [two]", "")
    (night.folder / "models.yaml").write_text(models)
    assert night.night(run="alone", fresh=True).is_completed()
    rows = night.manifest("alone")["rows"]
    assert rows["made"] > 0
    assert rows["deferred"] > 0
    assert night.simulator.stats()["by_model"]["one"]["usd"] - bill["one"]["usd"] <= 0.1
    (night.folder / "models.yaml").write_text(models.replace("usd_per_run: 0.1", "usd_per_run: 9"))
    assert night.night(run="alone", fresh=True).is_completed(), "the limit is no part of the plan"
    assert night.manifest("alone")["rows"]["made"] == 12


def test_the_next_night_makes_what_a_budget_left_and_says_so(
    rig: Callable[..., FlowRig], small_shards: None
) -> None:
    night = rig()
    night.table({f"r{number}": f"topic {number}" for number in range(8)})
    night.night(run="poor", budget=0.1)
    deferred = night.manifest("poor")["rows"]["deferred"]
    assert deferred > 0
    night.table({"mine": "tides"})
    asked = night.night(run="rich", dry_run=True)
    assert f"{deferred} adopted from earlier runs" in str(asked.message)
    assert night.night(run="rich").is_completed()
    rows = night.manifest("rich")["rows"]
    assert (rows["adopted"], rows["made"], rows["requests"]) == (deferred, deferred + 1, deferred + 1)
    assert dict(summary(night.manifest("rich"), 1.0))["requests"] == (
        f"{deferred + 1}  ({deferred} adopted from earlier runs)"
    )
    assert night.sent == 18, "calls that the poor night had paid are not paid again"


REFINED = """
recipe: refined
%s
request:
  topic: {type: str}
quality: {judge: one, criteria: [clarity]}
make:
  refine:
    start: {name: first, ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }}"}}
    stages:
      - {name: better, ask: {model: one, max_tokens: 4000, prompt: "Improve {{ draft }}"}}
"""


@pytest.mark.parametrize("limit", ["run", "request"])
def test_a_row_gives_up_its_refinement_where_the_money_ends_and_its_output_says_so(
    rig: Callable[..., FlowRig], limit: str
) -> None:
    """A draft and its judgement may cost 40 cents, the stage that follows 80."""
    judged = '{"scores": {"clarity": {"reason": "so so", "score": 0.1}}, "feedback": "more"}'
    night = rig(scripts=[{"prompt": "clarity", "replies": [{"text": judged}]}])
    own = "budget: {usd_per_request: 0.5}" if limit == "request" else ""
    (night.folder / "refined.yaml").write_text(REFINED % own)
    rows = {"r0": "tides"} if limit == "run" else {f"r{number}": f"topic {number}" for number in range(4)}
    night.table(rows)
    money = {"budget": 0.5} if limit == "run" else {}
    assert night.night(recipe=str(night.folder / "refined.yaml"), **money).is_completed()
    outputs = night.read("outputs")
    assert (outputs["status"] == "made").all()
    assert len(outputs) == len(rows)
    for warnings in outputs["warnings"]:
        (warning,) = warnings
        assert "refinement stopped, the best so far counts: the next call may cost $0.8" in warning
    assert night.sent == 2 * len(rows)
    assert night.simulator.stats()["usd"] <= 0.5 * len(rows)


def test_a_single_request_gives_up_as_a_nights_rows_do(rig: Callable[..., FlowRig]) -> None:
    judged = '{"scores": {"clarity": {"reason": "so so", "score": 0.1}}, "feedback": "more"}'
    night = rig(scripts=[{"prompt": "clarity", "replies": [{"text": judged}]}])
    (night.folder / "refined.yaml").write_text(REFINED % "")
    places = {"store": str(night.folder / "store"), "models": str(night.folder / "models.yaml")}
    asked: Any = refine(
        recipe=str(night.folder / "refined.yaml"), request={"topic": "tides"}, budget=0.5, **places,
        return_state=True,
    )  # fmt: skip
    state: Any = asyncio.run(asked)
    assert state.is_completed(), state.message
    (warnings,) = night.read("outputs")["warnings"]
    assert "refinement stopped" in warnings[0]
    assert night.sent == 2
