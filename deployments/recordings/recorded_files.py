"""Recorded calls out of Parquet files, folders of them, and stores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from deployments.recordings.recorded_columns import columns_of, recorded
from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BATCH_ROWS: Final = 4096
ENDING: Final = ".parquet"
CALLS: Final = "calls"


def recorded_calls(
    places: Sequence[str], mapping: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[pa.Table, int]]:
    """Some thousand rows (schema RECORDED) at a time, and how many the file had there.

    Args:
        places: Parquet files, folders with such files at any depth, or stores, of which the `calls` table is read;
            plain paths, file:// or s3://.
        mapping: part of a call → its columns, where their names do not tell.

    Raises:
        UserError: nothing is there, it cannot be read, or it holds no recorded calls.
    """
    for place in places:
        store, paths = _files(place)
        for path in paths:
            yield from _calls_in(store, path, mapping)


def _files(place: str) -> tuple[Store, list[str]]:
    try:
        if place.endswith(ENDING):
            folder, _, name = place.rpartition("/")
            store = Store.open(folder or ("/" if place.startswith("/") else "."))
            if store.exists(name):
                return store, [name]
        if "://" not in place and Path(place).expanduser().is_file():
            raise UserError(
                "is not a Parquet file by its name", where=place, hint=f"it should end in {ENDING}"
            )
        store = Store.open(place)
        paths = [path for path in store.list(CALLS) or store.list() if _is_shown(path)]
    except (ValueError, OSError) as error:
        raise UserError(f"cannot be read: {error}", where=place) from None
    if not paths:
        raise UserError("there is no Parquet file", where=place, hint="give a file, a folder or a store")
    return store, paths


def _is_shown(path: str) -> bool:
    """Not one of a store's own files, nor of another kind."""
    return path.endswith(ENDING) and not any(each.startswith("_") for each in path.split("/"))


def _calls_in(
    store: Store, path: str, mapping: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[pa.Table, int]]:
    where = f"{store.url}/{path}"
    try:
        with store.open_read(path) as file, pq.ParquetFile(file) as part:
            found = columns_of(part.schema_arrow.names, mapping, where)
            for columns in found:
                for batch in part.iter_batches(BATCH_ROWS, columns=columns.names):
                    yield recorded(batch, columns, where), len(batch)
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"cannot be read as Parquet: {error}", where=where) from None
