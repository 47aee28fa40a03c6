"""The flow `nightly`: one night's requests to committed Parquet."""

from datetime import date
from typing import Annotated, Any, Literal, cast

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import Field

from blocks.places import keyless, open_catalog, open_recipe, open_store, recipe_name, store_place
from flows.mistakes import explained
from flows.night_date import CatchUp, missed, scheduled_date
from flows.night_events import emit_drift, emit_night
from flows.night_summary import money
from flows.report_artifacts import report_or_warning
from flows.shift import SHARDS_AT_ONCE, working
from tasks.landing.dealing import Funds
from tasks.landing.preflight import expected_row_usd
from tasks.landing.run_lock import run_lock
from tasks.landing.starting import Wish, preview, start
from tasks.storing.errors import NightpressError
from tasks.storing.filesystem import Store

UNHEALTHY = "Unhealthy"  # no plain Failed: those are nights that have not committed, and tell another alert
NOTHING_LEFT = "already committed, nothing left to do; "
RUNNER: TaskRunner[PrefectFuture[Any]] = cast(Any, ThreadPoolTaskRunner(max_workers=SHARDS_AT_ONCE))


def night_name() -> str:
    """What a flow run is called: the recipe and the night."""
    given = runtime.flow_run.parameters
    return f"{recipe_name(str(given.get('recipe')))} {given.get('run_date') or scheduled_date()}"


@flow(
    name="nightly",
    flow_run_name=night_name,
    task_runner=RUNNER,
    validate_parameters=True,
)
def nightly(
    requests: str,
    recipe: str,
    store: str = "",
    models: str = "",
    run: str = "",
    run_date: date | None = None,
    budget: Annotated[float, Field(ge=0)] | None = None,
    only: Literal["new", "changed", "all"] = "all",
    limit: Annotated[int, Field(ge=1)] | None = None,
    concurrency: Annotated[int, Field(ge=1, le=2000)] = 100,
    catch_up: CatchUp = "all",
    alert_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.05,
    dry_run: bool = False,
    fresh: bool = False,
    replace: bool = False,
) -> State[Any]:
    """Make content for every request of a table and commit it, with every call, as Parquet.

    Args:
        requests: Path, glob, folder or URL of the request table (CSV, JSONL, Parquet); may contain {run_date}.
        recipe: Name of the recipe; outside the form a path does as well.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        run: Name of the run. Empty: recipe and run date.
        run_date: The night this is for. None: the day the run was scheduled for, in the schedule's time zone.
        budget: Most USD the run may spend, from 0. None: no limit.
        only: new: requests never made; changed: new or changed ones; all: every request.
        limit: Most requests to make, from 1. None: all of them.
        concurrency: Most model requests in flight at once, 1 to 2000.
        catch_up: Scheduled nights that a downtime delayed. all: make them; latest: only the last one due; none: none
            that starts more than an hour late.
        alert_error_rate: Share of failed model calls above which an alert is raised, 0 to 1.
        dry_run: Read and check everything, make nothing.
        fresh: Reuse no answers of other runs.
        replace: Make the run anew although its inputs changed.
    """
    with explained() as mistake:
        late = missed(catch_up)
        if late:
            return Completed(name="Skipped", message=f"this night is not made: {late} (catch_up: {catch_up})")
        place = store_place(store)
        content = open_store(place)
        opened, catalog = open_recipe(recipe, content), open_catalog(models)
        night = run_date or scheduled_date()
        wish = Wish(
            run=run or f"{opened.recipe}-{night.isoformat()}",
            run_date=night,
            requests=requests,
            recipe=opened,
            catalog=catalog,
            only=only,
            limit=limit,
            fresh=fresh,
            replace=replace,
            budgeted=budget is not None,
            keyless=keyless(catalog),
            adopts=True,
        )
        if dry_run:
            return Completed(message=preview(content, wish))
        try:
            with run_lock(content.url, wish.run):
                begun = start(content, wish)
                if begun.way == "done":
                    return _ended(begun.manifest or {}, content, NOTHING_LEFT)
                with working(content, place, begun, concurrency) as shift:
                    funds = Funds(budget, wish.catalog.limits_usd, expected_row_usd(begun.plan))
                    records = shift.produce(funds)
                    manifest = shift.commit(records, opened.max_failed)
        except OSError as error:  # a disk that is full or read-only, a folder that is a file
            raise NightpressError(f"run {wish.run} cannot go on: {error}") from error
        emit_night(manifest, content.url, alert_error_rate)
        emit_drift(manifest, content)
        return _ended(manifest, content)
    return mistake.state


def _ended(manifest: dict[str, Any], content: Store, before: str = "") -> State[Any]:
    unreported = report_or_warning(content, manifest["run"])
    rows = manifest["rows"]
    said = (
        f"{manifest['run']}: {before}{rows['made']:,} made, {rows['failed']:,} failed, {rows['deferred']:,} deferred, "
        f"{rows['rejected']:,} rejected; {money(manifest['usd']['spent'])}{unreported}"
    )
    return Completed(message=said) if manifest["healthy"] else Failed(name=UNHEALTHY, message=said)
