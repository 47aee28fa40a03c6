"""Nights whose models are chosen by need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flow_rig import TOPICS

from deployments.simulator.config import Fault, Script, Scripted
from tasks.landing.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

RECIPE = """
recipe: short
request: {topic: {type: str}}
make:
  ask: {model: {for: analysis, quality: 0.8}, max_tokens: 60, prompt: "Write about {{ request.topic }}"}
"""
MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}"}}
  locked: {{api: openai, base_url: "{url}", api_key: {{env: NIGHTPRESS_TEST_NO_SUCH_KEY}}}}
models:
  free: {{provider: locked, id: free, price: {{input: 0, output: 0}}, strengths: {{analysis: 0.99}}}}
  good: {{provider: sim, id: good, price: {{input: 1, output: 2}}, strengths: {{analysis: 0.85}}, fallback: [free]}}
  best: {{provider: sim, id: best, price: {{input: 10, output: 20}}, strengths: {{analysis: 0.95}}}}
  secret: {{provider: sim, id: secret, strengths: {{analysis: 0.9}}}}
"""


def chosen(rig: Callable[..., FlowRig]) -> FlowRig:
    night = rig()
    night.table(TOPICS)
    (night.folder / "short.yaml").write_text(RECIPE)
    (night.folder / "models.yaml").write_text(MODELS.format(url=night.simulator.openai_url))
    return night


def test_a_need_takes_no_model_whose_key_is_not_set_and_the_night_runs_without_it(rig) -> None:
    night = chosen(rig)
    assert night.night().is_completed()
    assert set(night.read("calls")["model"]) == {"good"}


def test_a_budgeted_night_chooses_none_of_unknown_price_and_runs(rig) -> None:
    night = chosen(rig)
    models = (night.folder / "models.yaml").read_text()
    (night.folder / "models.yaml").write_text(models.replace("{analysis: 0.85}", "{analysis: 0.5}"))
    assert night.night(budget=5.0).is_completed()
    assert set(night.read("calls")["model"]) == {"best"}


def test_the_plan_prices_every_model_that_a_need_may_come_to_tonight(rig) -> None:
    night = chosen(rig)
    night.night()
    plan = read_plan(night.store, "night")
    assert plan is not None
    assert set(plan.prices) == {"good", "best", "secret"}
    assert plan.prices["secret"] is None
    assert plan.keyless == ["locked"]


def test_the_default_judge_is_one_that_can_be_asked(rig) -> None:
    night = chosen(rig)
    models = (night.folder / "models.yaml").read_text()
    (night.folder / "models.yaml").write_text(
        models.replace("{analysis: 0.99}", "{analysis: 0.99, judging: 1}")
    )
    judged = RECIPE.replace("ask:", "repeat: {max_iterations: 1, body: {ask:").rstrip() + "}}\n"
    (night.folder / "short.yaml").write_text(judged)
    assert night.night().is_completed()
    calls = night.read("calls")
    wrote, judges = (
        set(calls[(calls["role"] == "judge") == is_judge]["model"]) for is_judge in (False, True)
    )
    assert "free" not in wrote | judges
    assert not wrote & judges


def test_a_row_whose_need_nobody_can_fill_now_is_left_for_later(rig) -> None:
    night = chosen(rig)
    night.simulator.script(Script(replies=(Scripted(fault=Fault(kind="no_credit")),)))
    night.night(concurrency=1)  # one row after the other: the later ones choose when the provider is closed
    rows = night.manifest()["rows"]
    assert (rows["made"], rows["failed"], rows["deferred"]) == (0, 0, 8)
    night.simulator.script(Script(replies=(Scripted(text="A text."),)))
    assert night.night().is_completed()
    assert night.manifest()["rows"]["made"] == 8


JUDGED = """
recipe: judged
request: {topic: {type: str}}
quality: {judge: best, criteria: [accuracy]}
explore: 0
make:
  repeat:
    body: {ask: {model: {for: analysis}, max_tokens: 60, prompt: "Write about {{ request.topic }}"}}
    max_iterations: 1
"""


def test_what_a_night_saw_is_frozen_into_the_next_nights_plan_and_chooses_its_models(rig) -> None:
    judgement = '{"scores": {"accuracy": {"reason": "r", "score": 0.1}}, "feedback": "f"}'
    night = rig(scripts=[{"model": "best", "prompt": "<text>", "replies": [{"text": judgement}]}])
    night.table({f"r{number}": f"topic {number}" for number in range(60)})
    (night.folder / "short.yaml").write_text(JUDGED)
    (night.folder / "models.yaml").write_text(MODELS.format(url=night.simulator.openai_url))
    assert night.night(run="first", run_date="2026-01-30").is_completed()
    assert night.night(run="second", run_date="2026-01-31", fresh=True).is_completed()
    calls = night.read("calls")
    wrote = calls[calls["role"] != "judge"].groupby("run")["model"].unique().map(list).to_dict()
    assert wrote == {"first": ["best"], "second": ["secret"]}
    plan = read_plan(night.store, "second")
    assert plan is not None
    assert plan.estimates["runs"] == 1
    metrics = night.read("model_metrics")
    seen = metrics[
        (metrics["run"] == "first") & (metrics["model"] == "best") & (metrics["task"] == "analysis")
    ]
    assert list(seen["quality_mean"]) == pytest.approx([0.1])
    assert 0.1 < seen["estimate"].iloc[0] < 0.3


UNPRICED = """
providers:
  sim: {{api: openai, base_url: "{url}"{limit}}}
models:
  good: {{provider: sim, id: good, price: {{input: 1, output: 2}}, strengths: {{analysis: 0.7}}}}
  secret: {{provider: sim, id: secret, strengths: {{analysis: 0.95}}}}
"""


@pytest.mark.parametrize("limit", [", usd_per_run: 5", ""])
def test_under_a_providers_limit_no_need_takes_its_models_of_unknown_price(rig, limit: str) -> None:
    night = chosen(rig)
    (night.folder / "models.yaml").write_text(UNPRICED.format(url=night.simulator.openai_url, limit=limit))
    assert night.night().is_completed()
    assert set(night.read("calls")["model"]) == {"good" if limit else "secret"}


LATER = """
recipe: short
request: {topic: {type: str}}
max_failed: 1
make:
  pipeline:
    - {name: draft, ask: {model: good, max_tokens: 60, prompt: "Write about {{ request.topic }}"}}
    - {name: again, ask: {model: {for: analysis, quality: 0.8}, max_tokens: 60, prompt: "Again {{ draft }}"}}
"""


def test_a_budget_that_is_given_only_at_a_later_start_is_kept_by_what_is_chosen_from_then_on(rig) -> None:
    night = rig(faults=[{"kind": "server_error", "model": "good", "first": 32}])
    night.table(TOPICS)
    (night.folder / "short.yaml").write_text(LATER)
    (night.folder / "models.yaml").write_text(UNPRICED.format(url=night.simulator.openai_url, limit=""))
    night.night()
    assert night.manifest()["rows"]["retryable"] == len(TOPICS)
    assert night.night(budget=5.0).is_completed()
    assert set(night.read("calls")["model"]) == {"good"}


def test_a_budget_for_a_run_that_has_made_calls_of_unknown_price_is_refused(rig) -> None:
    night = rig(faults=[{"kind": "server_error", "model": "good", "first": 4}])
    night.table({"r0": "tides", "r1": "moors"})
    (night.folder / "short.yaml").write_text(LATER)
    (night.folder / "models.yaml").write_text(UNPRICED.format(url=night.simulator.openai_url, limit=""))
    night.night(concurrency=1)
    rows = night.manifest()["rows"]
    assert (rows["made"], rows["retryable"]) == (1, 1)
    assert night.manifest()["usd"]["spent"] is None
    sent = night.sent
    refused = night.night(budget=5.0)
    assert refused.is_failed()
    assert "nobody knows what run night has spent so far" in str(refused.message)
    assert night.sent == sent
    assert night.night().is_completed()
