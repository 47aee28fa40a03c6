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


def test_rows_that_the_ledger_serves_do_not_make_the_others_look_free(rig: Callable[..., FlowRig]) -> None:
    """A poor night leaves most rows; the next one adopts them beside a table that the ledger knows already."""
    night = rig()
    known = {f"a{number}": f"topic {number}" for number in range(30)}
    night.table(known)
    night.night(run="first")
    row_usd = night.manifest("first")["usd"]["spent"] / len(known)
    night.table({f"b{number}": f"another topic {number}" for number in range(20)})
    night.night(run="poor", budget=0.0)
    night.table(known)
    assert night.night(run="second", budget=6 * row_usd).is_completed()
    rows = night.manifest("second")["rows"]
    assert rows["adopted"] == 20
    calls = night.read("calls")
    paid = calls[(calls["run"] == "second") & ~calls["cached"]].groupby("request_id").size()
    assert rows["made"] == len(known) + (paid == 2).sum()
    assert (paid == 1).sum() <= 1, "whole rows are bought, not the beginnings of all"


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


def test_a_budget_for_a_run_made_anew_does_not_count_what_the_replaced_one_had_spent(
    rig: Callable[..., FlowRig], small_shards: None
) -> None:
    night = rig()
    night.table({f"r{number}": f"topic {number}" for number in range(8)})
    night.night(budget=5.0)
    before = night.manifest()["usd"]["spent"]
    recipe = (night.folder / "short.yaml").read_text()
    (night.folder / "short.yaml").write_text(recipe.replace("Write about", "Write more about"))
    assert night.night(budget=0.9 * before, replace=True).is_completed()
    first = night.manifest()
    assert first["rows"]["made"] == 8, "the outlines are in the ledger"
    (night.folder / "short.yaml").write_text(recipe.replace("Outline", "Draw"))
    assert night.night(budget=0.6 * before, replace=True).is_completed()
    poor = night.manifest()
    assert 0 < poor["rows"]["deferred"] < 8
    spent = poor["usd"]["spent"] - first["usd"]["spent"]
    assert 0.3 * before < spent <= 0.6 * before
    assert night.night(budget=0.6 * before).is_completed(), "again: nothing is left that buys a row"
    assert night.manifest()["usd"]["spent"] - first["usd"]["spent"] <= 0.6 * before
    assert night.night(budget=1.2 * before).is_completed()
    rich = night.manifest()
    assert rich["rows"]["made"] == 8
    assert rich["usd"]["spent"] - first["usd"]["spent"] <= 1.2 * before


PLAIN = """
recipe: plain
budget: {usd_per_request: %s, on_budget: [%s]}
max_failed: 1
request:
  topic: {type: str}
make:
  ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }}"}
"""


@pytest.mark.parametrize("ways", ["defer", "skip_refinement, cheaper_model", ""])
def test_a_row_that_its_own_limit_never_reaches_for_fails_and_no_other_night_adopts_it(
    rig: Callable[..., FlowRig], ways: str
) -> None:
    night = rig()
    recipe = night.folder / "plain.yaml"
    recipe.write_text(PLAIN % (0.01, ways))
    night.table({"r0": "tides", "r1": "moors"})
    assert night.night(recipe=str(recipe)).is_completed()
    rows = night.manifest()["rows"]
    assert (rows["failed"], rows["deferred"], rows["retryable"], night.sent) == (2, 0, 0, 0)
    for output in night.read("outputs").to_dict("records"):
        assert output["error_kind"] == "over_row_budget"
        assert "$0.0100 of the request's budget is left" in output["error"]
    night.table({"mine": "fens"})
    assert night.night(recipe=str(recipe), run="next").is_completed()
    assert night.manifest("next")["rows"]["adopted"] == 0


def test_a_row_whose_own_money_went_to_attempts_that_failed_waits_for_another_night(
    rig: Callable[..., FlowRig],
) -> None:
    night = rig(faults=[{"kind": "truncated_body", "first": 1}])
    recipe = night.folder / "plain.yaml"
    recipe.write_text(PLAIN % (0.02, "defer"))
    night.table({"r0": "tides"})
    night.night(recipe=str(recipe))
    assert night.manifest()["rows"]["deferred"] == 1
    night.table({"mine": "fens"})
    assert night.night(recipe=str(recipe), run="next").is_completed()
    assert (night.manifest("next")["rows"]["adopted"], night.manifest("next")["rows"]["made"]) == (1, 2)
