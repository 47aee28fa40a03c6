"""Calls made visible: a run's open parts become one part of `calls` and one key file of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.key_files import KEYS, KEYS_FOLDER, key_groups, key_rows
from tasks.calling.past_calls import OPEN_FOLDER
from tasks.landing.call_sums import CallSums
from tasks.storing.parts import Part, part_path, read_rows, write_batches
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tasks.storing.filesystem import Store


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
        self._seen = {each for path in earlier if path != self.path for each in self._ids(path)}
        self._keys: list[pa.Table] = []
        self._earlier = [path for path in earlier if path != self.path]

    def land(self) -> Part:
        """Write the part, then its key file."""
        for path in self._earlier:
            for batch in read_rows(self.store, path, [*CallSums.COLUMNS, "run"]):
                self.sums.add(self._own(batch))
        part = write_batches(self.store, self.path, CALLS, self._groups())
        labels = {"run": self.run, "part": self.path}
        write_batches(self.store, self.keys_path, KEYS, key_groups(self._keys), metadata=labels)
        return part

    def _groups(self) -> Iterator[pa.Table]:
        number = 0
        for source in self.sources:
            for batch in read_rows(self.store, source):
                table = self._unseen(pa.Table.from_batches([batch]))
                if table.num_rows:
                    self.sums.add(table.select(CallSums.COLUMNS))
                    self._keys.append(key_rows(table, self.path, number).select(KEYS.names))
                    number += 1
                    yield table

    def _unseen(self, table: pa.Table) -> pa.Table:
        fresh = []
        for each in table["call_id"].to_pylist():
            fresh.append(each not in self._seen)
            self._seen.add(each)
        return table if all(fresh) else table.filter(pa.array(fresh))

    def _ids(self, path: str) -> Iterator[str]:
        for batch in read_rows(self.store, path, ["call_id", "run"]):
            yield from self._own(batch)["call_id"].to_pylist()

    def _own(self, batch: pa.RecordBatch) -> pa.Table:
        """This run's rows: housekeeping joins parts of several runs."""
        table = pa.Table.from_batches([batch])
        return table.filter(pc.equal(table["run"], self.run))
