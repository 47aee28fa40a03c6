"""Parquet request tables, a few hundred rows at a time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.storing.errors import UserError
from tasks.storing.raw_rows import RawRow, not_utf8, require_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.storing.columns import Column

_BATCH_ROWS: Final = 256


def read_parquet(file: BinaryIO, where: str, columns: Mapping[str, Column]) -> Iterator[RawRow]:
    """Every row, in order; row sizes are left to the caller, as Parquet has no lines to measure.

    Raises:
        UserError: not a Parquet file, a damaged one, or a required column is missing.
    """
    try:
        parquet = pq.ParquetFile(file)
        names = parquet.schema_arrow.names
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise UserError(f"column {twice[0]!r} appears twice", where=where)
        require_columns(names, columns, where)
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS):
            for cells in _cells(batch):
                yield _row(cells)
    except (pa.ArrowException, OverflowError, ValueError) as error:
        raise UserError(f"cannot be read as Parquet: {error}", where=where) from None


def _cells(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
    except UnicodeDecodeError:
        as_bytes = [
            column.cast(pa.large_binary()) if _is_text(column.type) else column for column in batch.columns
        ]
        rows = pa.RecordBatch.from_arrays(as_bytes, names=batch.schema.names).to_pylist()
    return rows


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _row(cells: dict[str, Any]) -> RawRow:
    plain: dict[str, Any] = {}
    for name, value in cells.items():
        try:
            plain[name] = value if type(value) is str else _plain(value)
        except UnicodeDecodeError as error:
            return RawRow({}, repr(cells).encode(), f"column {name!r} is {not_utf8(error)}")
        except ValueError as error:
            return RawRow({}, repr(cells).encode(), f"column {name!r} {error}")
    return RawRow(plain)


def _plain(value: Any) -> Any:
    """The value as JSON can carry it; dates and times as ISO text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            raise ValueError(f"is {value}, not a finite number")
        return float(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise ValueError(f"is a {type(value).__name__}, which JSON cannot carry")
