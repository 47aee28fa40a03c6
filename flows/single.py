"""What the flows of single requests have in common: one request worked with every call a task run, then committed."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from prefect import runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.places import flow_of, keyless, open_catalog, open_recipe, open_store, recipe_name, store_place
from flows.mistakes import explained
from flows.night_date import scheduled_date
from flows.night_summary import money
from flows.report_artifacts import draft_or_warning
from flows.shift import working
from flows.visible_calls import VisibleTally, on_engine
from tasks.calling.call import Row
from tasks.calling.catalog import Catalog
from tasks.landing.allowances import ShardMoney
from tasks.landing.escaping import markdown
from tasks.landing.outputs import Outcome
from tasks.landing.plan import Plan
from tasks.landing.purse import Purse
from tasks.landing.quoted_draft import quoted
from tasks.landing.run_lock import run_lock
from tasks.landing.run_paths import rejects_path, requests_path
from tasks.landing.run_state import RunState
from tasks.landing.shards import row_of, stage, work_request
from tasks.landing.sorting import read_shard
from tasks.landing.starting import Start, Wish, start
from tasks.landing.tally import Tally
from tasks.patterns.lint_sums import dollars, known_prices, worst_in
from tasks.patterns.recipe import Recipe, check_models
from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store
from tasks.storing.parts import read_rows

CONCURRENCY = 50


@dataclass(frozen=True)
class Places:
    """Where a single request finds its models and leaves its results."""

    store: str
    content: Store
    catalog: Catalog


@dataclass(frozen=True)
class Form:
    """What the forms of all patterns ask for.

    Attributes:
        pattern: the flow's name.
        request: the recipe's columns; not looked at where there is a prompt.
    """

    pattern: str
    prompt: str
    recipe: str
    request: dict[str, Any]
    store: str
    models: str
    budget: float | None
    dry_run: bool


def run_name() -> str:
    """What a flow run is called: its flow, and its recipe or how its prompt begins."""
    parameters = runtime.flow_run.parameters
    prompt = " ".join(str(parameters.get("prompt") or "").split())
    what = recipe_name(str(parameters.get("recipe") or "")) or (
        prompt if len(prompt) <= 40 else prompt[:39] + "…"
    )
    return f"{runtime.flow_run.flow_name}: {what or 'nothing'}"


async def work_form(form: Form, inline: Callable[[Sequence[str]], Recipe]) -> State[Any]:
    """Do what a form asks for; a mistake in it is the flow run's message.

    Args:
        form: as it was filled in.
        inline: makes a recipe where the form gives a prompt; gets the names of all models.
    """
    with explained() as mistake:
        catalog, place = open_catalog(form.models), store_place(form.store)
        places = Places(place, open_store(place), catalog)
        request = _request_for(form)
        recipe = _recipe_for(form, places).unproven() if form.recipe else inline(list(catalog.models))
        if form.dry_run:
            return _preview(recipe, catalog)
        return await make_one(form.pattern, recipe, request, places, form.budget)
    return mistake.state


def _recipe_for(form: Form, places: Places) -> Recipe:
    found = open_recipe(form.recipe, places.content)
    if flow_of(found) != form.pattern:
        raise UserError(
            f"recipe {form.recipe!r} is of the pattern {found.make.kind!r}, not {form.pattern!r}",
            where="recipe", hint=f"start the flow {flow_of(found)!r}",
        )  # fmt: skip
    return found


def _request_for(form: Form) -> dict[str, Any]:
    """The row: the prompt, or the recipe's columns that were filled in."""
    if bool(form.prompt) == bool(form.recipe):
        said = (
            "both a prompt and a recipe are given"
            if form.prompt
            else "there is neither a prompt nor a recipe"
        )
        raise UserError(said, where="prompt", hint="give one of them")
    return {"prompt": form.prompt} if form.prompt else form.request


def _preview(recipe: Recipe, catalog: Catalog) -> State[Any]:
    check_models(recipe, catalog.models)
    worst = worst_in(recipe, catalog, known_prices(recipe, catalog))
    cost = "at a price that is not known" if worst.usd is None else f"for {dollars(worst.usd)} at most"
    many = f"{worst.least:,} to {worst.calls:,}" if worst.least < worst.calls else f"{worst.calls:,}"
    return Completed(
        message=f"dry run of {recipe.recipe}: {many} calls {cost}, of {', '.join(sorted(worst.models))}; nothing was asked"
    )


async def make_one(
    pattern: str, recipe: Recipe, request: dict[str, Any], places: Places, budget: float | None
) -> State[Any]:
    """Work one request and commit it, under the run `<pattern>-<flow run id>`.

    Raises:
        UserError: the request does not fit the recipe's columns, or names no known model.
    """
    run = f"{pattern}-{runtime.flow_run.id}"
    with run_lock(places.content.url, run), _table(request) as table:
        wish = Wish(
            run, scheduled_date(), table, recipe, places.catalog, budgeted=budget is not None,
            keyless=keyless(places.catalog),
        )  # fmt: skip
        begun = _started(places.content, wish)
        if begun.plan.rejected:
            raise UserError(
                f"the request cannot be made: {_rejected(places.content, begun.plan)}", where="request"
            )
        if begun.way == "done":
            return _committed(begun.manifest or {})
        with working(places.content, places.store, begun, CONCURRENCY) as shift:
            outcome, tally, record = await _worked(shift.state, budget, places.catalog.limits_usd)
            shift.commit([record], recipe.max_failed)
    return await _ended(outcome, tally, run, places.content)


def _committed(manifest: dict[str, Any]) -> State[Any]:
    """What an earlier attempt of this flow run came to, where nothing can go better."""
    said = f"{manifest['run']} had committed already"
    failed = ", ".join(manifest["errors"]["rows"])
    return Failed(message=f"{said}: failed: {failed}") if failed else Completed(message=said)


def _started(content: Store, wish: Wish) -> Start:
    try:
        return start(content, wish)
    except UserError as error:
        if wish.requests not in error.where:
            raise
        raise UserError(error.what, where="request", hint=error.hint) from None


async def _worked(
    state: RunState, budget: float | None, limits: Mapping[str, float]
) -> tuple[Outcome, Tally, Any]:
    plan = state.plan
    shard = next(number for number, rows in enumerate(plan.shard_rows) if rows)
    request = read_shard(state.store, requests_path(plan.run, plan.hash), shard, plan.shard_rows)[0]
    spending = state.calls.ledger.spending
    money = ShardMoney(budget, 0.0, {name: (most, 0.0) for name, most in limits.items()}, is_rest=True)
    state.limit(money)
    purse = Purse(money, spending, shard, state.calls.routes)
    row: Row = row_of(state, request, shard, purse)
    tally = VisibleTally(state.calls, row, plan.fresh)
    outcome = await work_request(state, request, tally)
    await on_engine(state.calls.ledger.upload())
    return outcome, tally, stage(state, shard, 1, [(outcome, tally)], purse)


@contextmanager
def _table(request: dict[str, Any]) -> Iterator[str]:
    """A request table of one row."""
    with tempfile.TemporaryDirectory(prefix="nightpress-") as folder:
        path = Path(folder) / "request.jsonl"
        path.write_bytes(orjson.dumps(request) + b"\n")
        yield str(path)


def _rejected(content: Store, plan: Plan) -> str:
    rows = read_rows(content, rejects_path(plan.run, plan.hash), ["reason"])
    return ", ".join(str(reason) for batch in rows for reason in batch["reason"].to_pylist())


async def _ended(outcome: Outcome, tally: Tally, run: str, store: Store) -> State[Any]:
    content = outcome.draft.content if outcome.draft else ""
    unreported = await draft_or_warning(store, run, _markdown(outcome, tally))
    if outcome.status != "made":
        return Failed(message=f"{run}: {outcome.status}: {outcome.error}{unreported}")
    said = f"{run}: made with {tally.calls} calls; {money(tally.usd)}{unreported}"
    return Completed(
        message=said,
        data={"run": run, "content": content, "quality": outcome.draft.score if outcome.draft else None},
    )


def _markdown(outcome: Outcome, tally: Tally) -> str:
    """How the draft was judged and routed, and the draft itself."""
    draft = outcome.draft
    told = [f"**{outcome.status}**" + (f": {markdown(outcome.error)}" if outcome.error else "")]
    if draft and draft.score is not None:
        told.append(f"quality {draft.score:.2f}")
    told += [
        f"route {markdown(each.taken)} ({markdown(each.kind) or 'no class'}, {each.confidence:.2f})"
        for each in tally.notes.routes
    ]
    return f"{' · '.join(told)}\n\n{quoted(draft.content) if draft else ''}"
