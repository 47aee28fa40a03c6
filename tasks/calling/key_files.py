"""Key files of the ledger: which finished call stands where, so that the index is loaded without reading any text.

_ledger/keys/<run>-g<generation>.parquet    one row per finished call of a committed run; schema KEYS
_ledger/keys/joined-<id>.parquet            the same of many runs, written by housekeeping; schema JOINED_KEYS
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.key_index import Segment, key_prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tasks.storing.filesystem import Store

KEYS_FOLDER = "_ledger/keys"
KEYS_PER_ROW_GROUP = 65536
FINISHED_FAILURES = ["refusal", "empty", "content_filter"]
READ = ["key", "row_group", "finished_at"]
NAME = pa.dictionary(pa.int32(), pa.string())

KEYS = pa.schema(
    [
        ("key", pa.binary(32)),
        ("call_id", pa.string()),
        ("part", NAME),
        ("row_group", pa.int32()),
        ("finished_at", pa.timestamp("us", tz="UTC")),
    ],
    metadata={b"schema_version": b"1"},
)
JOINED_KEYS = KEYS.append(pa.field("run", NAME))
CALL_COLUMNS = ["key", "call_id", "run", "status", "error_kind", "cached", "finished_at"]


def finished_calls(table: pa.Table) -> pa.ChunkedArray:
    """One bool per row: the call was paid for and has an outcome that asking again would not change."""
    outcome = pc.or_(
        pc.equal(table["status"], "ok"),
        pc.fill_null(pc.is_in(table["error_kind"], value_set=pa.array(FINISHED_FAILURES)), False),
    )
    return pc.and_(outcome, pc.invert(pc.fill_null(table["cached"], False)))


def key_rows(calls: pa.Table, path: str, row_group: int) -> pa.Table:
    """The keys (JOINED_KEYS) of the finished calls in one row group of the part at `path`; takes CALL_COLUMNS."""
    finished = calls.filter(finished_calls(calls))
    count = len(finished)
    keys = [bytes.fromhex(key) for key in finished["key"].to_pylist()]
    columns: list[Any] = [
        pa.array(keys, pa.binary(32)),
        finished["call_id"],
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([path])),
        pa.array(np.full(count, row_group, dtype=np.int32)),
        pc.cast(finished["finished_at"], KEYS.field("finished_at").type),
        pc.dictionary_encode(finished["run"]),
    ]
    return pa.table(columns, schema=JOINED_KEYS)


def key_groups(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Tables of keys as the row groups of a key file."""
    if tables:
        keys = pa.concat_tables(tables).unify_dictionaries()
        for start in range(0, len(keys), KEYS_PER_ROW_GROUP):
            yield keys.slice(start, KEYS_PER_ROW_GROUP)


def key_segments(store: Store, path: str, number_of: Callable[[str, str], int]) -> Iterator[Segment]:
    """The keys in a file, for the index.

    Args:
        number_of: part and run → the number under which the index knows them.

    Raises:
        FileNotFoundError: the file is gone.
    """
    with store.open_read(path) as file, pq.ParquetFile(file) as keys:
        if "run" in keys.schema_arrow.names:
            for group in range(keys.num_row_groups):
                for batch in keys.read_row_group(group, columns=[*READ, "part", "run"]).to_batches():
                    yield _segment(batch, _numbers(batch["part"], batch["run"], number_of))
            return
        labels = keys.schema_arrow.metadata or {}
        number = number_of(labels[b"part"].decode(), labels[b"run"].decode())
        for batch in keys.read(columns=READ).to_batches():
            yield _segment(batch, np.full(len(batch), number, dtype=np.int32))


def _numbers(
    parts: pa.DictionaryArray, runs: pa.DictionaryArray, number_of: Callable[[str, str], int]
) -> np.ndarray[Any, Any]:
    paths, names = parts.dictionary.to_pylist(), runs.dictionary.to_pylist()
    pairs = parts.indices.to_numpy().astype(np.int64) * len(names) + runs.indices.to_numpy()
    distinct, which = np.unique(pairs, return_inverse=True)
    numbers = [number_of(paths[pair // len(names)], names[pair % len(names)]) for pair in distinct]
    return np.array(numbers, dtype=np.int32)[which]


def _segment(batch: pa.RecordBatch, parts: np.ndarray[Any, Any]) -> Segment:
    keys = batch["key"]
    return Segment(
        key_prefixes(keys.buffers()[1].slice(keys.offset * 32, len(batch) * 32).to_pybytes()),
        parts,
        batch["row_group"].to_numpy(),
        batch["finished_at"].cast(pa.int64()).to_numpy(),
    )
