"""Calls made visible: a run's open parts become one part of `calls` and one key file of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.key_files import KEYS, KEYS_FOLDER, key_groups, key_rows
from tasks.calling.past_calls import OPEN_FOLDER
from tasks.landing.call_sums import CallSums
from tasks.landing.critical_path import RowCalls
from tasks.landing.labels import Labels
from tasks.landing.spend_sums import COLUMNS as SPEND_COLUMNS
from tasks.landing.spend_sums import SpendSums
from tasks.storing.parts import Part, part_path, read_rows, write_batches
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tasks.storing.filesystem import Store

SUM_COLUMNS = list(dict.fromkeys([*CallSums.COLUMNS, *SPEND_COLUMNS, *RowCalls.COLUMNS]))
ID_COLUMNS = ["call_id", "cached", "finished_at"]


class Landing:
    """One pass over the open parts of a run.

    A call that stands in two of them (a replay met its hit again) is landed once. One that an earlier generation paid
    for and this one had to pay again, as its key or its text is kept no more, is another call, with an id of its own.
    The part's name is the same in every try, so a commit that was killed leaves nothing double.
    """

    def __init__(
        self,
        store: Store,
        run: str,
        run_date: date,
        generation: int,
        earlier: list[str],
        labels: Labels | None = None,
    ) -> None:
        """`earlier`: parts of `calls` that former generations of this run landed."""
        self.store = store
        self.run = run
        self.path = part_path("calls", run_date, f"{run}-g{generation}-0")
        self.keys_path = f"{KEYS_FOLDER}/{run}-g{generation}.parquet"
        self.sources = store.list(f"{OPEN_FOLDER}/{run}")
        self.sums = CallSums(labels or Labels())
        self.spend = SpendSums()
        self.row_calls = RowCalls()
        self._keys: list[pa.Table] = []
        self._earlier = [path for path in earlier if path != self.path]
        self._paid: dict[str, int] = {}  # by earlier generations: call_id → when it finished
        self._seen: set[str] = set()
        for path in self._earlier:
            self._take_in(path)

    def land(self) -> Part:
        """Write the part, then its key file."""
        for path in self._earlier:
            for batch in read_rows(self.store, path, [*SUM_COLUMNS, "run"]):
                self._sum_up(self._own(batch))
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
                    self._sum_up(table)
                    self._keys.append(key_rows(table, self.path, number).select(KEYS.names))
                    number += 1
                    yield table

    def _sum_up(self, calls: pa.Table) -> None:
        self.sums.add(calls.select(CallSums.COLUMNS))
        self.spend.add(calls.select(SPEND_COLUMNS))
        self.row_calls.add(calls.select(RowCalls.COLUMNS))

    def _unseen(self, table: pa.Table) -> pa.Table:
        fresh, ids = [], []
        for each, cached, finished in _ids(table):
            again = not cached and finished is not None and self._paid.get(each, finished) != finished
            ids.append(f"{each}-{finished:x}" if again else each)
            fresh.append(ids[-1] not in self._seen)
            self._seen.add(ids[-1])
        if ids != table["call_id"].to_pylist():
            place = table.schema.get_field_index("call_id")
            table = table.set_column(place, table.schema.field(place), pa.array(ids, pa.string()))
        return table if all(fresh) else table.filter(pa.array(fresh))

    def _take_in(self, path: str) -> None:
        for batch in read_rows(self.store, path, [*ID_COLUMNS, "run"]):
            for each, cached, finished in _ids(self._own(batch)):
                self._seen.add(each)
                if not cached and finished is not None:
                    self._paid[each] = finished

    def _own(self, batch: pa.RecordBatch) -> pa.Table:
        """This run's rows: housekeeping joins parts of several runs."""
        table = pa.Table.from_batches([batch])
        return table.filter(pc.equal(table["run"], self.run))


def _ids(table: pa.Table) -> Iterator[tuple[str, bool | None, int | None]]:
    """call_id, cached, and when it finished in microseconds, of each row."""
    columns = [table[name] for name in ID_COLUMNS]
    columns[2] = pc.cast(columns[2], pa.int64())
    return zip(*(column.to_pylist() for column in columns), strict=True)
