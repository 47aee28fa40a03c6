"""What one run has paid so far, whoever of its processes paid it: by request, and by shard and model. USD.

A process counts its own calls as they end, others' as their open parts appear in the store, each part once. A call that
was started and never ended counts as soon as somebody has recovered its journal.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.past_calls import OPEN_FOLDER
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from tasks.storing.filesystem import Store

COLUMNS = ["run", "request_id", "arm", "model", "usd", "usd_failed", "started_at"]
MADE = "made"
STARTED = CALLS.field("started_at").type


class Spending:
    """Args:
        worker: this process, whose own parts are not read: `add` has counted them.
        shard_of: request id → number of its shard.

    Attributes:
        usd: of all calls that stand in open parts or are this process's own.
        by_request: request id → USD of the recipe's own calls, those of earlier generations included.
        by_shard: shard → model → USD, likewise.
        landed_usd: of the calls that `add_landed` found.
        since: calls that started before are another plan's, and count nothing; None: all are this one's.
        unpriced: models of calls of which nobody knows the cost, likewise.
    """

    def __init__(self, store: Store, run: str, worker: str, shard_of: Callable[[str], int]) -> None:
        self.usd = 0.0
        self.calls = 0
        self.by_request: dict[str, float] = defaultdict(float)
        self.by_shard: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.landed_usd = 0.0
        self.since: datetime | None = None
        self.unpriced: set[str] = set()
        self._store = store
        self._run = run
        self._own = f"{OPEN_FOLDER}/{run}/{worker}-"
        self._shard_of = shard_of
        self._seen: set[str] = set()
        self._reading = asyncio.Lock()

    def add(self, row: dict[str, Any]) -> None:
        """Count one call."""
        usd = (row["usd"] or 0.0) + (row.get("usd_failed") or 0.0)
        self.usd += usd
        self.calls += 1
        self._note(row, usd)

    def recovered(self) -> None:
        """Count what is in the store by now; for when no event loop uses this yet."""
        for row in self._read_new():
            self.add(row)

    async def refresh(self) -> None:
        """Count what other processes have uploaded since the last time."""
        async with self._reading:
            for row in await asyncio.to_thread(self._read_new):
                self.add(row)

    def add_landed(self, paths: Iterable[str]) -> None:
        """Count the run's calls of earlier generations by request and shard; their sum is in the run's manifest."""
        for path in paths:
            with suppress(FileNotFoundError):  # calls are not kept for ever
                for row in self._rows(path):
                    usd = (row["usd"] or 0.0) + (row["usd_failed"] or 0.0)
                    self.landed_usd += usd
                    self._note(row, usd)

    def of_shard(self, shard: int, models: Iterable[str] | None = None) -> float:
        """What a shard's rows have cost; of these models only, if any are given."""
        paid = self.by_shard.get(shard, {})
        return sum(paid.values()) if models is None else sum(paid.get(model, 0.0) for model in models)

    def _read_new(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for path in self._store.list(f"{OPEN_FOLDER}/{self._run}"):
            if path not in self._seen and not path.startswith(self._own):
                rows += self._rows(path)
                self._seen.add(path)
        return rows

    def _note(self, row: dict[str, Any], usd: float) -> None:
        if row["usd"] is None:
            self.unpriced.add(row["model"])
        if usd:
            if row.get("arm") in (MADE, None):
                self.by_request[row["request_id"]] += usd
            self.by_shard[self._shard_of(row["request_id"])][row["model"]] += usd

    def _rows(self, path: str) -> list[dict[str, Any]]:
        with self._store.open_read(path) as file:
            table = pq.read_table(file, columns=COLUMNS)
        if self.since is not None:
            table = table.filter(pc.greater_equal(table["started_at"], pa.scalar(self.since, STARTED)))
        rows: list[dict[str, Any]] = table.filter(pc.equal(table["run"], self._run)).to_pylist()
        return rows
