"""The middle of a night: shards handed to the task runner in a sliding window, then the commit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from prefect.futures import PrefectFuture

from blocks.places import key_of
from flows.night_progress import Progress, Snapshot
from tasks.calling.catalog import Catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import ShardMoney
from tasks.landing.batch_checks import NO_SHARD, checked
from tasks.landing.commit import Commit
from tasks.landing.dealing import Again, Dealing, Funds
from tasks.landing.gains import learn_gains
from tasks.landing.preflight import refuse_unknown_spend
from tasks.landing.purse import models_of
from tasks.landing.run_state import RunState, run_state, state_key
from tasks.landing.shard_records import KnownShard, ShardRecord, known_shards
from tasks.landing.starting import Start
from tasks.patterns.recipe import Recipe
from tasks.produce_shard import ShardReference, produce_shard
from tasks.storing.filesystem import Store

SHARDS_AT_ONCE = 3
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Todo:
    """A shard, and what the store knows of it; `finished` is its record if nothing is left to do."""

    shard: int
    rows: int
    attempt: int
    finished: ShardRecord | None


@dataclass
class Shift:
    """One run being worked by one flow run."""

    store: Store
    place: str
    begun: Start
    state: RunState
    concurrency: int
    began: float = field(default_factory=time.monotonic)
    rows_elsewhere: int = 0
    committed: bool = False

    def produce(self, funds: Funds) -> list[ShardRecord]:
        """Work every shard; one record each, in the order of their numbers.

        The money is for what is not finished: a finished shard has its record, and costs nothing. Shards that deferred
        rows for want of money are worked again with what the others left, one after the other, until it buys no row.
        """
        todo = self._todo()
        rows = {each.shard: each.rows for each in todo}
        unfinished = sum(each.rows for each in todo if each.finished is None)
        progress = Progress(self.begun.plan.run)
        dealing = self._dealing(funds, unfinished)
        self._refuse_unknown_spend(funds)
        total = sum(rows.values())
        records = {each.shard: each for each in self._work(todo, dealing, progress, total)}
        again = Again()
        while (before := again.next(records.values())) is not None:
            dealing = self._dealing(funds, 0)
            least_usd = 0.0 if before.begun else self.state.costs.expected_usd or 0.0
            if not dealing.buys(least_usd):
                break
            once_more = Todo(before.shard, rows[before.shard], before.attempt + 1, None)
            (after,) = self._work([once_more], dealing, progress, total)
            again.ended(before, after)
            records[after.shard] = after
        return sorted(records.values(), key=lambda record: record.shard)

    def _work(self, todo: list[Todo], dealing: Dealing, progress: Progress, total: int) -> list[ShardRecord]:
        """Work these shards, of so many rows in all, a few at once; their records as they end."""
        running: dict[PrefectFuture[Any], tuple[Todo, ShardMoney]] = {}
        ended: SimpleQueue[PrefectFuture[Any]] = SimpleQueue()
        records: list[ShardRecord] = []
        waiting = list(reversed(todo))
        while waiting or running:
            while waiting and len(running) < SHARDS_AT_ONCE:
                each = waiting.pop()
                money = ShardMoney() if each.finished else dealing.deal(each.shard, each.rows)
                future = self._submit(each, money)
                running[future] = (each, money)
                future.add_done_callback(ended.put)
            for future in _taken(ended):
                each, money = running.pop(future)
                told = future.result()
                record = each.finished or ShardRecord.model_validate(told)
                records.append(record)
                if each.finished is None:
                    dealing.settle(money, record)
                if record.worker != self.state.worker:
                    self.rows_elsewhere += record.rows
            progress.tell(self._snapshot(total))
        return records

    def check(self, records: list[ShardRecord], funds: Funds) -> list[ShardRecord]:
        """Hold all outputs of the night against each other; the records of what is to be committed."""
        batch = self.state.recipe.batch
        rewrites = batch is not None and batch.rewrites
        money = self._dealing(funds, 0).deal(NO_SHARD, 0) if rewrites else ShardMoney()
        standing = [part["path"] for part in (self.begun.manifest or {}).get("parts", {}).get("outputs", [])]
        return Engine.current().wait(checked(self.state, records, money, standing))

    def commit(self, records: list[ShardRecord], max_failed: float) -> dict[str, Any]:
        """Land everything, and learn from it; returns the manifest."""
        Engine.current().wait(self.state.calls.ledger.upload())
        redo = self.begun.redo
        redone = None if redo is None else frozenset(each for ids in redo.values() for each in ids)
        manifest = Commit(self.store, self.begun.plan, records, redone, max_failed).run()
        self.committed = True
        plan = self.begun.plan
        learn_gains(self.store, Recipe.from_frozen(plan.recipe), plan.run_date)
        return manifest

    def _todo(self) -> list[Todo]:
        """The shards with rows to work, by number."""
        plan, redo = self.begun.plan, self.begun.redo
        known = known_shards(self.store, plan.workplace)
        every = enumerate(plan.shard_rows)
        redone = ((shard, len(ids)) for shard, ids in sorted((redo or {}).items()))
        counted = every if redo is None else redone
        return [_todo(shard, rows, known.get(shard)) for shard, rows in counted if rows]

    def _submit(self, todo: Todo, money: ShardMoney) -> PrefectFuture[Any]:
        """Hand a shard to the task runner; Prefect's own result of it is trusted only if its record says finished."""
        plan = self.begun.plan
        reference = ShardReference(self.place, plan.run, plan.hash, plan.generation, todo.shard, todo.attempt)
        produce = produce_shard.with_options(refresh_cache=todo.finished is None)
        return produce.submit(reference, money, self.concurrency)

    def _dealing(self, funds: Funds, rows: int) -> Dealing:
        """What is left now, when no shard is being worked."""
        calls = self.state.calls
        Engine.current().wait(calls.ledger.catch_up())
        return Dealing(funds, calls.ledger.spending, calls.routes, self._landed_usd(), rows)

    def _landed_usd(self) -> float:
        """What earlier generations of this plan have come to; those of plans that it replaced do not count."""
        if self.begun.redo is None:
            return 0.0
        spent = (self.begun.manifest or {}).get("usd", {}).get("spent") or 0.0
        seen = self.state.calls.ledger.spending.landed_usd  # at least: calls are not kept for ever
        return max(seen, spent - (self.begun.plan.replaced_usd or 0.0))

    def _refuse_unknown_spend(self, funds: Funds) -> None:
        """Calls of unknown price, made before the run had this limit, stand in no table yet."""
        unpriced, routes = self.state.calls.ledger.spending.unpriced, self.state.calls.routes
        limited = {model for name in funds.limits_usd for model in models_of(name, routes)}
        if unpriced if funds.budget_usd is not None else unpriced & limited:
            refuse_unknown_spend(self.begun.plan.run)

    def _snapshot(self, rows: int) -> Snapshot:
        counters = self.state.calls.counters
        return Snapshot(
            rows=rows,
            rows_done=min(rows, self.state.rows_done + self.rows_elsewhere),
            calls=counters.calls,
            cached=counters.cached,
            failed=counters.failed,
            in_flight=counters.in_flight,
            tokens=counters.tokens_in + counters.tokens_out,
            usd=counters.usd,
            seconds=time.monotonic() - self.began,
        )


def _todo(shard: int, rows: int, known: KnownShard | None) -> Todo:
    if known is None:
        return Todo(shard, rows, 1, None)
    return Todo(shard, rows, known.attempt + (known.finished is None), known.finished)


def _taken(ended: SimpleQueue[PrefectFuture[Any]]) -> Iterator[PrefectFuture[Any]]:
    """Those that have ended, after a moment's wait for the first.

    Asking each future for its state would be an API call each time: a tenth of a night's CPU time.
    """
    with suppress(Empty):
        yield ended.get(timeout=LOOK_SECONDS)
        while True:
            yield ended.get_nowait()


@contextmanager
def working(store: Store, place: str, begun: Start, concurrency: int) -> Iterator[Shift]:
    """A shift, its journal recovered before and let go after; an error ends the shards that are still worked."""
    engine, plan = Engine.current(), begun.plan
    providers = Catalog.from_frozen(plan.models).providers
    state = run_state(
        engine,
        store,
        plan,
        concurrency=concurrency,
        key_of=lambda name: key_of(providers[name]),
        patience=Patience(),
    )
    shift = Shift(store, place, begun, state, concurrency)
    try:
        yield shift
    finally:
        try:
            engine.wait(state.stop(journal_is_landed=shift.committed))
        finally:
            engine.forget_run(state_key(store, plan))
