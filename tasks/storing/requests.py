"""A request table read row by row: each row becomes a `Request` or, with a reason, a `Reject`.

Memory holds one row, or one Parquet batch, and some 150 bytes for each id seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from tasks.storing.columns import coerce
from tasks.storing.csv_rows import read_csv
from tasks.storing.json_rows import read_jsonl
from tasks.storing.parquet_rows import read_parquet
from tasks.storing.raw_rows import raw_json, too_large
from tasks.storing.request_files import format_of, opened, spoken, table_files
from tasks.storing.request_ids import ID_COLUMN, SeenIds, given_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from tasks.storing.columns import Column
    from tasks.storing.raw_rows import RawRow

MAX_ROW_BYTES: Final = 2 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """One row of work.

    Attributes:
        request_id: given, or 16 hex digits made from the declared columns; unique in its table.
        row: data row over the whole table, counted from 1; empty lines do not count.
        values: what templates see as `request`: the declared columns in the recipe's order,
            coerced, then the others as the table has them. Only what JSON can carry.
    """

    request_id: str
    row: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot run.

    Attributes:
        row: as in `Request`; None of one that tonight's table does not hold.
        request_id: where the row gives a usable one.
        reason: in words for the person who made the table.
        raw: the row as JSON text, at most 10 kB.
    """

    row: int | None
    request_id: str | None
    reason: str
    raw: str


def read_requests(
    source: str,
    columns: Mapping[str, Column],
    *,
    run_date: date,
    max_row_bytes: int = MAX_ROW_BYTES,
    limit: int | None = None,
) -> Iterator[Request | Reject]:
    """Every row of the table, in its order, as the files are read.

    Args:
        source: path, glob, folder or URL (file, s3, http, https); `{run_date}` is filled in.
        columns: the recipe's declared columns, by name.
        run_date: the night the run is for.
        max_row_bytes: a larger row is rejected.
        limit: stop after this many requests; rejects on the way do not count.

    Raises:
        UserError: no such table, unreadable, or a column without default is nowhere in a file.
    """
    ids = SeenIds()
    row = made = 0
    for path in table_files(source, run_date) if limit != 0 else []:
        with opened(path) as file:
            for raw_row in _raw_rows(path, file, columns, max_row_bytes):
                row += 1
                read = _read(raw_row, row, columns, ids, max_row_bytes)
                yield read
                made += isinstance(read, Request)
                if made == limit:
                    return


def canonical(values: Mapping[str, Any]) -> bytes:
    """The same bytes for the same values, whatever their order: JSON with sorted keys.

    Raises:
        TypeError: something JSON cannot carry.
    """
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def request_hash(values: Mapping[str, Any]) -> str:
    """sha256 of all values in hex: changes when a request does, so `--only changed` can tell."""
    return sha256(canonical(values)).hexdigest()


def _raw_rows(
    path: str, file: BinaryIO, columns: Mapping[str, Column], max_row_bytes: int
) -> Iterator[RawRow]:
    match format_of(path):
        case ".csv":
            return read_csv(file, spoken(path), columns, max_row_bytes)
        case ".parquet":
            return read_parquet(file, spoken(path), columns)
        case _:
            return read_jsonl(file, spoken(path), columns, max_row_bytes)


def _read(
    raw_row: RawRow, row: int, columns: Mapping[str, Column], ids: SeenIds, max_row_bytes: int
) -> Request | Reject:
    request_id: str | None = None
    try:
        if raw_row.fault:
            raise ValueError(raw_row.fault)
        request_id = given_id(raw_row.cells)
        declared = {name: _value(name, column, raw_row) for name, column in columns.items()}
        values = declared | {
            name: value for name, value in raw_row.cells.items() if name not in columns and name != ID_COLUMN
        }
        if len(canonical(values)) > max_row_bytes:
            raise ValueError(too_large(max_row_bytes))
        if request_id is None:
            return Request(ids.make(canonical(declared), row), row, values)
        ids.take(request_id, row)
    except (ValueError, TypeError) as error:
        return Reject(row, request_id, str(error), raw_json(raw_row))
    return Request(request_id, row, values)


def _value(name: str, column: Column, raw_row: RawRow) -> Any:
    value = raw_row.cells.get(name)
    if value is None:
        if column.required:
            raise ValueError(f"missing value in column {name!r}")
        return column.default
    try:
        return coerce(value, column, from_text=raw_row.from_text)
    except ValueError as error:
        raise ValueError(f"column {name!r} {error}") from None
