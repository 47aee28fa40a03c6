"""A night from its wish to its end: planned, worked, committed, told; what `nightly` and `compare` have in common."""

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.night_events import emit_drift, emit_night
from flows.night_summary import money, verdicts
from flows.report_artifacts import report_or_warning
from flows.shift import working
from tasks.landing.dealing import Funds
from tasks.landing.preflight import expected_row_usd, unproven_row_usd
from tasks.landing.run_lock import run_lock
from tasks.landing.starting import Wish, start
from tasks.landing.trend_sheets import drift_words
from tasks.landing.trends import Trend
from tasks.storing.errors import NightpressError
from tasks.storing.filesystem import Store

UNHEALTHY = "Unhealthy"  # no plain Failed: those are nights that have not committed, and tell another alert
NOTHING_LEFT = "already committed, nothing left to do; "


def work_night(
    wish: Wish, content: Store, place: str, *, concurrency: int, budget: float | None, alert_error_rate: float
) -> State[Any]:
    """Work the wish to its commit; the state says what it came to.

    Args:
        place: of the store, as `store_place` gives it.

    Raises:
        NightpressError: it cannot go on.
    """
    try:
        with run_lock(content.url, wish.run):
            begun = start(content, wish)
            if begun.way == "done":
                return _ended(begun.manifest or {}, content, NOTHING_LEFT)
            with working(content, place, begun, concurrency) as shift:
                plan = begun.plan
                funds = Funds(budget, wish.catalog.limits_usd, expected_row_usd(plan), unproven_row_usd(plan))
                records = shift.check(shift.produce(funds), funds)
                manifest = shift.commit(records, wish.recipe.max_failed)
    except OSError as error:  # a disk that is full or read-only, a folder that is a file
        raise NightpressError(f"run {wish.run} cannot go on: {error}") from error
    emit_night(manifest, content.url, alert_error_rate)
    trend = emit_drift(manifest, content)
    return _ended(manifest, content, trend=trend)


def _ended(
    manifest: dict[str, Any], content: Store, before: str = "", trend: Trend | None = None
) -> State[Any]:
    unreported = report_or_warning(content, manifest["run"])
    rows = manifest["rows"]
    said = (
        f"{manifest['run']}: {before}{rows['made']:,} made, {rows['failed']:,} failed, {rows['deferred']:,} deferred, "
        f"{rows['rejected']:,} rejected; {money(manifest['usd']['spent'])}{unreported}"
    )
    said = "; ".join([said, *verdicts(manifest), *(each.rstrip(".") for each in drift_words(trend))])
    return Completed(message=said) if manifest["healthy"] else Failed(name=UNHEALTHY, message=said)
