"""What a run's processes have put into the store before it commits: open parts of calls, and decisions.

_ledger/open/<run>/<worker>-<n>.parquet     calls
_runs/<run>/decisions/<worker>-<n>.json     decisions
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.calling.past_calls import INDEXED_COLUMNS, OPEN_FOLDER
from tasks.storing.parts import write_part
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.storing.filesystem import Store

ROW_GROUP_ROWS = 256
RECOVERED = b"recovered"
JOURNAL_END = b"journal_end"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """How far a worker's journal is in the store.

    Attributes:
        journal_end: bytes of it.
        number: of the worker's next part.
        recovered: its lost calls are there as well.
    """

    journal_end: int
    number: int
    recovered: bool


def open_part(run: str, worker: str, number: int) -> str:
    """Where a worker's part of that number lies."""
    return f"{OPEN_FOLDER}/{run}/{worker}-{number}.parquet"


def parted(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of calls, and the decisions, among (kind, value) of a journal."""
    calls, decisions = [], []
    for kind, value in lines:
        if kind == "call":
            calls.append(value["row"])
        elif kind == "decision":
            decisions.append(value)
    return calls, decisions


def put_calls(
    store: Store, run: str, worker: str, number: int, calls: list[dict[str, Any]], labels: dict[bytes, str]
) -> pa.Table:
    """Write an open part; returns its INDEXED_COLUMNS."""
    metadata = {"run": run, **{name.decode(): value for name, value in labels.items()}}
    path = open_part(run, worker, number)
    write_part(store, path, CALLS, calls, row_group_rows=ROW_GROUP_ROWS, metadata=metadata)
    schema = pa.schema([CALLS.field(name) for name in INDEXED_COLUMNS])
    columns = [pa.array([row.get(field.name) for row in calls], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def put_decisions(store: Store, run: str, worker: str, number: int, decisions: list[dict[str, Any]]) -> None:
    """Write decisions, if there are any."""
    if decisions:
        store.write(f"_runs/{run}/decisions/{worker}-{number}.json", orjson.dumps(decisions))


def decisions_of(store: Store, run: str) -> list[dict[str, Any]]:
    """Every decision of the run that is in the store, in the order they were made."""
    paths = store.list(f"_runs/{run}/decisions")
    lines = [line for path in paths for line in orjson.loads(store.read(path))]
    return sorted(lines, key=itemgetter("made_at"))


def uploaded(store: Store, run: str, worker: str) -> Uploaded:
    """What the store has of a worker's journal."""
    end, number, recovered = 0, 0, False
    for path in store.list(f"{OPEN_FOLDER}/{run}"):
        owner, its_number = _worker_and_number(path)
        if owner != worker:
            continue
        with store.open_read(path) as file:
            labels = pq.read_schema(file).metadata or {}
        end = max(end, int(labels.get(JOURNAL_END, b"0")))
        number = max(number, its_number + 1)
        recovered = recovered or RECOVERED in labels
    return Uploaded(end, number, recovered)


def _worker_and_number(path: str) -> tuple[str, int]:
    worker, _, number = path.rsplit("/", 1)[1].rsplit(".", 1)[0].rpartition("-")
    return worker, int(number)
