"""CSV as people make it: read line by line, a broken row costs that row only.

Comma, semicolon or tab: the one under which the first line names most declared columns, comma
where that decides nothing. Quoting is RFC 4180's. Memory holds one row, whatever the file's size.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Final

from tasks.storing.errors import UserError
from tasks.storing.raw_rows import RAW_BYTES, RawRow, not_utf8, require_columns, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.storing.columns import Column

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_HEADER_BYTES: Final = 1 << 20

# The reader bounds a row before the csv module sees it; the module's own bound is 128 kB a cell.
csv.field_size_limit(2**31 - 1)


def read_csv(
    file: BinaryIO, where: str, columns: Mapping[str, Column], max_row_bytes: int
) -> Iterator[RawRow]:
    """Every row after the header, in order; empty lines are no rows.

    Raises:
        UserError: no header, an unreadable one, or a required column is missing.
    """
    lines = _Lines(file, _HEADER_BYTES)
    first = lines.take().removeprefix(_BOM)
    delimiter, names = _header(first, where, columns)
    require_columns(names, columns, where)
    lines.max_row_bytes = max_row_bytes
    while line := lines.take():
        number = lines.number
        if line.strip():
            yield replace(_row(line, lines, delimiter, names), line=number)


class _Lines:
    """Physical lines with a step back, and the sizes that keep one row within bounds.

    Attributes:
        number: of the line taken last, counted from 1.
    """

    def __init__(self, file: BinaryIO, max_row_bytes: int) -> None:
        self._file = file
        self._again: deque[bytes] = deque()
        self.max_row_bytes = max_row_bytes
        self.after_broken = False
        self.number = 0
        self._ended = True

    def take(self) -> bytes:
        """The next line, or its first `max_row_bytes + 1` bytes; empty at the end."""
        line = self._again.popleft() if self._again else self._file.readline(self.max_row_bytes + 1)
        self.number += self._ended and bool(line)
        self._ended = line.endswith(b"\n")
        return line

    def give_back(self, lines: list[bytes]) -> None:
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)
        self._ended = self._ended or bool(lines)

    def skip_row(self, begun: list[bytes]) -> None:
        """Reads on to the line on which the quotes of an oversized row are even again."""
        quotes = sum(line.count(b'"') for line in begun)
        last = begun[-1]
        while last and (quotes % 2 or not last.endswith(b"\n")):
            last = self.take()
            quotes += last.count(b'"')


def _header(line: bytes, where: str, columns: Mapping[str, Column]) -> tuple[str, list[str]]:
    if line.startswith(_UTF16) or b"\x00" in line:
        raise UserError("not UTF-8 but UTF-16", where=where, hint="save it as 'CSV UTF-8'")
    try:
        text = line.decode()
        splits = {delimiter: _cells(text, delimiter) for delimiter in ",;\t"}
    except UnicodeDecodeError as error:
        raise UserError(f"the header is {not_utf8(error)}", where=where) from None
    except csv.Error as error:
        raise UserError(f"the header is not CSV: {error}", where=where) from None
    if not text.strip():
        raise UserError("empty: no header with the columns' names", where=where)
    stripped = {each: [cell.strip() for cell in cells] for each, cells in splits.items()}
    delimiter = max(stripped, key=lambda each: len(columns.keys() & set(stripped[each])))
    names = [name or f"column_{n}" for n, name in enumerate(stripped[delimiter], start=1)]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise UserError(f"column {twice[0]!r} appears twice in the header", where=where)
    return delimiter, names


def _row(line: bytes, lines: _Lines, delimiter: str, names: list[str]) -> RawRow:
    """The row that starts with `line`, which may take more lines out of `lines`."""
    taken: list[bytes] = []
    size = 0

    def texts() -> Iterator[str]:
        nonlocal size
        following = line
        while following:
            taken.append(following)
            size += len(following)
            if size > lines.max_row_bytes:
                return
            yield following.decode("utf-8", "surrogateescape")
            following = lines.take()

    try:
        cells = next(csv.reader(texts(), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        if size > lines.max_row_bytes and not _swallowed(taken[1:], delimiter, len(names)):
            lines.skip_row(taken)
            return RawRow({}, b"".join(taken)[:RAW_BYTES], too_large(lines.max_row_bytes))
        lines.give_back(taken[1:])
        lines.after_broken = True
        return RawRow({}, taken[0], _broken(error, taken))
    return _checked(cells, b"".join(taken), lines, names)


def _checked(cells: list[str], raw: bytes, lines: _Lines, names: list[str]) -> RawRow:
    if lines.after_broken and raw.count(b'"') % 2:
        return RawRow({}, raw, "seems to be the rest of the broken row before it")
    lines.after_broken = False
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return RawRow({}, raw, not_utf8(error))
    if len(cells) != len(names):
        return RawRow({}, raw, f"has {len(cells)} cells, the header has {len(names)}")
    filled = (cell if cell and not cell.isspace() else None for cell in cells)
    return RawRow(dict(zip(names, filled, strict=True)), from_text=True)


def _swallowed(following: list[bytes], delimiter: str, width: int) -> bool:
    """Whether an open quote has run over lines that look like rows of the table."""
    sample = following[:5]
    separator = delimiter.encode()
    return width > 1 and bool(sample) and all(line.count(separator) == width - 1 for line in sample)


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _broken(error: BaseException, taken: list[bytes]) -> str:
    if len(taken) > 1 or "end of data" in str(error):
        return "a quoted cell begins here and is not closed properly"
    return "text follows the closing quote of a cell; a quote inside a quoted cell is written twice"
