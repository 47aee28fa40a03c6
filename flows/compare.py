"""The flow `compare`: one table worked by several recipes or single models, all judged blind by the same judges."""

from datetime import date
from typing import Annotated, Any, cast

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import Field

from blocks.places import keyless, open_catalog, open_recipe, open_store, recipe_name, store_place
from flows.compare_arms import arms_between, judged_alike
from flows.mistakes import explained
from flows.night_date import scheduled_date
from flows.night_work import work_night
from flows.shift import SHARDS_AT_ONCE
from tasks.landing.starting import Wish, preview

RUNNER: TaskRunner[PrefectFuture[Any]] = cast(Any, ThreadPoolTaskRunner(max_workers=SHARDS_AT_ONCE))


def comparison_name() -> str:
    """What a flow run is called: what is compared."""
    given = runtime.flow_run.parameters
    names = [given.get("recipe"), *(given.get("against") or [])]
    return " against ".join(recipe_name(str(each)) for each in names)[:200]


@flow(name="compare", flow_run_name=comparison_name, task_runner=RUNNER, validate_parameters=True)
def compare(
    requests: str,
    recipe: str,
    against: list[str],
    store: str = "",
    models: str = "",
    run: str = "",
    run_date: date | None = None,
    judges: list[str] = [],  # noqa: B006 - nobody changes it, and a form shows it
    budget: Annotated[float, Field(ge=0)] | None = None,
    limit: Annotated[int, Field(ge=1)] | None = None,
    concurrency: Annotated[int, Field(ge=1, le=2000)] = 100,
    alert_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.05,
    dry_run: bool = False,
    fresh: bool = False,
    replace: bool = False,
) -> State[Any]:
    """Work every request of a table in several ways, and show which is worth what.

    Args:
        requests: Path, glob, folder or URL of the request table (CSV, JSONL, Parquet); may contain {run_date}.
        recipe: Name of the recipe that is compared; its rows are the arm "made".
        against: Recipes, or models of the models file that work each request alone; each is an arm.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        run: Name of the run. Empty: compare, the recipe and the run date.
        run_date: The night this is for. None: today.
        judges: Models that judge every text. Empty: those of the recipe, or one of another family than all writers.
        budget: Most USD the run may spend, from 0. None: no limit.
        limit: Most requests to work, from 1. None: all of them.
        concurrency: Most model requests in flight at once, 1 to 2000.
        alert_error_rate: Share of failed model calls above which an alert is raised, 0 to 1.
        dry_run: Read and check everything, make nothing.
        fresh: Reuse no answers of other runs.
        replace: Make the run anew although its inputs changed.
    """
    with explained() as mistake:
        place = store_place(store)
        content, catalog = open_store(place), open_catalog(models)
        opened = open_recipe(recipe, content)
        arms = arms_between(opened, against, content, catalog)
        night = run_date or scheduled_date()
        wish = Wish(
            run=run or f"compare-{opened.recipe}-{night.isoformat()}",
            run_date=night,
            requests=requests,
            recipe=judged_alike(opened, arms, judges, catalog),
            catalog=catalog,
            limit=limit,
            fresh=fresh,
            replace=replace,
            budgeted=budget is not None,
            keyless=keyless(catalog),
            arms=arms,
        )
        if dry_run:
            return Completed(message=preview(content, wish))
        return work_night(
            wish, content, place, concurrency=concurrency, budget=budget, alert_error_rate=alert_error_rate
        )
    return mistake.state
