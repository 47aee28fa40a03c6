"""One request from the UI: every call a task run that reads well, in the same tables as a night's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from test_recorded import ask, within

from flows.ensemble import ensemble
from flows.pipeline import pipeline
from flows.refine import refine
from flows.repeat import repeat
from flows.route import route
from flows.team import team

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

PROMPT = "Write about tidal power for children"
# Flow, what is filled into its form, and the task runs of the calls that come at least.
FORMS: list[tuple[Any, dict[str, Any], set[str]]] = [
    (pipeline, {"writers": ["one", "one"]}, {"draft · one", "improve_1 · one"}),
    (ensemble, {"writers": ["one", "one"], "combine": "merge"}, {"member_1 · one", "member_2 · one"}),
    (route, {"specialists": ["technical: one"]}, {"classifier · one"}),
    (refine, {"target": 1.0}, {"start · one", "judge · one", "stage_1 · one", "judge · one (2)"}),
    (repeat, {"threshold": 0.0}, {"body · one", "judge · one"}),
    (
        team,
        {"specialists": ["writer: one"], "threshold": 0.0},
        {"coordinator · one", "writer · one", "reviewer · one"},
    ),
]


def started(night: FlowRig, flow: Any, **given: Any) -> State[Any]:
    places = {"store": str(night.folder / "store"), "models": str(night.folder / "models.yaml")}
    state: State[Any] = asyncio.run(flow(**places, **given, return_state=True))
    return state


@pytest.mark.parametrize(("flow", "form", "titles"), FORMS, ids=[form[0].name for form in FORMS])
def test_a_prompt_becomes_a_draft_and_each_call_a_task_run(
    rig: Callable[..., FlowRig], prefect_api: str, flow: Any, form: dict[str, Any], titles: set[str]
):
    night = rig()
    state = started(night, flow, prompt=PROMPT, **form)
    assert state.is_completed(), state.message
    outputs, calls = night.read("outputs"), night.read("calls")
    assert list(outputs["run"]) == [f"{flow.name}-{state.state_details.flow_run_id}"]
    assert (outputs["status"][0], outputs["pattern"][0]) == ("made", flow.name)
    assert outputs["content"][0]
    assert len(calls) == outputs["calls"][0] == night.sent

    def names() -> set[str]:
        query = {"id": {"any_": [str(state.state_details.flow_run_id)]}}
        return {each["name"] for each in ask(prefect_api, "task_runs/filter", flow_runs=query)}

    assert within(60, names, titles.issubset) >= titles


def test_a_recipe_is_worked_with_the_columns_it_declares(rig: Callable[..., FlowRig]):
    night = rig()
    recipe = str(night.folder / "short.yaml")
    state = started(night, pipeline, recipe=recipe, request={"topic": "tides"})
    assert state.is_completed(), state.message
    assert night.read("outputs")["request"][0] == '{"topic":"tides","words":20}'


@pytest.mark.parametrize(
    ("flow", "form", "said"),
    [
        (pipeline, {}, "prompt: there is neither a prompt nor a recipe; give one of them"),
        (pipeline, {"prompt": "x", "recipe": "short"}, "prompt: both a prompt and a recipe are given"),
        (pipeline, {"prompt": "x", "writers": ["two"]}, "model 'two' is not in the catalog"),
        (team, {"prompt": "x", "specialists": ["writer"]}, "'writer' is no pair; write 'technical: gpt-4'"),
        (team, {"prompt": "x"}, "specialists: "),
        (
            ensemble,
            {"recipe": "SHORT"},
            "is of the pattern 'pipeline', not 'ensemble'; start the flow 'pipeline'",
        ),
        (
            pipeline,
            {"recipe": "SHORT"},
            "request: the request cannot be made: missing value in column 'topic'",
        ),
        (pipeline, {"recipe": "SHORT", "request": {"topic": "t", "words": "many"}}, "request: "),
    ],
)
def test_a_mistake_in_the_form_is_said_and_nothing_is_asked(
    rig: Callable[..., FlowRig], flow: Any, form: dict[str, Any], said: str
):
    night = rig()
    if form.get("recipe") == "SHORT":
        form = {**form, "recipe": str(night.folder / "short.yaml")}
    state = started(night, flow, **form)
    assert state.is_failed()
    assert said in str(state.message)
    assert night.sent == 0


def test_a_request_that_fails_is_a_failed_flow_and_a_failed_row(rig: Callable[..., FlowRig]):
    night = rig(faults=[{"kind": "refusal"}])
    state = started(night, pipeline, prompt=PROMPT, writers=["one"])
    assert state.is_failed()
    assert "refusal" in str(state.message)
    assert list(night.read("outputs")["status"]) == ["failed"]
