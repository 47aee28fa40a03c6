"""The graph of a single request shows its pattern: what came after what, and what was done at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from test_recorded import within
from test_single import PROMPT, started

from flows.ensemble import ensemble
from flows.pipeline import pipeline
from flows.repeat import repeat
from flows.team import team

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

PANEL = """
recipe: panel
request: {prompt: {type: str}}
make:
  ensemble:
    members:
      - name: left
        pipeline:
          - {name: plan, ask: {model: one, prompt: "Plan {{ request.prompt }}"}}
          - {name: text, ask: {model: one, prompt: "Write from {{ plan }}"}}
      - name: right
        pipeline:
          - {name: idea, ask: {model: one, prompt: "Ideas for {{ request.prompt }}"}}
          - {name: essay, ask: {model: one, prompt: "Write an essay on {{ idea }}"}}
    combine: [merge]
    merger: one
"""


def edges(prefect_api: str, night: FlowRig, state: State[Any]) -> dict[str, set[str]]:
    """Task run → those it comes after, without their models; once all of them are recorded."""

    calls = int(night.read("outputs")["calls"][0])

    def graph() -> list[dict[str, Any]]:
        flow_run = state.state_details.flow_run_id
        found = httpx.get(f"{prefect_api}/flow_runs/{flow_run}/graph-v2").raise_for_status().json()
        return [node for _, node in found["nodes"]]

    found = within(60, graph, lambda each: len(each) >= calls)
    names = {node["id"]: node["label"].replace(" · one", "") for node in found}
    return {names[node["id"]]: {names[each["id"]] for each in node["parents"]} for node in found}


def test_a_pipeline_is_a_chain(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig()
    state = started(night, pipeline, prompt=PROMPT, writers=["one", "one", "one"])
    assert edges(prefect_api, night, state) == {
        "draft": set(), "improve_1": {"draft"}, "improve_2": {"improve_1"},
    }  # fmt: skip


def test_members_stand_side_by_side_and_the_merger_after_all_of_them(
    rig: Callable[..., FlowRig], prefect_api: str
):
    night = rig()
    state = started(night, ensemble, prompt=PROMPT, writers=["one", "one", "one"], combine="merge")
    found = edges(prefect_api, night, state)
    members = {"member_1", "member_2", "member_3"}
    assert all(found[member] == set() for member in members)
    assert [after for name, after in found.items() if name not in members] == [members]


def test_each_member_that_is_a_pipeline_is_a_chain_of_its_own(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig()
    (night.folder / "panel.yaml").write_text(PANEL)
    state = started(
        night, ensemble, recipe=str(night.folder / "panel.yaml"), request={"prompt": "tides and moons"}
    )
    assert state.is_completed(), state.message
    found = edges(prefect_api, night, state)
    assert found["left/plan"] == found["right/idea"] == set()
    assert (found["left/text"], found["right/essay"]) == ({"left/plan"}, {"right/idea"})
    assert (found["comparer"], found["merger"]) == ({"left/text", "right/essay"}, {"comparer"})


def test_rounds_follow_one_another(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig()
    state = started(night, repeat, prompt=PROMPT, threshold=1.0, iterations=2)
    found = edges(prefect_api, night, state)
    assert found["body"] == set()
    assert (found["judge"], found["body (2)"], found["judge (2)"]) == ({"body"}, {"judge"}, {"body (2)"})


def test_a_team_starts_from_its_coordinator_and_ends_with_its_reviewer(
    rig: Callable[..., FlowRig], prefect_api: str
):
    night = rig()
    state = started(
        night, team, prompt=PROMPT, specialists=["writer: one", "analyst: one"], threshold=0.0, iterations=1
    )
    found = edges(prefect_api, night, state)
    assert found["coordinator"] == set()
    assert all(after for name, after in found.items() if name != "coordinator")
    assert "coordinator" not in found["reviewer"]
