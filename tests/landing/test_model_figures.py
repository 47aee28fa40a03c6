"""What a night leaves of its models: measured quality, pairs of neighbours, and what is believed of them afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from landing_rig import NIGHT

from tasks.calling.catalog import load_catalog
from tasks.choosing.estimates import Estimates, Observed, learnt
from tasks.landing.call_sums import CallSums
from tasks.landing.labels import Labels
from tasks.landing.learning import estimates_for
from tasks.landing.model_figures import ModelFigures, free_models
from tasks.landing.quality_sums import QualitySums
from tasks.patterns.recipe import load_recipe
from tasks.patterns.step_paths import StepPaths, step_paths
from tasks.storing.schemas import CALLS, OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  writer: {{provider: sim, id: writer-1, family: w, price: {{input: 100, output: 200}}, strengths: {{writing: 0.9, judging: 0.5}}}}
  editor: {{provider: sim, id: editor-1, family: w, price: {{input: 100, output: 200}}, strengths: {{writing: 0.7}}}}
  critic: {{provider: sim, id: critic-1, family: c, price: {{input: 0, output: 0}}, strengths: {{judging: 0.9}}}}
compatibility: {{writer: {{editor: 0.8}}}}
"""
CATALOG = load_catalog(MODELS.format(url="http://127.0.0.1:9/v1"))
PIPELINE = {
    "pipeline": [
        {"name": "draft", "role": "writing", "ask": {"model": "writer", "prompt": "p"}},
        {"name": "edit", "ask": {"model": {"for": "writing"}, "prompt": "p"}},
    ]
}


def paths(make: dict[str, Any] | None = None) -> StepPaths:
    recipe = load_recipe(json.dumps({"recipe": "r", "make": make or PIPELINE}))
    return step_paths(recipe, {"writing", "judging"})


def step(path: str, model: str, quality: float | None = None, **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "role": None,
        "model": model,
        "quality": quality,
        "usd": 0.1,
        "seconds": 1.0,
        **more,
    }


def outputs(*rows: dict[str, Any]) -> pa.Table:
    usual = {"request_id": "r1", "arm": "made", "status": "made", "calls": 2, "cached_calls": 0}
    return pa.Table.from_pylist([usual | row for row in rows], schema=OUTPUTS)


def scores(*rows: dict[str, Any], labels: Labels | None = None) -> QualitySums:
    sums = QualitySums(labels or Labels(paths()), frozenset({"critic"}))
    sums.add(outputs(*rows))
    return sums


def by_model(sums: QualitySums) -> dict[str, tuple[float, float]]:
    return {str(model): (seen.n, seen.mean) for (model, _, _, _), seen in sums.scores.items()}


def test_a_judges_score_is_the_model_whose_text_it_is_of() -> None:
    sums = scores(
        {"steps": [step("draft", "writer", 0.6), step("draft/judge", "critic"), step("edit", "editor", 0.9)]},
        {"steps": [step("draft", "writer", 0.8), step("edit", "editor")]},
    )
    assert by_model(sums) == {"writer": (2, pytest.approx(0.7)), "editor": (1, 0.9)}


def test_scores_are_kept_by_role_type_and_task() -> None:
    sums = scores(
        {"request_type": "blog", "steps": [step("draft", "writer", 0.6, role="writing")]},
        {"request_type": "code", "steps": [step("elsewhere", "writer", 0.7)]},
    )
    assert set(sums.scores) == {("writer", "writing", "blog", "writing"), ("writer", None, "code", None)}


def test_a_quality_that_no_step_has_is_the_last_writers() -> None:
    steps = [step("draft", "writer"), step("edit", "editor"), step("judge", "critic")]
    assert by_model(scores({"quality": 0.8, "steps": steps})) == {"editor": (1, 0.8)}
    judged = [step("draft", "writer", 0.5), step("edit", "editor")]
    assert by_model(scores({"quality": 0.8, "steps": judged})) == {"writer": (1, 0.5)}


def test_a_text_that_fails_its_checks_is_a_nought_for_who_wrote_it() -> None:
    failed = {"status": "failed", "error_kind": "checks_failed", "error": "step draft: too short: 2 words"}
    steps = [step("draft", "writer"), step("draft", "writer"), step("draft/judge", "critic")]
    assert by_model(scores({**failed, "steps": steps})) == {"writer": (1, 0)}
    other = {"status": "failed", "error_kind": "timeout", "error": "step edit: no answer"}
    assert by_model(scores({**other, "steps": steps})) == {}


def test_an_answer_from_the_ledger_was_scored_by_the_run_that_paid_for_it() -> None:
    served = step("draft", "writer", 0.6, usd=0.0)
    free = step("edit", "critic", 0.7, usd=0.0)
    assert by_model(scores({"steps": [served, free]})) == {"critic": (1, 0.7)}
    assert by_model(scores({"steps": [free], "calls": 1, "cached_calls": 1})) == {}


def test_neighbours_are_the_model_before_and_the_model_that_worked_from_its_text() -> None:
    sums = scores(
        {"steps": [step("draft", "writer", 0.6), step("draft/judge", "critic"), step("edit", "editor", 0.9)]}
    )
    assert {of: seen.mean for of, seen in sums.pairs.items()} == {("writer", "editor", "writing"): 0.9}


def test_members_that_worked_at_the_same_time_are_no_neighbours() -> None:
    members = [{"name": name, "ask": {"model": "writer", "prompt": "p"}} for name in ("a", "b")]
    labels = Labels(paths({"ensemble": {"members": members}}))
    sums = scores({"steps": [step("a", "writer", 0.6), step("b", "editor", 0.7)]}, labels=labels)
    assert sums.pairs == {}
    assert len(sums.scores) == 2


def test_a_later_model_of_a_cascade_counts_only_where_all_of_them_were_scored() -> None:
    cascade = {"name": "draft", "ask": {"model": {"cascade": ["writer", "editor", "critic"]}, "prompt": "p"}}
    labels = Labels(paths({"pipeline": [cascade]}))

    def row(*qualities: float | None) -> dict[str, Any]:
        models = ("writer", "editor", "critic")
        return {"steps": [step("draft", *each) for each in zip(models, qualities, strict=False)]}

    hard = scores(row(0.2, 0.4, None), row(0.3, 0.9), row(0.8), labels=labels)
    assert by_model(hard) == {"writer": (3, pytest.approx(1.3 / 3))}
    explored = scores(row(0.2, 0.4, 0.6), labels=labels)
    assert by_model(explored) == {"writer": (1, 0.2), "editor": (1, 0.4), "critic": (1, 0.6)}


def test_another_arm_counts_for_its_model_and_for_no_step_of_the_recipe() -> None:
    sums = scores({"arm": "baseline", "steps": [step("draft", "writer", 0.6), step("edit", "editor", 0.7)]})
    assert set(sums.scores) == {("writer", None, None, None), ("editor", None, None, None)}
    assert sums.pairs == {}


def test_calls_are_counted_under_the_type_that_the_route_found_later() -> None:
    sums = CallSums(Labels(paths(), {"r1": "law"}))
    usual = {
        "status": "ok", "cached": False, "usd": 0.5, "model": "writer", "step": "draft", "arm": "made", "seconds": 1.0,
    }  # fmt: skip
    rows = [
        {**usual, "request_id": "r1", "tokens_in": 10, "tokens_out": 5},
        {**usual, "request_id": "r1", "status": "failed", "tokens_in": 99, "tokens_out": 0},
        {**usual, "request_id": "r2", "request_type": "blog"},
    ]
    sums.add(pa.Table.from_pylist(rows, schema=CALLS))
    found = {row["request_type"]: row for row in sums.model_rows("night")}
    assert (found["law"]["calls"], found["law"]["errors"], found["law"]["task"]) == (2, 1, "writing")
    assert (found["law"]["tokens_in"], found["law"]["tokens_out"]) == (10, 5)
    assert found["blog"]["tokens_in"] is None


def figures(sums: QualitySums, known: Estimates | None = None) -> list[dict[str, Any]]:
    return ModelFigures("night", CallSums(), sums, CATALOG, known or Estimates()).rows()


def test_what_is_believed_after_the_run_is_shrunk_to_the_catalog_and_to_earlier_runs() -> None:
    sums = scores(*[{"steps": [step("draft", "writer", 0.5)]}] * 10)
    (fresh,) = figures(sums)
    assert (fresh["quality_n"], fresh["quality_mean"]) == (10, pytest.approx(0.5))
    assert fresh["quality_low"] < 0.5 < fresh["quality_high"]
    assert fresh["estimate"] == pytest.approx((0.9 * 10 + 0.5 * 10) / 20)
    before = learnt([Observed("writer", "writing", judged=980, quality=0.6)])
    (later,) = figures(sums, before)
    assert later["estimate"] == pytest.approx(0.602, abs=0.001)
    assert later["estimate_high"] - later["estimate_low"] < fresh["estimate_high"] - fresh["estimate_low"]


def test_a_row_says_which_model_the_name_stood_for() -> None:
    (row,) = figures(scores({"steps": [step("draft", "writer", 0.5)]}))
    assert (row["host"], row["model_id"], row["simulated"]) == ("127.0.0.1:9", "writer-1", False)


def test_pairs_have_no_calls_and_their_estimate_is_how_well_they_match() -> None:
    rows = figures(scores({"steps": [step("draft", "writer", 0.9), step("edit", "editor", 0.6)]}))
    (pair,) = [row for row in rows if row.get("after")]
    assert (pair["model"], pair["after"], pair["task"]) == ("editor", "writer", "writing")
    assert {"calls", "errors", "usd"}.isdisjoint(pair)
    assert pair["estimate"] == pytest.approx(0.8), "nothing to compare with: as the catalog has it"


def test_models_that_cost_nothing_are_told_from_those_whose_price_nobody_knows() -> None:
    prices = {"a": {"input": 0.0, "output": 0.0}, "b": None, "c": {"input": 0.0, "output": 1.0}}
    assert free_models(prices) == {"a"}


RECIPE = """
recipe: judged
request: {topic: {type: str}}
quality: {target: 0.9, judge: critic, criteria: [accuracy]}
make:
  route:
    rules: [{if: "'tide' in request.topic", to: sea}]
    to:
      sea:
        refine:
          start: {role: writing, ask: {model: writer, prompt: "Write about {{ request.topic }}"}}
          stages:
            - {name: edit, role: writing, ask: {model: editor, prompt: "Edit {{ draft }}"}}
    general: {ask: {model: writer, prompt: "Tell of {{ request.topic }}"}}
"""


def score(value: float) -> dict[str, Any]:
    return {"scores": {"accuracy": {"reason": "So.", "score": value}}, "feedback": "More."}


def test_a_night_leaves_what_the_next_can_learn_from(rig: Callable[..., Rig]) -> None:
    def says(model: str, prompt: str, answer: Any) -> dict[str, Any]:
        reply = {"text": answer} if isinstance(answer, str) else {"answer": answer}
        return {"model": model, "prompt": prompt, "replies": [reply]}

    night = rig(
        scripts=[
            says("editor-1", "Edit", "An edited text."), says("writer-1", "Write", "A first text."),
            says("critic-1", "An edited text", score(0.95)), says("critic-1", "A first text", score(0.5)),
        ]
    )  # fmt: skip
    topics = {"r1": "tide one", "r2": "tide two", "r3": "winds"}
    catalog = load_catalog(MODELS.format(url=night.url))
    manifest = night.night(night.table(topics), recipe=load_recipe(RECIPE), catalog=catalog)
    rows = night.rows("model_metrics")
    own = {(row["model"], row["request_type"]): row for row in rows if row["after"] is None}
    assert set(own) == {("writer", "sea"), ("editor", "sea"), ("critic", "sea"), ("writer", None)}
    assert sum(row["calls"] for row in own.values()) == manifest["calls"]["sent"]
    assert sum(row["usd"] for row in own.values()) == pytest.approx(manifest["usd"]["spent"])
    first, edited = own["writer", "sea"], own["editor", "sea"]
    assert (first["task"], first["quality_mean"]) == ("writing", 0.5)
    assert (edited["quality_n"], edited["quality_mean"]) == (2, pytest.approx(0.95))
    assert own["critic", "sea"]["task"] == "judging"
    assert own["writer", None]["quality_mean"] is None
    assert {(row["host"], row["simulated"]) for row in rows} == {(night.url.split("/")[2], True)}
    (pair,) = [row for row in rows if row["after"] is not None]
    assert (pair["after"], pair["model"], pair["quality_n"], pair["calls"]) == ("writer", "editor", 2, None)
    learned = estimates_for(night.store, catalog, NIGHT)
    found = learned.quality_of("editor", catalog.models["editor"], "writing", "sea")
    assert (found.n, found.mean) == (2, pytest.approx(edited["estimate"]))
    assert learned.compatibility("writer", "editor", catalog.compatibility).n == 2


def test_a_later_generation_sums_up_the_whole_run(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "server_error", "prompt": "Tell of winds", "first": 2}])
    catalog, recipe = load_catalog(MODELS.format(url=night.url)), load_recipe(RECIPE)
    table = night.table({"r1": "tide one", "r3": "winds"})
    night.night(table, recipe=recipe, catalog=catalog)
    before = {
        row["model"]: row["quality_mean"] for row in night.rows("model_metrics") if row["after"] is None
    }
    night.night(table, recipe=recipe, catalog=catalog)
    rows = [row for row in night.rows("model_metrics") if row["after"] is None]
    assert {row["request_type"] for row in rows if row["model"] == "critic"} == {"sea"}
    assert before["editor"] == next(row["quality_mean"] for row in rows if row["model"] == "editor")
    assert sum(row["calls"] for row in rows if row["request_type"] is None) == 2
