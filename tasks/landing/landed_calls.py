"""Calls made visible: a run's open parts become one part of `calls` and one key file of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.past_calls import KEYS, KEYS_FOLDER, OPEN_FOLDER, finished_calls
from tasks.landing.call_sums import CallSums
from tasks.storing.parts import Part, part_path, read_rows, write_batches
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tasks.storing.filesystem import Store

KEYS_PER_ROW_GROUP = 65536


class Landing:
    """One pass over the open parts of a run.

    A call that stands in two of them (a replay met its hit again) is landed once. The part's name is the same in
    every try, so a commit that was killed leaves nothing double.
    """

    def __init__(self, store: Store, run: str, run_date: date, generation: int, earlier: list[str]) -> None:
        """`earlier`: parts of `calls` that former generations of this run landed."""
        self.store = store
        self.run = run
        self.path = part_path("calls", run_date, f"{run}-g{generation}-0")
        self.keys_path = f"{KEYS_FOLDER}/{run}-g{generation}.parquet"
        self.sources = store.list(f"{OPEN_FOLDER}/{run}")
        self.sums = CallSums()
        self._seen = {each for path in earlier if path != self.path for each in _ids(store, path)}
        self._keys: list[pa.Table] = []
        self._earlier = [path for path in earlier if path != self.path]

    def land(self) -> Part:
        """Write the part, then its key file."""
        for path in self._earlier:
            for batch in read_rows(self.store, path, CallSums.COLUMNS):
                self.sums.add(pa.Table.from_batches([batch]))
        part = write_batches(self.store, self.path, CALLS, self._groups())
        labels = {"run": self.run, "part": self.path}
        write_batches(self.store, self.keys_path, KEYS, self._key_groups(), metadata=labels)
        return part

    def _groups(self) -> Iterator[pa.Table]:
        number = 0
        for source in self.sources:
            for batch in read_rows(self.store, source):
                table = self._unseen(pa.Table.from_batches([batch]))
                if table.num_rows:
                    self.sums.add(table.select(CallSums.COLUMNS))
                    self._keys.append(_keys_of(table, self.path, number))
                    number += 1
                    yield table

    def _unseen(self, table: pa.Table) -> pa.Table:
        fresh = []
        for each in table["call_id"].to_pylist():
            fresh.append(each not in self._seen)
            self._seen.add(each)
        return table if all(fresh) else table.filter(pa.array(fresh))

    def _key_groups(self) -> Iterator[pa.Table]:
        if self._keys:
            keys = pa.concat_tables(self._keys).unify_dictionaries()
            for start in range(0, len(keys), KEYS_PER_ROW_GROUP):
                yield keys.slice(start, KEYS_PER_ROW_GROUP)


def _keys_of(table: pa.Table, path: str, row_group: int) -> pa.Table:
    finished = table.filter(finished_calls(table))
    count = len(finished)
    keys = [bytes.fromhex(key) for key in finished["key"].to_pylist()]
    columns: list[Any] = [
        pa.array(keys, pa.binary(32)),
        finished["call_id"],
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([path])),
        pa.array(np.full(count, row_group, dtype=np.int32)),
        pc.cast(finished["finished_at"], KEYS.field("finished_at").type),
    ]
    return pa.table(columns, schema=KEYS)


def _ids(store: Store, path: str) -> Iterator[str]:
    for batch in read_rows(store, path, ["call_id"]):
        yield from batch["call_id"].to_pylist()
