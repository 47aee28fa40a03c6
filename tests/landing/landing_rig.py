"""Nights without Prefect: a wish, its start, its shards and its commit, on a local store and a simulated provider."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow.parquet as pq

from tasks.calling.catalog import load_catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import ShardMoney
from tasks.landing.commit import Commit
from tasks.landing.run_state import RunState, run_state, state_key
from tasks.landing.shards import work_shard
from tasks.landing.starting import Start, Wish, start
from tasks.patterns.recipe import load_recipe
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.landing.shard_records import ShardRecord
    from tasks.storing.filesystem import Store

NIGHT = date(2026, 1, 31)
PATIENCE = Patience(call_seconds=5, total_seconds=5, attempts=2, longest_pause_seconds=0.01)
RECIPE = """
recipe: short
version: 1
about: Two steps
request:
  topic: {type: str}
make:
  pipeline:
    - name: outline
      ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}
    - name: draft
      ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }} from {{ outline }}"}
"""
MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  one: {{provider: sim, id: one, price: {{input: 100, output: 200}}}}
"""


@dataclass
class Rig:
    """One store and one models file; `folder` is for request tables."""

    store: Store
    url: str
    folder: Path
    recipe: str = RECIPE
    states: list[RunState] = field(default_factory=list)

    def table(self, topics: dict[str, str], *broken: str) -> str:
        """A request table: request id → topic, then lines as they are."""
        path = self.folder / "requests.jsonl"
        lines = [orjson.dumps({"request_id": each, "topic": topic}) for each, topic in topics.items()]
        path.write_bytes(b"\n".join([*lines, *(line.encode() for line in broken)]) + b"\n")
        return str(path)

    def wish(self, requests: str, **changes: Any) -> Wish:
        """A wish for NIGHT, under the name `night`, with changes."""
        recipe, catalog = load_recipe(self.recipe), load_catalog(MODELS.format(url=self.url))
        return replace(Wish("night", NIGHT, requests, recipe, catalog), **changes)

    def begin(self, requests: str, **changes: Any) -> Start:
        return start(self.store, self.wish(requests, **changes))

    def state(self, begun: Start) -> RunState:
        """The run's state in this process, made anew as a new process would."""
        engine = Engine.current()
        engine.forget_run(state_key(self.store, begun.plan))
        state = run_state(
            engine, self.store, begun.plan, concurrency=20, key_of=lambda _: None, patience=PATIENCE
        )
        self.states.append(state)
        return state

    def produce(self, begun: Start, *, attempt: int = 1, allowance: float | None = None) -> list[ShardRecord]:
        """Every shard worked to its record, uploaded, the process's state let go."""
        state = self.state(begun)
        shards = begun.redo or [shard for shard, rows in enumerate(begun.plan.shard_rows) if rows]
        try:
            return [
                Engine.current().wait(work_shard(state, shard, attempt, self.money(state, shard, allowance)))
                for shard in sorted(shards)
            ]
        finally:
            Engine.current().wait(state.stop(journal_is_landed=False))

    def money(self, state: RunState, shard: int, allowance: float | None) -> ShardMoney:
        """An allowance for what is still to be paid."""
        return ShardMoney(allowance, state.calls.ledger.spending.of_shard(shard))

    def commit(self, begun: Start, records: list[ShardRecord], *, max_failed: float = 0.1) -> dict[str, Any]:
        redone = None if begun.redo is None else frozenset().union(*begun.redo.values())
        return Commit(self.store, begun.plan, records, redone, max_failed).run()

    def night(self, requests: str, *, allowance: float | None = None, **changes: Any) -> dict[str, Any]:
        """A whole night; its manifest."""
        begun = self.begin(requests, **changes)
        assert begun.way != "done"
        return self.commit(begun, self.produce(begun, allowance=allowance))

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Every row that a reader of the table sees."""
        return rows_of(self.store, table)


def rows_of(store: Store, table: str) -> list[dict[str, Any]]:
    return [
        row for path in store.list(table) for batch in read_rows(store, path) for row in batch.to_pylist()
    ]


def row_groups(store: Store, path: str) -> list[int]:
    """Rows of each row group of a part."""
    with store.open_read(path) as file:
        part = pq.ParquetFile(file).metadata
        return [part.row_group(number).num_rows for number in range(part.num_row_groups)]
