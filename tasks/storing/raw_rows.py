"""A row of a request table before anything is asked of it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tasks.storing.columns import Column

RAW_BYTES: Final = 10_000


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as its file holds it.

    Attributes:
        cells: by column name, in the file's order; an empty CSV cell is None. Empty with a fault.
        raw: the line itself, or its first part; may be empty where there are cells. With cells it
            is the same JSON object.
        fault: why the row cannot be used; empty if nothing is wrong so far.
        from_text: true where every cell is text still (CSV).
        line: where it begins in its file, counted from 1; 0 where a file has no lines (Parquet).
    """

    cells: Mapping[str, Any]
    raw: bytes = b""
    fault: str = ""
    from_text: bool = False
    line: int = 0


def too_large(max_row_bytes: int) -> str:
    return f"larger than {max_row_bytes} bytes"


def not_utf8(error: UnicodeDecodeError) -> str:
    """Names the byte and its place, counted from 1."""
    return f"not UTF-8: byte 0x{error.object[error.start]:02x} at position {error.start + 1}"


def raw_json(row: RawRow) -> str:
    r"""What a reject keeps of its row: JSON text of at most 10 kB.

    An object with the row's cells where there are any, else the line as a JSON string. Bytes that
    are not UTF-8 are spelled `\xe9`; what is too long is cut and then always a JSON string.
    """
    kept = row.raw or orjson.dumps(row.cells)
    if row.cells and len(kept) <= RAW_BYTES:
        return kept.decode()
    text = kept[:RAW_BYTES].decode("utf-8", "backslashreplace")
    while len(spelled := orjson.dumps(text)) > RAW_BYTES:
        text = text[: min(len(text) - 1, len(text) * RAW_BYTES // len(spelled))]
    return spelled.decode()


def require_columns(present: Collection[str], columns: Mapping[str, Column], where: str) -> None:
    """Refuses a table that lacks a column without default.

    Raises:
        UserError: names the column and the closest one that the table has.
    """
    for name, column in columns.items():
        if column.required and name not in present:
            raise UserError(f"no column {name!r}", where=where, hint=near_miss(name, present))
