"""All rows of a table as its readers see them, whatever housekeeping moves meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tasks.storing.errors import NightpressError
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from tasks.storing.filesystem import Store

LISTINGS = 10


def every_row(store: Store, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """These columns of every row; a row that housekeeping just moves may come twice.

    A row moves to a part by a name that never was, so what a part had lost when it was read is in a part that only a
    later listing shows: the last listing shows none that was not read.

    Raises:
        NightpressError: parts went away again and again before they could be read.
    """
    read: set[str] = set()
    for _ in range(LISTINGS):
        unread = [path for path in store.list(table) if path not in read]
        if not unread:
            return
        for path in unread:
            with suppress(FileNotFoundError):  # joined with others since
                yield from read_rows(store, path, columns)
                read.add(path)
    gone = [path for path in unread if path not in read]
    if gone:
        raise NightpressError(
            f"{store.url}/{gone[0]} was listed and could not be read, {LISTINGS} times over; start again"
        )
