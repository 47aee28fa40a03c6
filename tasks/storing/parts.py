"""Parts: the Parquet files that tables are made of, written and merged without holding one whole in memory."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.storing.columns_of_rows import rows_to_table
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from tasks.storing.filesystem import Store

JOINED_ROWS = 1000
JOINED_BYTES = 8 << 20
BUFFER_BYTES = 1 << 20
PARTITION = {"ratings": "rated_date"}
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Part:
    """A part as a manifest names it: `sha256` is of the file's bytes, in hex."""

    path: str
    rows: int
    size_bytes: int
    sha256: str


def part_path(table: str, run_date: date, name: str) -> str:
    """Where a table's part of that date lies: `outputs/run_date=2026-01-31/<name>.parquet`."""
    return f"{table}/{PARTITION.get(table, 'run_date')}={run_date.isoformat()}/{name}.parquet"


def write_part(
    store: Store,
    path: str,
    schema: pa.Schema,
    rows: Iterable[Mapping[str, Any]],
    *,
    row_group_rows: int = 256,
    metadata: Mapping[str, str] = NOTHING,
) -> Part:
    """Write rows as they come, a row group at a time; no rows make an empty part with the schema.

    Args:
        rows: a missing key is a null; an aware time is stored as UTC.
        metadata: joins the schema's own in the file.

    Raises:
        ValueError: a row has a key that is no column, or a value that does not fit its column.
    """
    pending = iter(rows)
    groups = iter(lambda: list(islice(pending, row_group_rows)), [])
    return write_batches(
        store, path, schema, (rows_to_table(group, schema) for group in groups), metadata=metadata
    )


def write_batches(
    store: Store,
    path: str,
    schema: pa.Schema,
    batches: Iterable[pa.Table | pa.RecordBatch],
    *,
    metadata: Mapping[str, str] = NOTHING,
) -> Part:
    """Write each batch as one row group; columns that a batch lacks are null, in the schema's order.

    Raises:
        ValueError: a batch has a column that the schema has not.
    """
    labelled = schema.with_metadata({**(schema.metadata or {}), **metadata})
    rows = 0
    with store.open_write(path) as file:
        sink = _Sink(file)
        with (
            pa.BufferedOutputStream(pa.PythonFile(sink, mode="w"), BUFFER_BYTES) as buffer,
            pq.ParquetWriter(buffer, labelled, compression="zstd") as writer,
        ):
            for batch in batches:
                if batch.num_rows:
                    writer.write_table(_fitted(batch, labelled), row_group_size=batch.num_rows)
                    rows += batch.num_rows
    return Part(path, rows, sink.size_bytes, sink.digest.hexdigest())


def merge_parts(
    store: Store,
    path: str,
    schema: pa.Schema,
    sources: Sequence[str],
    *,
    keep: Callable[[pa.Table], pa.Table] | None = None,
    metadata: Mapping[str, str] = NOTHING,
) -> Part:
    """Write the rows of the sources, in order, as one part; small row groups are joined.

    Args:
        sources: parts in the store, opened one after the other; `path` itself may be one.
        keep: gets each row group and returns what shall stand in its place.
    """
    groups = (group for source in sources for group in read_row_groups(store, source))
    kept = groups if keep is None else map(keep, groups)
    return write_batches(store, path, schema, joined_groups(kept), metadata=metadata)


def read_rows(store: Store, path: str, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The part's rows, in order, at most a row group in memory; of all columns unless some are named.

    Raises:
        FileNotFoundError: there is no such part.
        NightpressError: the file is not Parquet.
    """
    for group in read_row_groups(store, path, columns):
        yield from group.to_batches()


def read_row_groups(store: Store, path: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """As `read_rows`, a table for each row group, in order."""
    with closing(store.open_read(path)) as file, _opened(file, f"{store.url}/{path}") as part:
        for number in range(part.num_row_groups):
            yield part.read_row_group(number, columns=columns)


def joined_groups(groups: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in order, small tables put together."""
    waiting: list[pa.Table] = []
    rows = size_bytes = 0
    for group in groups:
        if waiting and (rows + group.num_rows > JOINED_ROWS or size_bytes + group.nbytes > JOINED_BYTES):
            yield pa.concat_tables(waiting, promote_options="default")
            waiting, rows, size_bytes = [], 0, 0
        waiting.append(group)
        rows += group.num_rows
        size_bytes += group.nbytes
    if waiting:
        yield pa.concat_tables(waiting, promote_options="default")


def described(store: Store, path: str) -> Part:
    """The part at `path` as a manifest names it, read whole."""
    content = store.read(path)
    with pq.ParquetFile(io.BytesIO(content)) as part:
        return Part(path, part.metadata.num_rows, len(content), hashlib.sha256(content).hexdigest())


class _Sink:
    """Passes bytes on, counting and hashing; Arrow may close it without closing the store's file."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size_bytes = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.file.write(data)
        self.digest.update(data)
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held here."""

    def close(self) -> None:
        self.closed = True


@contextmanager
def _opened(file: BinaryIO, where: str) -> Iterator[pq.ParquetFile]:
    try:
        part = pq.ParquetFile(file)
    except pa.ArrowInvalid as error:
        raise NightpressError(f"{where} is not a Parquet file: {error}") from error
    with part:
        yield part


def _fitted(batch: pa.Table | pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
    if table.schema.equals(schema):
        return table
    strange = sorted(set(table.schema.names) - set(schema.names))
    if strange:
        raise ValueError(f"not columns of the table: {', '.join(strange)}")
    present = set(table.schema.names)
    columns = [
        table[column.name] if column.name in present else pa.nulls(table.num_rows, column.type)
        for column in schema
    ]
    bare = pa.table(columns, names=schema.names)
    return bare.cast(schema)
