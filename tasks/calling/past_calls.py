"""The calls a store remembers: an index over committed key files and still open parts, and the rows behind it.

    _ledger/keys/….parquet                      calls of committed runs, as `key_files` tells
    _ledger/open/<run>/<worker>-<n>.parquet     calls of runs that have not committed yet; schema CALLS

One per store and process. The index is loaded once and refreshed; text is read on a hit only, a row group at a time.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.kept_groups import KeptGroups
from tasks.calling.key_files import KEYS_FOLDER, finished_calls, key_segments
from tasks.calling.key_index import KeyIndex, Place, Segment, key_prefixes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.storing.filesystem import Store

OPEN_FOLDER = "_ledger/open"
REFRESH_SECONDS = 60.0
INDEXED_COLUMNS = ["key", "status", "error_kind", "cached", "finished_at"]
LISTINGS = 5


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
        self._numbers: dict[KnownPart, int] = {}
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
            for _ in range(LISTINGS):
                if self._load():
                    break
            self.refreshed_at = began

    def _load(self) -> bool:
        """Index what is listed and not known; False if some of it was gone by then.

        What has gone was written elsewhere before (landed, or joined with others), so a new listing shows it.
        """
        keys, calls = self._unknown(KEYS_FOLDER), self._unknown(OPEN_FOLDER)
        found: list[Segment] = []
        gone = 0
        for path in [*keys, *calls]:
            try:
                found += self._segments_in(path)
            except FileNotFoundError:
                gone += 1
        self._index.add(found)
        self._loaded.update(keys, calls)
        return not gone

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
        part = KnownPart(path, run)
        if part not in self._numbers:
            self.parts.append(part)
            self._numbers[part] = len(self.parts) - 1
        self._gone.pop(self._numbers[part], None)
        return self._numbers[part]

    def _segments_in(self, path: str) -> Iterator[Segment]:
        if path.startswith(KEYS_FOLDER):
            return key_segments(self.store, path, self._number)
        return self._calls_in(path)

    def _calls_in(self, path: str) -> Iterator[Segment]:
        run = path.removeprefix(OPEN_FOLDER + "/").split("/")[0]
        with self.store.open_read(path) as file, pq.ParquetFile(file) as part:
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
