"""Which night a flow run is for, and whether a night that was missed is still to be made."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect import get_client, runtime
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

CatchUp = Literal["all", "latest", "none"]
LATE = timedelta(hours=1)
SCHEDULED = "scheduled "


def scheduled_date() -> date:
    """The day the flow run was scheduled for, in its schedule's time zone: the same in every retry."""
    scheduled: datetime = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    return scheduled.astimezone(_zone()).date()


def missed(catch_up: CatchUp) -> str | None:
    """Why this night is not made after a downtime; None if it is, as every run is that nobody scheduled.

    Args:
        catch_up: all: made whatever the time; latest: made unless a later night of the schedule is due too; none:
            made unless it starts more than an hour late.
    """
    run = _flow_run()
    if catch_up == "all" or run is None or not _by_schedule(run) or run.expected_start_time is None:
        return None
    due, now = run.expected_start_time, datetime.now(UTC)
    if catch_up == "none":
        return f"it was due at {due:%Y-%m-%d %H:%M %Z}, more than an hour ago" if now - due > LATE else None
    later = [each for each in _due_between(run, due, now) if _by_schedule(each)]
    return f"{len(later)} later nights are due as well" if later else None


def _flow_run() -> FlowRun | None:
    context = FlowRunContext.get()
    return context.flow_run if context else None


def _by_schedule(run: FlowRun) -> bool:
    return (run.idempotency_key or "").startswith(SCHEDULED)


def _zone() -> ZoneInfo | None:
    """The zone of the schedule that made this run, else of the deployment's first; None is the machine's own."""
    run = _flow_run()
    if run is None or run.deployment_id is None:
        return None
    with get_client(sync_client=True) as client:
        schedules = client.read_deployment(UUID(str(run.deployment_id))).schedules
    own = [each for each in schedules if str(each.id) in (run.idempotency_key or "")]
    zone = getattr((own or schedules)[0].schedule, "timezone", None) if schedules else None
    return ZoneInfo(zone) if zone else None


def _due_between(run: FlowRun, after: datetime, before: datetime) -> list[FlowRun]:
    """Flow runs of the same deployment that were due later than this one, and by now."""
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[UUID(str(run.deployment_id))])),
            flow_run_filter=FlowRunFilter(
                expected_start_time=FlowRunFilterExpectedStartTime(
                    after_=after + timedelta(seconds=1), before_=before
                )
            ),
            limit=100,
        )
