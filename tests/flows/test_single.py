"""One request from the UI: every call a task run that reads well, in the same tables as a night's."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from prefect import get_client
from prefect.flow_engine import run_flow_async
from prefect.states import Scheduled
from test_recorded import ask, within

from flows.ensemble import ensemble
from flows.pipeline import pipeline
from flows.refine import refine
from flows.repeat import repeat
from flows.route import route
from flows.team import team
from tasks.calling.sending import Patience

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


def tried_again(state: State[Any]) -> State[Any]:
    """The same flow run once more, as by Retry in the UI."""

    async def again() -> State[Any]:
        async with get_client() as client:
            flow_run_id = state.state_details.flow_run_id
            await client.set_flow_run_state(flow_run_id, Scheduled(name="AwaitingRetry"), force=True)
            flow_run = await client.read_flow_run(flow_run_id)
        done: State[Any] = await run_flow_async(
            pipeline, flow_run=flow_run, parameters=flow_run.parameters, return_type="state"
        )
        return done

    return asyncio.run(again())


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


def test_a_recipe_that_is_a_single_call_is_a_pipeline_of_one(rig: Callable[..., FlowRig]):
    night = rig()
    one = 'recipe: one-call\nrequest: {topic: {type: str}}\nmake: {ask: {model: one, prompt: "Name {{ request.topic }}"}}\n'
    (night.folder / "one-call.yaml").write_text(one)
    state = started(night, pipeline, recipe=str(night.folder / "one-call.yaml"), request={"topic": "tides"})
    assert state.is_completed(), state.message
    assert list(night.read("outputs")["pattern"]) == ["ask"]


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


def test_a_dry_run_says_what_it_would_take_and_asks_nothing(rig: Callable[..., FlowRig]):
    night = rig()
    state = started(night, pipeline, prompt=PROMPT, writers=["one", "one"], dry_run=True)
    assert state.is_completed()
    assert "dry run of pipeline: 2 calls for $" in str(state.message)
    assert night.sent == 0
    assert not (night.folder / "store").exists()


def test_a_mistake_is_the_runs_message_and_no_traceback(
    rig: Callable[..., FlowRig], caplog: pytest.LogCaptureFixture
):
    state = started(rig(), pipeline, prompt=PROMPT, recipe="x")
    assert str(state.message) == "prompt: both a prompt and a recipe are given; give one of them"
    assert "Traceback" not in caplog.text


def test_a_flow_run_that_is_tried_again_asks_only_what_is_missing(
    rig: Callable[..., FlowRig], monkeypatch: pytest.MonkeyPatch
):
    """The first answer is Prefect's cached result, and counts as this row's call; the second one is asked anew."""
    night = rig(faults=[{"kind": "server_error", "prompt": "Improve", "first": 1}])
    monkeypatch.setattr("flows.shift.Patience", partial(Patience, attempts=1))
    state = started(night, pipeline, prompt=PROMPT, writers=["one", "one"])
    assert state.is_failed()
    state = tried_again(state)
    assert state.is_completed(), state.message
    assert night.sent == 3
    outputs = night.read("outputs")
    assert (list(outputs["status"]), outputs["calls"][0]) == (["made"], 2)


def test_a_row_that_cannot_go_better_stays_failed_when_it_is_tried_again(rig: Callable[..., FlowRig]):
    night = rig(faults=[{"kind": "refusal"}])
    state = tried_again(started(night, pipeline, prompt=PROMPT, writers=["one"]))
    assert state.is_failed()
    assert "refusal" in str(state.message)
    assert night.sent == 1


def test_who_judges_by_default_is_the_same_before_and_in_the_run(rig: Callable[..., FlowRig]):
    """The plan keeps the catalog without its order: a tie between two judges must not be settled by that."""
    night = rig()
    given = (night.folder / "models.yaml").read_text()
    more = "".join(
        f"  {name}: {{provider: sim, id: {name}, family: {name}, price: {{input: 1, output: 1}}}}\n"
        for name in ("zeta", "alpha")
    )
    (night.folder / "models.yaml").write_text(given + more)
    state = started(night, repeat, prompt=PROMPT, writer="one", threshold=0.0)
    assert state.is_completed(), state.message
    assert set(night.read("calls")["model"]) == {"one", "alpha"}
