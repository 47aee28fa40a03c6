"""Row groups of past calls, decoded once and kept while they are wanted, the longest unused forgotten first."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

KEPT_BYTES = 48 * 1024 * 1024
READ_COLUMNS = [
    "call_id", "key", "run", "provider", "host", "model", "model_id", "response", "finish_reason", "status", "attempts",
    "error_kind", "error", "tokens_in", "tokens_out", "tokens_cached", "usd", "usd_failed", "usd_estimated", "seconds",
    "simulated", "started_at", "finished_at",
]  # fmt: skip
At = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Decoded rows of one row group, and which row holds which key."""

    table: pa.Table
    rows: dict[str, list[int]]
    size_bytes: int


class KeptGroups:
    """Reads on worker threads; who wants a row group that is being read waits for it. One event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[At, RowGroup] = OrderedDict()
        self._reading: dict[At, asyncio.Task[RowGroup | None]] = {}
        self._kept_bytes = 0

    async def rows(self, path: str, row_group: int, key: str) -> list[dict[str, Any]] | None:
        """The rows with this key (READ_COLUMNS); None if the part, or the row group in it, is gone or no Parquet.

        Raises:
            OSError, UserError: the store cannot be read.
        """
        at = (path, row_group)
        group = self._kept.get(at)
        if group is None:
            group = await self._read(at)
            if group is None:
                return None
        else:
            self._kept.move_to_end(at)
        return [row for number in group.rows.get(key, []) for row in group.table.slice(number, 1).to_pylist()]

    async def _read(self, at: At) -> RowGroup | None:
        if at not in self._reading:
            task = asyncio.create_task(asyncio.to_thread(_row_group, self._store, *at))
            task.add_done_callback(lambda done: self._keep(at, done))
            self._reading[at] = task
        return await asyncio.shield(self._reading[at])

    def _keep(self, at: At, done: asyncio.Task[RowGroup | None]) -> None:
        del self._reading[at]
        group = None if done.cancelled() or done.exception() else done.result()
        if group is None:
            return
        self._kept[at] = group
        self._kept_bytes += group.size_bytes
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= oldest.size_bytes


def _row_group(store: Store, path: str, number: int) -> RowGroup | None:
    try:
        with store.open_read(path) as file, pq.ParquetFile(file) as part:
            if number >= part.num_row_groups:  # the part was written anew since it was indexed
                return None
            table = part.read_row_group(number, columns=READ_COLUMNS)
    except (FileNotFoundError, pa.ArrowInvalid):
        return None
    rows: dict[str, list[int]] = {}
    for at, key in enumerate(table["key"].to_pylist()):
        rows.setdefault(key, []).append(at)
    return RowGroup(table, rows, table.nbytes)
