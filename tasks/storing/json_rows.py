"""JSON Lines: one object a line; a line that is none costs that row only."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn

import orjson

from tasks.storing.raw_rows import RAW_BYTES, RawRow, not_utf8, require_columns, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.storing.columns import Column

_BOM: Final = b"\xef\xbb\xbf"
_LOOK_AHEAD: Final = 20


def read_jsonl(
    file: BinaryIO, where: str, columns: Mapping[str, Column], max_row_bytes: int
) -> Iterator[RawRow]:
    """Every line that is not blank, in order.

    Raises:
        UserError: none of the first 20 objects has a required column.
    """
    rows = _rows(file, max_row_bytes)
    first = list(islice(rows, _LOOK_AHEAD))
    present = {name for row in first for name in row.cells}
    if present:
        require_columns(present, columns, where)
    return chain(first, rows)


def _rows(file: BinaryIO, max_row_bytes: int) -> Iterator[RawRow]:
    bom, number = _BOM, 0
    while line := file.readline(max_row_bytes + 1):
        number += 1
        body = line.removeprefix(bom).strip()
        bom = b""
        if len(line) > max_row_bytes:
            while line and not line.endswith(b"\n"):
                line = file.readline(max_row_bytes)
            yield RawRow({}, body[:RAW_BYTES], too_large(max_row_bytes), line=number)
        elif body:
            yield replace(_row(body), line=number)


def _row(line: bytes) -> RawRow:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return RawRow({}, line, _why(line, error))
    if not isinstance(value, dict):
        return RawRow({}, line, "not a JSON object")
    return RawRow(value, line)


def _why(line: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        json.loads(line.decode(), parse_constant=_refuse)
    except UnicodeDecodeError as undecodable:
        return not_utf8(undecodable)
    except json.JSONDecodeError as plain:
        return f"not valid JSON: {plain.msg} at column {plain.colno}"
    except _NumberError as number:
        return f"{number} is not a JSON number"
    except RecursionError:
        return "not valid JSON: nested too deeply"
    return f"not valid JSON: {error.msg}"


class _NumberError(Exception):
    """NaN or an infinity, as Python and JavaScript print them."""


def _refuse(name: str) -> NoReturn:
    raise _NumberError(name)
