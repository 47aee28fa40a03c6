"""The calls a store remembers: an index over committed key files and still open parts, and the rows behind it.

    _ledger/keys/<run>-g<generation>.parquet    one row per finished call of a committed run; schema KEYS
    _ledger/open/<run>/<worker>-<n>.parquet     calls of runs that have not committed yet; schema CALLS

One per store and process. The index is loaded once and refreshed; text is read on a hit only, a row group at a time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.key_index import KeyIndex, Place, key_prefixes

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

KEYS_FOLDER = "_ledger/keys"
OPEN_FOLDER = "_ledger/open"
REFRESH_SECONDS = 60.0
KEPT_BYTES = 48 * 1024 * 1024
INDEXED_COLUMNS = ["key", "status", "error_kind", "cached", "finished_at"]
READ_COLUMNS = [
    "call_id", "key", "run", "provider", "host", "model", "model_id", "response", "finish_reason", "status", "attempts",
    "error_kind", "error", "tokens_in", "tokens_out", "tokens_cached", "usd", "usd_failed", "usd_estimated", "seconds",
    "simulated", "started_at", "finished_at",
]  # fmt: skip
FINISHED_FAILURES = ["refusal", "empty", "content_filter"]

KEYS = pa.schema(
    [
        ("key", pa.binary(32)),
        ("call_id", pa.string()),
        ("part", pa.dictionary(pa.int32(), pa.string())),
        ("row_group", pa.int32()),
        ("finished_at", pa.timestamp("us", tz="UTC")),
    ],
    metadata={b"schema_version": b"1"},
)


@dataclass(frozen=True, slots=True)
class KnownPart:
    """A part with calls in it, and the run that made them."""

    path: str
    run: str


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Decoded rows of one row group, and which row holds which key."""

    table: pa.Table
    rows: dict[str, list[int]]


class PastCalls:
    """Look-ups in everything a store's runs have paid for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.parts: list[KnownPart] = []
        self._index = KeyIndex()
        self._numbers: dict[str, int] = {}
        self._loaded: set[str] = set()
        self._read: OrderedDict[tuple[int, int], asyncio.Task[RowGroup | None]] = OrderedDict()
        self._read_bytes = 0
        self._refreshed_at = -1e9

    def __len__(self) -> int:
        return len(self._index)

    def refresh(self, *, older_than: float = REFRESH_SECONDS) -> None:
        """Index what other processes and past runs have added, unless that was done less than `older_than` s ago."""
        if monotonic() - self._refreshed_at < older_than:
            return
        for path in self.store.list(KEYS_FOLDER):
            if path not in self._loaded:
                self._load_keys(path)
        for path in self.store.list(OPEN_FOLDER):
            if path not in self._loaded:
                self._load_open(path)
        self._refreshed_at = monotonic()

    def number(self, path: str, run: str) -> int:
        """The number under which the index knows a part."""
        if path not in self._numbers:
            self._numbers[path] = len(self.parts)
            self.parts.append(KnownPart(path, run))
        return self._numbers[path]

    def add(self, path: str, run: str, table: pa.Table, row_groups: np.ndarray[Any, Any]) -> None:
        """Index the finished, paid calls of `table` (the columns of INDEXED_COLUMNS); one row group per row."""
        self._loaded.add(path)
        wanted = np.flatnonzero(finished_calls(table).to_numpy(zero_copy_only=False))
        keys = b"".join(bytes.fromhex(key) for key in table["key"].take(pa.array(wanted)).to_pylist())
        finished = pc.cast(table["finished_at"], pa.int64()).to_numpy()[wanted]
        part = np.full(len(wanted), self.number(path, run), dtype=np.int32)
        self._index.add(key_prefixes(keys), part, row_groups[wanted].astype(np.int32), finished)

    def places(self, key: bytes) -> list[Place]:
        """Where rows with this key may be, latest first."""
        return self._index.places(key)

    async def rows(self, place: Place, key: str) -> list[dict[str, Any]]:
        """The rows with this key in the place's row group (READ_COLUMNS); [] if the part is gone."""
        at = (place.part, place.row_group)
        if at not in self._read:
            self._read[at] = asyncio.create_task(asyncio.to_thread(self._row_group, *at))
        self._read.move_to_end(at)
        group = await asyncio.shield(self._read[at])
        if group is None:
            self._read.pop(at, None)
            return []
        self._forget_oldest()
        return [row for at in group.rows.get(key, []) for row in group.table.slice(at, 1).to_pylist()]

    def _row_group(self, part: int, row_group: int) -> RowGroup | None:
        try:
            with self.store.open_read(self.parts[part].path) as file:
                table = pq.ParquetFile(file).read_row_group(row_group, columns=READ_COLUMNS)
        except FileNotFoundError:
            return None
        rows: dict[str, list[int]] = {}
        for at, key in enumerate(table["key"].to_pylist()):
            rows.setdefault(key, []).append(at)
        return RowGroup(table, rows)

    def _forget_oldest(self) -> None:
        while len(self._read) > 1 and self._kept_bytes() > KEPT_BYTES:
            self._read.popitem(last=False)

    def _kept_bytes(self) -> int:
        groups = [task.result() for task in self._read.values() if task.done() and not task.exception()]
        return sum(group.table.nbytes for group in groups if group is not None)

    def _load_keys(self, path: str) -> None:
        with self.store.open_read(path) as file:
            parquet = pq.ParquetFile(file)
            metadata = parquet.schema_arrow.metadata or {}
            part = self.number(metadata[b"part"].decode(), metadata[b"run"].decode())
            for batch in parquet.iter_batches(65536, columns=["key", "row_group", "finished_at"]):
                count = len(batch)
                keys = batch["key"].buffers()[1].slice(batch["key"].offset * 32, count * 32).to_pybytes()
                finished = batch["finished_at"].cast(pa.int64()).to_numpy()
                parts = np.full(count, part, dtype=np.int32)
                self._index.add(key_prefixes(keys), parts, batch["row_group"].to_numpy(), finished)
        self._loaded.add(path)

    def _load_open(self, path: str) -> None:
        run = path.removeprefix(OPEN_FOLDER + "/").split("/")[0]
        try:
            with self.store.open_read(path) as file:
                parquet = pq.ParquetFile(file)
                for number in range(parquet.num_row_groups):
                    table = parquet.read_row_group(number, columns=INDEXED_COLUMNS)
                    self.add(path, run, table, np.full(len(table), number))
        except FileNotFoundError:
            return  # landed meanwhile: its key file says where


def finished_calls(table: pa.Table) -> pa.ChunkedArray:
    """One bool per row: the call was paid for and has an outcome that asking again would not change."""
    outcome = pc.or_(
        pc.equal(table["status"], "ok"),
        pc.fill_null(pc.is_in(table["error_kind"], value_set=pa.array(FINISHED_FAILURES)), False),
    )
    return pc.and_(outcome, pc.invert(pc.fill_null(table["cached"], False)))
