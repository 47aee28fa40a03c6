"""The middle of a night: shards handed to the task runner in a sliding window, then the commit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prefect.futures import PrefectFuture, wait

from blocks.places import key_of
from flows.night_progress import Progress, Snapshot
from tasks.calling.catalog import Catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import Allowances
from tasks.landing.commit import Commit
from tasks.landing.run_state import RunState, run_state, state_key
from tasks.landing.shards import ShardRecord, finished_record
from tasks.landing.starting import Start
from tasks.produce_shard import ShardReference, produce_shard
from tasks.storing.filesystem import Store

SHARDS_AT_ONCE = 3
LOOK_SECONDS = 0.25


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

    def produce(self, budget: float | None) -> list[ShardRecord]:
        """Work every shard; one record each."""
        todo = self._shards()
        rows = sum(rows for _, rows in todo)
        allowances = Allowances(budget, self._spent(), rows)
        progress = Progress(self.begun.plan.run)
        running: dict[PrefectFuture[Any], tuple[int, float | None]] = {}
        records: list[ShardRecord] = []
        waiting = list(reversed(todo))
        while waiting or running:
            while waiting and len(running) < SHARDS_AT_ONCE:
                shard, shard_rows = waiting.pop()
                allowance = allowances.give(shard_rows)
                running[self._submit(shard, allowance)] = (shard_rows, allowance)
            done, _ = wait(list(running), timeout=LOOK_SECONDS)
            for future in done:
                _, allowance = running.pop(future)
                record = ShardRecord.model_validate(future.result())
                records.append(record)
                allowances.take_back(allowance, record.usd)
                if record.worker != self.state.worker:
                    self.rows_elsewhere += record.rows
            progress.tell(self._snapshot(rows))
        return sorted(records, key=lambda record: record.shard)

    def commit(self, records: list[ShardRecord], max_failed: float) -> dict[str, Any]:
        """Land everything; returns the manifest."""
        Engine.current().wait(self.state.calls.ledger.upload())
        redo = self.begun.redo
        redone = None if redo is None else frozenset(each for ids in redo.values() for each in ids)
        manifest = Commit(self.store, self.begun.plan, records, redone, max_failed).run()
        self.committed = True
        return manifest

    def _shards(self) -> list[tuple[int, int]]:
        """The shards with rows to work, and how many."""
        if self.begun.redo is not None:
            return sorted((shard, len(ids)) for shard, ids in self.begun.redo.items())
        return [(shard, rows) for shard, rows in enumerate(self.begun.plan.shard_rows) if rows]

    def _submit(self, shard: int, allowance: float | None) -> PrefectFuture[Any]:
        plan = self.begun.plan
        known = finished_record(self.store, plan.workplace, shard)
        finished = known is not None and not known.retryable and not known.deferred
        attempt = 1 if known is None else known.attempt + (not finished)
        reference = ShardReference(self.place, plan.run, plan.hash, plan.generation, shard, attempt)
        produce = produce_shard.with_options(refresh_cache=not finished)
        return produce.submit(reference, allowance, self.concurrency)

    def _spent(self) -> float:
        landed = (self.begun.manifest or {}).get("usd", {}).get("spent") or 0.0
        return float(landed) + self.state.calls.ledger.spent()[0]

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


@contextmanager
def working(store: Store, place: str, begun: Start, concurrency: int) -> Iterator[Shift]:
    """A shift, its journal recovered before and let go after."""
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
        engine.forget_run(state_key(store, plan))
        engine.wait(state.stop(journal_is_landed=shift.committed))
