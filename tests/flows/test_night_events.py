"""What a night lets automations know, and that what they wait for is what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from ruamel.yaml import YAML
from test_recorded import ask, within

from deployments.cli.automating import FILE, automation
from flows.ingest_ratings import ARRIVED
from flows.night_events import BUDGET, COMMITTED, ERRORS, UNHEALTHY

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

AUTOMATIONS: list[dict[str, Any]] = YAML(typ="safe").load(FILE)
EIGHT = {f"r{number}": f"topic {number}" for number in range(8)}


def events_of(prefect_api: str, run: str, wanted: set[str]) -> set[str]:
    return events_about(prefect_api, f"nightpress.run.{run}", wanted)


def events_about(prefect_api: str, what: str, wanted: set[str]) -> set[str]:
    resource = {"id": [what]}

    def names() -> set[str]:
        found = ask(prefect_api, "events/filter", filter={"resource": resource}, limit=50)
        return {event["event"] for event in found["events"]}

    found: set[str] = within(30, names, wanted.issubset)
    return found


@pytest.mark.parametrize(
    ("faults", "changes", "events"),
    [
        ([], {}, {COMMITTED}),
        ([{"kind": "refusal"}], {}, {UNHEALTHY, ERRORS}),
        ([{"kind": "refusal", "prompt": "topic 3"}], {"alert_error_rate": 0.5}, {COMMITTED}),
        ([], {"budget": 0.09}, {COMMITTED, BUDGET}),
    ],
    ids=["healthy", "all refused", "one refused", "budget"],
)
def test_a_night_says_what_it_came_to(
    rig: Callable[..., FlowRig],
    prefect_api: str,
    faults: list[dict[str, Any]],
    changes: dict[str, Any],
    events: set[str],
):
    night = rig(faults=faults)
    night.table(EIGHT)
    run = f"night-{uuid4().hex[:8]}"
    night.night(run=run, **changes)
    assert events_of(prefect_api, run, events) == events


def test_a_committed_unhealthy_night_raises_one_alert(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig(faults=[{"kind": "refusal"}])
    night.table(EIGHT)
    run = f"night-{uuid4().hex[:8]}"
    state = night.night(run=run, alert_error_rate=1)
    ended = events_about(
        prefect_api, f"prefect.flow-run.{state.state_details.flow_run_id}", {"prefect.flow-run.Unhealthy"}
    )
    assert "prefect.flow-run.Unhealthy" in ended
    seen = ended | events_of(prefect_api, run, {UNHEALTHY})
    assert [each["name"] for each in AUTOMATIONS if seen & set(each["trigger"]["expect"])] == [
        "nightpress: unhealthy night"
    ]


ALERTS = [each for each in AUTOMATIONS if "notify" in each]


@pytest.mark.parametrize("written", ALERTS, ids=[each["name"] for each in ALERTS])
def test_an_automation_is_one_that_prefect_takes(written: dict[str, Any]):
    told = automation(written, uuid4())
    assert told.actions[0].type == "send-notification"
    assert automation(written, None).actions[0].type == "do-nothing"


def test_automations_wait_for_events_that_there_are():
    expected = {event for each in AUTOMATIONS for event in each["trigger"]["expect"]}
    ours = {event for event in expected if event.startswith("nightpress.")}
    assert ours == {UNHEALTHY, BUDGET, ERRORS, ARRIVED}
    assert {event for event in expected - ours if not event.startswith("prefect.flow-run.")} == set()
