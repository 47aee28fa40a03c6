"""What the flows of single requests have in common: one request worked with every call a task run, then committed."""

import asyncio
import tempfile
from collections.abc import Awaitable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import orjson
from prefect import runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from blocks.places import open_catalog, open_recipe, open_store, store_place
from flows.night_summary import money
from flows.nightly import scheduled_date
from flows.report_artifacts import draft_or_warning
from flows.shift import working
from tasks.call_model import call_model
from tasks.calling.budget import Budget
from tasks.calling.call import Call, Completion, Row
from tasks.calling.catalog import Catalog
from tasks.calling.engine import Engine
from tasks.calling.messages import Ask
from tasks.landing.escaping import markdown
from tasks.landing.outputs import Outcome
from tasks.landing.plan import Plan
from tasks.landing.quoted_draft import quoted
from tasks.landing.run_lock import run_lock
from tasks.landing.run_paths import rejects_path, requests_path
from tasks.landing.run_state import RunState
from tasks.landing.shards import row_of, stage, work_request
from tasks.landing.sorting import read_shard
from tasks.landing.starting import Start, Wish, start
from tasks.landing.tally import Tally
from tasks.patterns.notes import Decided
from tasks.patterns.recipe import Recipe
from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store
from tasks.storing.parts import read_rows

T = TypeVar("T")
CONCURRENCY = 50


@dataclass(frozen=True)
class Places:
    """Where a single request finds its models and leaves its results."""

    store: str
    content: Store
    catalog: Catalog


def run_name() -> str:
    """What a flow run is called: its flow, and its recipe or how its prompt begins."""
    parameters = runtime.flow_run.parameters
    what = parameters.get("recipe") or " ".join(str(parameters.get("prompt") or "").split())[:40]
    return f"{runtime.flow_run.flow_name}: {what or 'nothing'}"


def opened(store: str | None, models: str | None) -> Places:
    """The store and the catalog that a flow's parameters name; raises UserError."""
    place = store_place(store)
    return Places(place, open_store(place), open_catalog(models))


def first_of(places: Places) -> str:
    """The first model of the models file."""
    return next(iter(places.catalog.models))


def recipe_for(pattern: str, recipe: str, places: Places) -> Recipe:
    """The named recipe, if its `make` is of this pattern.

    Raises:
        UserError: there is none, or it is of another pattern.
    """
    found = open_recipe(recipe, places.content)
    if found.make.kind != pattern:
        raise UserError(
            f"recipe {recipe!r} is of the pattern {found.make.kind!r}, not {pattern!r}",
            where="recipe", hint=f"start the flow {found.make.kind!r}",
        )  # fmt: skip
    return found


def request_for(prompt: str, recipe: str, request: dict[str, Any] | None) -> dict[str, Any]:
    """The row: the prompt, or the recipe's columns.

    Raises:
        UserError: there is neither, or both.
    """
    if bool(prompt) == bool(recipe):
        said = "both a prompt and a recipe are given" if prompt else "there is neither a prompt nor a recipe"
        raise UserError(said, where="prompt", hint="give one of them")
    return {"prompt": prompt} if prompt else request or {}


@dataclass
class VisibleTally(Tally):
    """Asks as `Tally` does, each call as a task run; runs on the flow's event loop, the engine on its own."""

    titles: dict[str, int] = field(default_factory=dict)

    async def __call__(self, call: Call) -> Completion:
        """Complete `call` for this row."""
        title = f"{call.step or self.row.recipe} · {call.models[0]}"
        number = self.titles[title] = self.titles.get(title, 0) + 1
        shown = title if number == 1 else f"{title} ({number})"
        key = _key(self.calls_of_run.ledger.run, shown, call.ask)
        run_call: Any = call_model  # whose types do not say that it is awaited here
        state: State[Any] = await run_call(shown, key, call, self._complete, return_state=True)
        found = await state.aresult()
        # What Prefect remembers was asked by an earlier attempt of this flow run: the ledger has it, and counts it.
        completion = await self._complete(call) if state.name == "Cached" else Completion(**found)
        self.count(call, completion)
        return completion

    def decided(self, path: str) -> Decided:
        """As `Tally`; the journal is the engine's."""
        engine = Engine.current()
        decided = engine.wait(_later(super().decided, path))
        return Decided(decided.known, lambda value: engine.wait(_later(decided.settle, value)))

    async def _complete(self, call: Call) -> Completion:
        return await _on_engine(self.calls_of_run.complete(call, self.row))


async def _later(work: Any, *given: Any) -> Any:
    return work(*given)


async def _on_engine(work: Awaitable[T]) -> T:
    future: Future[T] = asyncio.run_coroutine_threadsafe(work, Engine.current().loop)  # type: ignore[arg-type]
    return await asyncio.wrap_future(future)


def _key(run: str, title: str, ask: Ask) -> str:
    said = [(message.role, message.content) for message in ask.messages]
    question = [run, title, said, ask.temperature, ask.max_tokens, ask.format]
    return sha256(orjson.dumps(question, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def make_one(
    pattern: str, recipe: Recipe, request: dict[str, Any], places: Places, budget: float | None
) -> State[Any]:
    """Work one request and commit it, under the run `<pattern>-<flow run id>`.

    Raises:
        UserError: the request does not fit the recipe's columns, or names no known model.
    """
    run = f"{pattern}-{runtime.flow_run.id}"
    with run_lock(places.content.url, run), _table(request) as table:
        wish = Wish(run, scheduled_date(), table, recipe, places.catalog, budgeted=budget is not None)
        begun = _started(places.content, wish)
        if begun.plan.rejected:
            raise UserError(
                f"the request cannot be made: {_rejected(places.content, begun.plan)}", where="request"
            )
        if begun.way == "done":
            return Completed(message=f"{run} had committed already")
        with working(places.content, places.store, begun, CONCURRENCY) as shift:
            outcome, tally, record = await _worked(shift.state, budget)
            shift.commit([record], recipe.max_failed)
    return await _ended(outcome, tally, run, places.content)


def _started(content: Store, wish: Wish) -> Start:
    try:
        return start(content, wish)
    except UserError as error:
        if wish.requests not in error.where:
            raise
        raise UserError(error.what, where="request", hint=error.hint) from None


async def _worked(state: RunState, budget: float | None) -> tuple[Outcome, Tally, Any]:
    plan = state.plan
    shard = next(number for number, rows in enumerate(plan.shard_rows) if rows)
    request = read_shard(state.store, requests_path(plan.run, plan.hash), shard, plan.shard_rows)[0]
    allowance = Budget(budget, "run")
    row: Row = row_of(state, request, shard, allowance)
    tally = VisibleTally(state.calls, row, plan.fresh)
    outcome = await work_request(state, request, tally)
    await _on_engine(state.calls.ledger.upload())
    return outcome, tally, stage(state, shard, 1, [(outcome, tally)], allowance.spent_usd)


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
