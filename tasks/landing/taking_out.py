"""A joined run that is made anew gets parts of its own again: its rows leave the joined ones, everybody else's stay.

Its calls stay where they are: what was paid is never rewritten, and the ledger finds it there. Who reads a table while
the joined part is written sees the run's rows twice, never too few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.joining import joined_of, part_entry
from tasks.landing.moves import PER_RUN, Move, begin, end, new_id, read_joined, write_joined
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import manifest_path
from tasks.storing.parts import Part, described, joined_groups, part_path, read_row_groups, write_batches
from tasks.storing.records import write_json
from tasks.storing.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store


def take_out(store: Store, lease: Lease, manifest: dict[str, Any]) -> None:
    """Give a joined run parts of its own, named by its manifest."""
    joined = joined_of(manifest)
    move = Move(
        id=new_id(), kind="take_out", run_date=manifest["run_date"], runs=(manifest["run"],), joined=joined
    )
    begin(store, move)
    finish_take_out(store, lease, move)


def finish_take_out(store: Store, lease: Lease, move: Move) -> None:
    """Do what is left to do of it.

    Raises:
        StoreBusy: the lease has run out; another may finish it.
    """
    (run,) = move.runs
    manifest, joined = read_manifest(store, run), read_joined(store, move.joined or "")
    if manifest is not None and joined is not None and joined_of(manifest) == move.joined:
        own, left = {}, dict(joined.parts)
        for table in PER_RUN:
            path = part_path(table, move.run_date, f"{run}-{manifest['series']}")
            lease.keep()
            own[table], left[table] = _divided(store, lease, table, joined.parts[table].path, path, run)
        write_joined(store, joined.model_copy(update={"parts": left}))
        parts = {table: [part_entry(part)] for table, part in own.items()}
        write_json(store, manifest_path(run), {**manifest, "parts": {**manifest["parts"], **parts}})
    end(store, move)


def _divided(store: Store, lease: Lease, table: str, shared: str, own: str, run: str) -> tuple[Part, Part]:
    """The run's own part and the joined one without it; the first may have been written before."""
    written: list[Part] = []

    def rest() -> Iterator[pa.Table]:
        for group in read_row_groups(store, shared):
            yield group.filter(pc.fill_null(pc.not_equal(group["run"], run), True))
        lease.check()
        if not store.exists(own):  # as late as can be: from now on rows are seen twice
            written.append(write_batches(store, own, TABLES[table], joined_groups(_of(store, shared, run))))

    left = write_batches(store, shared, TABLES[table], rest())
    return (written[0] if written else described(store, own)), left


def _of(store: Store, shared: str, run: str) -> Iterator[pa.Table]:
    for group in read_row_groups(store, shared):
        yield group.filter(pc.equal(group["run"], run))
