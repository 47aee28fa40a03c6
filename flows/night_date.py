"""Which night a flow run is for, and whether a night that was missed is still to be made."""

from datetime import UTC, date, datetime, timedelta, tzinfo
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
SCHEDULED = "scheduled"
KEY_WORDS = 4


def scheduled_date() -> date:
    """The day the flow run was scheduled for, in its schedule's time zone: the same in every retry."""
    scheduled: datetime = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    return scheduled.astimezone(_zone()).date()


def missed(catch_up: CatchUp) -> str | None:
    """Why this night is not made after a downtime.

    Args:
        catch_up: all: made whatever the time; latest: made unless a later night of the schedule is due too; none:
            made unless it starts more than an hour late.

    Returns:
        None if it is made, as every run is that nobody scheduled or that has been started before: a retry is no
        night that was missed.
    """
    run = _flow_run()
    if catch_up == "all" or run is None or run.run_count > 1:
        return None
    if not _schedule(run) or run.expected_start_time is None:
        return None
    due, now = run.expected_start_time, datetime.now(UTC)
    if catch_up == "none":
        return f"it was due at {due:%Y-%m-%d %H:%M %Z}, more than an hour ago" if now - due > LATE else None
    later = [each for each in _due_between(run, due, now) if _schedule(each) == _schedule(run)]
    return f"{len(later)} later nights are due as well" if later else None


def _flow_run() -> FlowRun | None:
    context = FlowRunContext.get()
    return context.flow_run if context else None


def _schedule(run: FlowRun) -> str:
    """The id of the schedule that made a run; empty if none did.

    Prefect keeps it nowhere but in the key `scheduled <deployment> <schedule> <time>`.
    """
    words = (run.idempotency_key or "").split(" ", 3)
    return words[2] if words[0] == SCHEDULED and len(words) == KEY_WORDS else ""


def _zone() -> tzinfo | None:
    """The zone of the schedule that made this run; None is the machine's own.

    A schedule that has been deleted since leaves the UTC offset in which it planned the run. A run that nobody
    scheduled takes the zone of the deployment's first schedule.
    """
    run = _flow_run()
    if run is None or run.deployment_id is None:
        return None
    with get_client(sync_client=True) as client:
        schedules = client.read_deployment(UUID(str(run.deployment_id))).schedules
    made_by = _schedule(run)
    own = [each for each in schedules if str(each.id) == made_by] if made_by else schedules
    if made_by and not own:
        return _planned_offset(run)
    zone = getattr(own[0].schedule, "timezone", None) if own else None
    return ZoneInfo(zone) if zone else None


def _planned_offset(run: FlowRun) -> tzinfo:
    try:
        planned = datetime.fromisoformat((run.idempotency_key or "").split(" ", 3)[-1])
    except ValueError:
        return UTC
    return planned.tzinfo or UTC


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
