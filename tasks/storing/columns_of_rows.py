"""Rows as dicts into Arrow columns. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def rows_to_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """One column after the other, a null where a row has no such key.

    Raises:
        ValueError: a row has a key that is no column, or a value that does not fit its column.
    """
    known = frozenset(schema.names)
    for row in rows:
        if not known.issuperset(row):
            raise ValueError(f"not columns of the table: {', '.join(sorted(set(row) - known))}")
    return pa.table([_column([row.get(each.name) for row in rows], each) for each in schema], schema=schema)


def _column(values: list[Any], column: pa.Field) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.array(values, type=column.type)
    except UnicodeEncodeError:
        return pa.array([_encodable(value) for value in values], type=column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise ValueError(f"column {column.name!r} ({column.type}): {error}") from error


def _encodable(value: Any) -> Any:
    """The value with `?` for lone surrogates, which models write in JSON escapes and Parquet cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_encodable(each) for each in value)
    return value
