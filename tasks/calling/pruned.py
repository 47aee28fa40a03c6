"""Calls that somebody has taken out of the ledger: `_ledger/pruned.json`, run → its calls finished by then are out.

Keys go from the key files at once. The record stays, as keys are made anew from `calls` when parts are joined.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.storing.records import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.storing.filesystem import Store

PATH: Final = "_ledger/pruned.json"


def read_pruned(store: Store) -> dict[str, datetime]:
    """Run → when the youngest call finished that is out."""
    document = read_json(store, PATH)
    return {run: datetime.fromisoformat(moment) for run, moment in (document or {}).items()}


def add_pruned(store: Store, added: Mapping[str, datetime]) -> dict[str, datetime]:
    """Take out calls of more runs, or younger ones; returns all. One process at a time."""
    every = read_pruned(store)
    for run, moment in added.items():
        every[run] = max(moment, every.get(run, moment))
    write_json(store, PATH, {run: moment.isoformat() for run, moment in sorted(every.items())})
    return every


def is_pruned(keys: pa.Table, pruned: Mapping[str, datetime]) -> Any:
    """One bool per row of a table with `run` and `finished_at`."""
    if not pruned or not len(keys):
        return pa.array(np.zeros(len(keys), dtype=bool))
    runs = keys["run"].combine_chunks() if isinstance(keys["run"], pa.ChunkedArray) else keys["run"]
    place = pc.index_in(pc.cast(runs, pa.string()), value_set=pa.array(list(pruned), pa.string()))
    moments = pa.array(list(pruned.values()), keys["finished_at"].type).take(place)
    return pc.fill_null(pc.less_equal(keys["finished_at"], moments), False)
