"""The calls a store remembers: an index over committed key files and still open parts, and the rows behind it.

    _ledger/keys/<run>-g<generation>.parquet    one row per finished call of a committed run; schema KEYS
    _ledger/open/<run>/<worker>-<n>.parquet     calls of runs that have not committed yet; schema CALLS

One per store and process. The index is loaded once and refreshed; text is read on a hit only, a row group at a time.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.kept_groups import KeptGroups
from tasks.calling.key_index import KeyIndex, Place, Segment, key_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.storing.filesystem import Store

KEYS_FOLDER = "_ledger/keys"
OPEN_FOLDER = "_ledger/open"
REFRESH_SECONDS = 60.0
INDEXED_COLUMNS = ["key", "status", "error_kind", "cached", "finished_at"]
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


class PastCalls:
    """Look-ups in everything a store's runs have paid for.

    Attributes:
        refreshed_at: when the last refresh that has ended began, on the monotonic clock.

    `places` and `rows` are for the event loop; `refresh` and `add` are for other threads: they wait for the store and
    for one another.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.parts: list[KnownPart] = []
        self._index = KeyIndex()
        self._groups = KeptGroups(store)
        self._changing = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._loaded: set[str] = set()
        self._gone: dict[int, float] = {}
        self.refreshed_at = -1e9

    def __len__(self) -> int:
        return len(self._index)

    def refresh(self, *, older_than: float = REFRESH_SECONDS) -> None:
        """Index what other processes and past runs have added, unless that was done less than `older_than` s ago."""
        self.refresh_unless_since(monotonic() - older_than)

    def refresh_unless_since(self, moment: float) -> None:
        """As `refresh`; `moment` is on the monotonic clock."""
        with self._changing:
            if self.refreshed_at > moment:
                return
            began = monotonic()
            keys, calls = self._unknown(KEYS_FOLDER), self._unknown(OPEN_FOLDER)
            found = [segment for path in keys for segment in self._keys_in(path)]
            found += [segment for path in calls for segment in self._calls_in(path)]
            self._index.add(found)
            self._loaded.update(keys, calls)
            self.refreshed_at = began

    def add(self, path: str, run: str, table: pa.Table, row_groups: np.ndarray[Any, Any]) -> None:
        """Index the finished, paid calls of `table` (the columns of INDEXED_COLUMNS); one row group per row."""
        with self._changing:
            self._index.add([self._segment(path, run, table, row_groups)])
            self._loaded.add(path)

    def places(self, key: bytes) -> list[Place]:
        """Where rows with this key may be, latest first."""
        return self._index.places(key)

    async def rows(self, place: Place, key: str) -> list[dict[str, Any]] | None:
        """The rows with this key in the place's row group (`kept_groups.READ_COLUMNS`); None if they are gone.

        Raises:
            OSError, UserError: the store cannot be read.
        """
        if place.part in self._gone:
            return None
        rows = await self._groups.rows(self.parts[place.part].path, place.row_group, key)
        if rows is None:
            self._gone.setdefault(place.part, monotonic())
        return rows

    def gone_at(self, place: Place) -> float:
        """When `rows` first found the place's part gone, on the monotonic clock."""
        return self._gone.get(place.part, -1e9)

    def _unknown(self, folder: str) -> list[str]:
        return [path for path in self.store.list(folder) if path not in self._loaded]

    def _number(self, path: str, run: str) -> int:
        if path not in self._numbers:
            self.parts.append(KnownPart(path, run))
            self._numbers[path] = len(self.parts) - 1
        self._gone.pop(self._numbers[path], None)
        return self._numbers[path]

    def _keys_in(self, path: str) -> Iterator[Segment]:
        with suppress(FileNotFoundError), self.store.open_read(path) as file, pq.ParquetFile(file) as keys:
            metadata = keys.schema_arrow.metadata or {}
            part = self._number(metadata[b"part"].decode(), metadata[b"run"].decode())
            table = keys.read(columns=["key", "row_group", "finished_at"])
            for batch in table.to_batches():
                count = len(batch)
                prefixes = batch["key"].buffers()[1].slice(batch["key"].offset * 32, count * 32).to_pybytes()
                yield Segment(
                    key_prefixes(prefixes),
                    np.full(count, part, dtype=np.int32),
                    batch["row_group"].to_numpy(),
                    batch["finished_at"].cast(pa.int64()).to_numpy(),
                )

    def _calls_in(self, path: str) -> Iterator[Segment]:
        """Of an open part; none if it was landed meanwhile: its key file says where."""
        run = path.removeprefix(OPEN_FOLDER + "/").split("/")[0]
        with suppress(FileNotFoundError), self.store.open_read(path) as file, pq.ParquetFile(file) as part:
            sizes = [part.metadata.row_group(number).num_rows for number in range(part.num_row_groups)]
            table = part.read(columns=INDEXED_COLUMNS)
            yield self._segment(path, run, table, np.repeat(np.arange(len(sizes)), sizes))

    def _segment(self, path: str, run: str, table: pa.Table, row_groups: np.ndarray[Any, Any]) -> Segment:
        wanted = np.flatnonzero(finished_calls(table).to_numpy(zero_copy_only=False))
        keys = b"".join(bytes.fromhex(key) for key in table["key"].take(pa.array(wanted)).to_pylist())
        return Segment(
            key_prefixes(keys),
            np.full(len(wanted), self._number(path, run), dtype=np.int32),
            row_groups[wanted].astype(np.int32),
            pc.cast(table["finished_at"], pa.int64()).to_numpy()[wanted],
        )


def finished_calls(table: pa.Table) -> pa.ChunkedArray:
    """One bool per row: the call was paid for and has an outcome that asking again would not change."""
    outcome = pc.or_(
        pc.equal(table["status"], "ok"),
        pc.fill_null(pc.is_in(table["error_kind"], value_set=pa.array(FINISHED_FAILURES)), False),
    )
    return pc.and_(outcome, pc.invert(pc.fill_null(table["cached"], False)))
