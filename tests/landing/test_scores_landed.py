"""What a night of refine, route and team leaves of its judgements: scores, quality, steps, routes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tasks.calling.catalog import load_catalog
from tasks.patterns.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  writer: {{provider: sim, id: writer, family: w, price: {{input: 100, output: 200}}}}
  editor: {{provider: sim, id: editor, family: w, price: {{input: 100, output: 200}}}}
  critic: {{provider: sim, id: critic, family: c, price: {{input: 100, output: 200}}}}
"""
REFINED = """
recipe: refined
request: {topic: {type: str}}
quality: {target: 0.9, criteria: [accuracy, tone]}
make:
  refine:
    start: {ask: {model: writer, prompt: "Write about {{ request.topic }}"}}
    stages:
      - name: edit
        ask: {model: editor, prompt: "Edit {{ draft }}"}
"""
ROUTED = """
recipe: routed
request: {topic: {type: str}}
make:
  route:
    classifier: critic
    threshold: 0.8
    to:
      technical: {ask: {model: writer, prompt: "Explain {{ request.topic }}"}}
    general: {ask: {model: editor, prompt: "Tell of {{ request.topic }}"}}
"""


def judgement(accuracy: float, tone: float) -> dict[str, Any]:
    by = {"accuracy": accuracy, "tone": tone}
    scores = {name: {"reason": f"{name} is {score}", "score": score} for name, score in by.items()}
    return {"scores": scores, "feedback": "More."}


def classified(confidence: float) -> dict[str, Any]:
    return {"reason": "It says so.", "class": "technical", "confidence": confidence}


def replies(model: str, *answers: Any, prompt: str | None = None) -> dict[str, Any]:
    texts = [{"text": each} if isinstance(each, str) else {"answer": each} for each in answers]
    return {"model": model, "prompt": prompt, "replies": texts}


def worked(night: Rig, recipe: str, topics: dict[str, str]) -> dict[str, Any]:
    return night.night(
        night.table(topics), recipe=load_recipe(recipe), catalog=load_catalog(MODELS.format(url=night.url))
    )


def outputs(night: Rig) -> dict[str, dict[str, Any]]:
    return {row["request_id"]: row for row in night.rows("outputs")}


@pytest.fixture
def refining(simulate: Callable[..., RunningSimulator]) -> RunningSimulator:
    """Two topics: tides are well written at once, winds only after an edit."""
    return simulate(
        scripts=[
            replies("writer", "On tides.", prompt="tides"),
            replies("writer", "On winds.", prompt="winds"),
            replies("editor", "On winds, edited."),
            replies("critic", judgement(1.0, 0.8), prompt="On tides"),
            replies("critic", judgement(0.9, 1.0), prompt="On winds, edited"),
            replies("critic", judgement(0.4, 0.6), prompt="On winds"),
        ][::-1]
    )


def test_scores_have_a_row_for_each_judgement_and_criterion(
    rig: Callable[..., Rig], refining: RunningSimulator
) -> None:
    night = rig(refining)
    manifest = worked(night, REFINED, {"a": "tides", "b": "winds"})
    rows = night.rows("scores")
    assert manifest["parts"]["scores"][0]["rows"] == len(rows) == 6
    plain = {
        (row["request_id"], row["step"], row["round"], row["criterion"]): (row["score"], row["reason"])
        for row in rows
    }
    assert plain == {
        ("a", "start", 1, "accuracy"): (1.0, "accuracy is 1.0"),
        ("a", "start", 1, "tone"): (0.8, "tone is 0.8"),
        ("b", "start", 1, "accuracy"): (0.4, "accuracy is 0.4"),
        ("b", "start", 1, "tone"): (0.6, "tone is 0.6"),
        ("b", "edit", 2, "accuracy"): (0.9, "accuracy is 0.9"),
        ("b", "edit", 2, "tone"): (1.0, "tone is 1.0"),
    }
    assert {(row["run"], row["arm"], row["judge"], row["judge_family"]) for row in rows} == {
        ("night", "made", "critic", "c")
    }


def test_an_output_says_how_good_it_is_by_what_and_each_step_how_good_it_was(
    rig: Callable[..., Rig], refining: RunningSimulator
) -> None:
    night = rig(refining)
    worked(night, REFINED, {"a": "tides", "b": "winds"})
    tides, winds = outputs(night)["a"], outputs(night)["b"]
    assert (tides["content"], winds["content"]) == ("On tides.", "On winds, edited.")
    assert tides["quality"] == pytest.approx(0.9)
    assert dict(tides["quality_by"]) == {"accuracy": 1.0, "tone": 0.8}
    assert winds["quality"] == pytest.approx(0.95)
    assert dict(winds["quality_by"]) == {"accuracy": 0.9, "tone": 1.0}
    assert [(each["path"], each["role"], each["model"], each["quality"]) for each in winds["steps"]] == [
        ("start", None, "writer", pytest.approx(0.5)),
        ("judge", "judge", "critic", None),
        ("edit", None, "editor", pytest.approx(0.95)),
        ("judge", "judge", "critic", None),
    ]
    (metrics,) = night.rows("metrics")
    assert metrics["pattern"] == "refine"


def test_what_nobody_judged_has_no_quality_and_no_scores(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    night = rig(simulate(scripts=[replies("critic", "no judgement")]))
    worked(night, REFINED, {"a": "tides"})
    (row,) = night.rows("outputs")
    assert (row["quality"], row["quality_by"]) == (None, None)
    assert "nobody could judge this" in row["warnings"][0]
    assert night.rows("scores") == []


def test_a_later_generation_carries_the_scores_of_rows_that_it_does_not_redo(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator], refining: RunningSimulator
) -> None:
    config = json.loads(refining.config.model_dump_json())
    enough = replies("critic", judgement(1.0, 1.0), prompt="topic: fog")
    late = {"kind": "server_error", "prompt": "about fog", "first": 2}
    night = rig(simulate(scripts=[*config["scripts"], enough], faults=[late]))
    topics = {"a": "tides", "b": "winds", "c": "fog"}
    first = worked(night, REFINED, topics)
    before = [row for row in night.rows("scores") if row["request_id"] != "c"]
    assert (first["rows"]["retryable"], len(before)) == (1, len(night.rows("scores")))
    second = worked(night, REFINED, topics)
    after = night.rows("scores")
    assert (second["generation"], second["rows"]["made"]) == (2, 3)
    kept = [row for row in after if row["request_id"] != "c"]
    assert sorted(kept, key=str) == sorted(before, key=str)
    assert {row["request_id"] for row in after} == {"a", "b", "c"}


def test_an_output_says_where_it_was_routed_how_surely_and_as_what(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    sure, unsure = classified(0.95), classified(0.5)
    scripts = [replies("critic", sure, prompt="pumps"), replies("critic", unsure, prompt="gulls")]
    night = rig(simulate(scripts=scripts))
    worked(night, ROUTED, {"a": "pumps", "b": "gulls"})
    found = {
        name: (row["route"], row["route_confidence"], row["request_type"], row["models"][-1])
        for name, row in outputs(night).items()
    }
    assert found == {
        "a": ("technical", pytest.approx(0.95), "technical", "writer"),
        "b": ("general", pytest.approx(0.5), "technical", "editor"),
    }


def test_the_column_that_a_recipe_names_says_the_type_whatever_a_route_found(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    night = rig(simulate(scripts=[replies("critic", classified(0.95))]))
    worked(night, ROUTED.replace("make:", "request_type: topic\nmake:"), {"a": "pumps"})
    (row,) = night.rows("outputs")
    assert (row["request_type"], row["route"]) == ("pumps", "technical")
