"""Which night a scheduled run is for, and what becomes of nights that a downtime delayed."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from flow_rig import TOPICS
from prefect import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.flow_engine import run_flow_sync
from prefect.states import Running, Scheduled

from flows.nightly import nightly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from flow_rig import FlowRig
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import State

TOKYO = "Asia/Tokyo"


class Calendar:
    """A deployment of `nightly` with a schedule in Tokyo, and runs that it is said to have made."""

    def __init__(self, client: SyncPrefectClient, night: FlowRig) -> None:
        self.client, self.night = client, night
        made = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 5 * * *", timezone=TOKYO), active=False)
        flow = client.create_flow_from_name("nightly")
        self.deployment: UUID = client.create_deployment(flow, f"calendar-{uuid4().hex}", schedules=[made])
        self.schedule = client.read_deployment(self.deployment).schedules[0].id

    def another_schedule(self) -> UUID:
        """A second schedule of the deployment, in UTC."""
        every = (CronSchedule(cron="0 6 * * *", timezone="UTC"), False)
        return self.client.create_deployment_schedules(self.deployment, [every])[0].id

    def due(self, at: datetime, schedule: UUID | None = None, **given: Any) -> Any:
        """A flow run that a schedule, the first unless told, has made for that moment."""
        parameters = {**self.night.parameters(run="", **given)}
        del parameters["run_date"]
        planned = at.astimezone(ZoneInfo(TOKYO))
        return self.client.create_flow_run_from_deployment(
            self.deployment,
            parameters=parameters,
            state=Scheduled(scheduled_time=at),
            idempotency_key=f"scheduled {self.deployment} {schedule or self.schedule} {planned}",
        )


@pytest.fixture
def calendar(rig: Callable[..., FlowRig]) -> Iterator[Calendar]:
    night = rig()
    night.table(TOPICS)
    with client_of_the_session() as client:
        yield Calendar(client, night)


@contextmanager
def client_of_the_session() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


def worked(run: Any) -> State[Any]:
    state: State[Any] = run_flow_sync(nightly, flow_run=run, parameters=run.parameters, return_type="state")
    return state


def hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


def test_a_night_is_named_by_the_date_in_the_schedules_time_zone(calendar: Calendar):
    at = datetime(2026, 1, 31, 20, 0, tzinfo=UTC)  # five in the morning of the next day in Tokyo
    assert worked(calendar.due(at)).is_completed()
    assert set(calendar.night.read("outputs")["run_date"]) == {"2026-02-01"}
    assert set(calendar.night.read("outputs")["run"]) == {"short-2026-02-01"}


def test_a_night_that_is_tried_again_days_later_keeps_its_date(calendar: Calendar):
    run = calendar.due(hours_ago(72))
    worked(run)
    named = set(calendar.night.read("outputs")["run"])
    calendar.client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"), force=True)
    again = worked(calendar.client.read_flow_run(run.id))
    assert again.is_completed()
    assert "nothing left to do" in str(again.message)
    assert set(calendar.night.read("outputs")["run"]) == named


def test_catching_up_with_all_makes_every_missed_night(calendar: Calendar):
    runs = [calendar.due(hours_ago(hours), catch_up="all") for hours in (50, 26, 2)]
    assert [worked(run).name for run in runs] == ["Completed"] * 3
    assert calendar.night.read("outputs")["run"].nunique() == 3


def test_catching_up_with_the_latest_leaves_out_those_before(calendar: Calendar):
    runs = [calendar.due(hours_ago(hours), catch_up="latest") for hours in (50, 26, 2)]
    states = [worked(run) for run in runs]
    assert [state.name for state in states] == ["Skipped", "Skipped", "Completed"]
    assert "2 later nights are due as well" in str(states[0].message)
    assert calendar.night.read("outputs")["run"].nunique() == 1


def test_nights_of_another_schedule_are_not_later_nights_of_this_one(calendar: Calendar):
    run = calendar.due(hours_ago(26), catch_up="latest")
    calendar.due(hours_ago(2), schedule=calendar.another_schedule(), catch_up="latest")
    assert worked(run).name == "Completed"


@pytest.mark.parametrize("catch_up", ["none", "latest"])
def test_a_night_that_was_begun_in_time_is_made_when_it_is_tried_again(calendar: Calendar, catch_up: str):
    run = calendar.due(hours_ago(2), catch_up=catch_up)
    calendar.client.set_flow_run_state(run.id, Running(), force=True)  # by a worker that is gone since
    calendar.client.set_flow_run_state(run.id, Scheduled(name="AwaitingRetry"), force=True)
    calendar.due(hours_ago(1), catch_up=catch_up)
    again = worked(calendar.client.read_flow_run(run.id))
    assert (again.name, again.is_completed()) == ("Completed", True)
    assert len(calendar.night.read("outputs")) == len(TOPICS)


def test_a_night_whose_schedule_is_gone_keeps_its_date(calendar: Calendar):
    at = datetime(2026, 1, 31, 20, 0, tzinfo=UTC)
    run = calendar.due(at)
    calendar.another_schedule()
    calendar.client.delete_deployment_schedule(calendar.deployment, calendar.schedule)
    assert worked(run).is_completed()
    assert set(calendar.night.read("outputs")["run_date"]) == {"2026-02-01"}


@pytest.mark.parametrize(("hours", "name"), [(2, "Skipped"), (0.2, "Completed")])
def test_without_catching_up_a_night_starts_on_time_or_not_at_all(
    calendar: Calendar, hours: float, name: str
):
    assert worked(calendar.due(hours_ago(hours), catch_up="none")).name == name


def test_a_run_that_nobody_scheduled_is_made_whatever_the_choice(calendar: Calendar):
    assert calendar.night.night(catch_up="none").name == "Completed"


def test_the_next_night_makes_only_what_is_new_or_changed(calendar: Calendar):
    night = calendar.night
    worked(calendar.due(hours_ago(26), only="changed"))
    sent = night.sent
    night.table({**TOPICS, "r0": "another topic", "new": "a new one"})
    assert worked(calendar.due(hours_ago(2), only="changed")).is_completed()
    outputs = night.read("outputs")
    last = outputs[outputs["run"] == outputs["run"].max()]
    assert set(last["request_id"]) == {"r0", "new"}
    assert night.sent == sent + 4
