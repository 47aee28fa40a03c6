"""Small parts of many runs become one part per table and date; their manifests and the ledger's keys say so.

A run is joined whole or not at all: once it is old enough, all its parts are small, and nothing of it may be worked
again. For each table the joined part appears whole, and the parts it was made from are removed at once after it.
Who reads the table in between sees those rows twice, never too few: on a disk for as long as it takes to unlink the
files, on S3 for one request, for `calls` for one small write more (the keys: no answer may be out of the ledger's sight).

Other runs' starts and commits need no lock: a move names its runs before it looks whether one of them is worked, and
a run writes its plan before it looks whether a move names it, so one of them sees the other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.key_files import CALL_COLUMNS, JOINED_KEYS, KEYS_FOLDER, key_groups, key_rows
from tasks.calling.pruned import is_pruned, read_pruned
from tasks.landing.joinable import TABLES_OF_RUN, Group
from tasks.landing.moves import (
    AT_ONCE,
    JoinedParts,
    Move,
    at_once,
    begin,
    end,
    is_in_work,
    joined_path,
    new_id,
    write_joined,
)
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import manifest_path
from tasks.storing.parts import Part, described, joined_groups, read_row_groups, write_batches
from tasks.storing.records import write_json
from tasks.storing.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store


def join(store: Store, lease: Lease, group: Group) -> JoinedParts | None:
    """Join the group's runs that are still as they were; None if that leaves fewer than two."""
    move = Move(id=new_id(), kind="join", run_date=group.run_date, runs=_names(group), parts=group.parts)
    begin(store, move)
    unchanged = at_once(lambda manifest: _is_unchanged(store, manifest), group.manifests)
    still = [each for each, same in zip(group.manifests, unchanged, strict=True) if same]
    if len(still) < 2:
        end(store, move)
        return None
    if len(still) < len(group.manifests):
        fewer = Group(group.run_date, still)
        move = move.model_copy(update={"runs": _names(fewer), "parts": fewer.parts})
        begin(store, move)
    return finish_join(store, lease, move)


def _names(group: Group) -> tuple[str, ...]:
    return tuple(manifest["run"] for manifest in group.manifests)


def _is_unchanged(store: Store, manifest: dict[str, Any]) -> bool:
    now = read_manifest(store, manifest["run"])
    return now == manifest and not is_in_work(store, manifest["run"], now)


def finish_join(store: Store, lease: Lease, move: Move) -> JoinedParts:
    """Do what is left to do of a join.

    Raises:
        StoreBusy: the lease has run out; another may finish it.
        FileNotFoundError: somebody removed a part by hand.
    """
    parts = {table: _join_table(store, lease, move, table) for table in TABLES_OF_RUN}
    joined = JoinedParts(id=move.id, run_date=move.run_date, runs=move.runs, parts=parts)
    write_joined(store, joined)
    rows = {table: _rows_by_run(store, part.path) for table, part in parts.items()}
    lease.keep()
    at_once(lambda run: _say_joined(store, run, joined, rows), move.runs)
    end(store, move)
    return joined


def _join_table(store: Store, lease: Lease, move: Move, table: str) -> Part:
    path, sources, part = joined_path(table, move.run_date, move.id), move.parts[table], None
    keys: list[pa.Table] = []

    def groups() -> Iterator[pa.Table]:
        for number, group in enumerate(joined_groups(_rows_of(store, sources))):
            if table == "calls":
                keys.append(key_rows(group, path, number))
            yield group
        lease.check()

    lease.keep()
    if not store.exists(path):
        part = write_batches(store, path, TABLES[table], groups())
    elif table == "calls":
        keys = [
            key_rows(group, path, number)
            for number, group in enumerate(read_row_groups(store, path, CALL_COLUMNS))
        ]
    if table == "calls":
        pruned = read_pruned(store)
        keys = [each.filter(pc.invert(is_pruned(each, pruned))) for each in keys]
        write_batches(store, f"{KEYS_FOLDER}/joined-{move.id}.parquet", JOINED_KEYS, key_groups(keys))
    lease.check()
    store.delete(sources)
    return part or described(store, path)


def _rows_of(store: Store, sources: list[str]) -> Iterator[pa.Table]:
    for start in range(0, len(sources), 4 * AT_ONCE):
        some = sources[start : start + 4 * AT_ONCE]
        for groups in at_once(lambda path: list(read_row_groups(store, path)), some):
            yield from (group for group in groups if group.num_rows)


def _rows_by_run(store: Store, path: str) -> dict[str, int]:
    rows: dict[str, int] = defaultdict(int)
    for group in read_row_groups(store, path, ["run"]):
        for each in pc.value_counts(group["run"]).to_pylist():
            rows[each["values"]] += each["counts"]
    return rows


def _say_joined(store: Store, run: str, joined: JoinedParts, rows: dict[str, dict[str, int]]) -> None:
    """Let the run's manifest name the joined parts, and parts of its own that it may have again by another number."""
    manifest = read_manifest(store, run)
    if manifest is None or joined_of(manifest) is not None:
        return
    parts = {
        table: [{"path": part.path, "rows": rows[table].get(run, 0), "joined": joined.id}]
        for table, part in joined.parts.items()
    }
    write_json(
        store, manifest_path(run), {**manifest, "parts": parts, "series": manifest.get("series", 0) + 1}
    )


def joined_of(manifest: dict[str, Any]) -> str | None:
    """The id of the joined parts that hold the run's outputs; None if it has parts of its own."""
    joined: str | None = manifest["parts"]["outputs"][0].get("joined")
    return joined


def part_entry(part: Part) -> dict[str, Any]:
    """A part as a manifest names it."""
    return asdict(part)
