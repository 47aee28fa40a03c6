"""What a night lets automations know, and that what they wait for is what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prefect.server.events.schemas.automations import EventTrigger
from prefect.server.events.schemas.events import ReceivedEvent
from ruamel.yaml import YAML
from test_recorded import ask, within

from deployments.cli.automating import FILE, automation
from flows.ingest_ratings import ARRIVED
from flows.night_events import BUDGET, COMMITTED, DRIFT, ERRORS, UNHEALTHY
from tests.trend_rig import land, metrics_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

AUTOMATIONS: list[dict[str, Any]] = YAML(typ="safe").load(FILE)
EIGHT = {f"r{number}": f"topic {number}" for number in range(8)}


def events_of(prefect_api: str, run: str, wanted: set[str]) -> set[str]:
    return events_about(prefect_api, f"nightpress.run.{run}", wanted)


def events_about(prefect_api: str, what: str, wanted: set[str]) -> set[str]:
    def names() -> set[str]:
        return {event["event"] for event in recorded(prefect_api, what)}

    found: set[str] = within(30, names, wanted.issubset)
    return found


def recorded(prefect_api: str, what: str) -> list[dict[str, Any]]:
    found = ask(prefect_api, "events/filter", filter={"resource": {"id": [what]}}, limit=50)
    return list(found["events"])


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


def test_a_night_says_once_as_news_that_a_figure_has_become_worse(
    rig: Callable[..., FlowRig], prefect_api: str
):
    night = rig()
    night.table(EIGHT)
    cheap = metrics_row("", simulated=True, rows=8, failed=0, usd=0.0008, seconds_p50=None, cache_hits=0)
    for day in range(9):
        land(night.store, day, cheap, simulated=True)
    found = []
    for day in (11, 12):
        run = f"night-{uuid4().hex[:8]}"
        state = night.night(run=run, run_date=f"2026-01-{day}", fresh=True)
        assert "; Drifted: USD per made row " in state.message
        assert events_of(prefect_api, run, {COMMITTED, DRIFT}) == {COMMITTED, DRIFT}
        (event,) = [each for each in recorded(prefect_api, f"nightpress.run.{run}") if each["event"] == DRIFT]
        (figure,) = event["payload"]["figures"]
        found.append((event["resource"]["nightpress.news"], figure["figure"], figure["in_a_row"]))
        assert "was $0.0001: worse than the median of" in event["payload"]["said"]
    assert found == [("worse", "usd_per_made", 1), ("none", "usd_per_made", 2)]


ALERTS = [each for each in AUTOMATIONS if "notify" in each]


@pytest.mark.parametrize("written", ALERTS, ids=[each["name"] for each in ALERTS])
def test_an_automation_is_one_that_prefect_takes(written: dict[str, Any]):
    told = automation(written, uuid4())
    assert told.actions[0].type == "send-notification"
    assert automation(written, None).actions[0].type == "do-nothing"


@pytest.mark.parametrize("news", ["worse", "better", "none"])
def test_only_what_became_worse_tonight_raises_an_alert(news: str):
    written = next(each["trigger"] for each in AUTOMATIONS if each["trigger"]["expect"] == [DRIFT])
    event = ReceivedEvent(
        event=DRIFT,
        occurred=datetime.now(UTC),
        id=uuid4(),
        resource={"prefect.resource.id": "nightpress.run.short-1", "nightpress.news": news},
    )
    assert EventTrigger.model_validate(written).covers(event) == (news == "worse")


def test_automations_wait_for_events_that_there_are():
    expected = {event for each in AUTOMATIONS for event in each["trigger"]["expect"]}
    ours = {event for event in expected if event.startswith("nightpress.")}
    assert ours == {UNHEALTHY, BUDGET, ERRORS, DRIFT, ARRIVED}
    assert {event for event in expected - ours if not event.startswith("prefect.flow-run.")} == set()
