"""Key files put in order: keys nobody may ask for any more go, many small files become few.

A new file is written before the ones it was made from are removed, under a name that never was: a process that is
loading the index finds each key in the old file or in the new one, and one that was killed leaves keys twice, which
costs nothing and is undone the next time. Nothing is locked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.key_files import JOINED_KEYS, KEYS_FOLDER, key_groups
from tasks.calling.pruned import is_pruned
from tasks.storing.parts import write_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from tasks.storing.filesystem import Store

SMALL_KEYS = 65_536
KEYS_AT_ONCE = 262_144


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys stay.

    Attributes:
        since: older ones go, except those of a run that may still go on; None if none is too old.
        text_since: older ones go whatever their run, as their texts go; None if texts stay.
        may_go_on: whether a run may be worked again as it is.
        pruned: run → its calls that had finished by then go, as somebody said.
    """

    since: datetime | None
    text_since: datetime | None
    may_go_on: Callable[[str], bool]
    pruned: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class KeysJoined:
    """Files, keys and bytes before and after; `pruned`: keys that were there although somebody had pruned them."""

    files_before: int = 0
    files_after: int = 0
    keys_before: int = 0
    keys_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    pruned: int = 0


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file in memory: `rows` have JOINED_KEYS."""

    path: str
    rows: pa.Table
    size_bytes: int


def join_keys(store: Store, wanted: Wanted) -> KeysJoined:
    """Drop the keys that are not wanted or lead nowhere, and put small files together."""
    told = KeysJoined()
    for files in _slices(store):
        kept = _kept(store, files, wanted)
        _count(told, files, wanted)
        chosen = _chosen(files, kept)
        _count_left(told, files, chosen)
        rows = _each_once([kept[file.path] for file in chosen])
        if len(rows):
            path = f"{KEYS_FOLDER}/joined-{uuid4().hex[:16]}.parquet"
            part = write_batches(store, path, JOINED_KEYS, key_groups([rows]))
            told.files_after += 1
            told.keys_after += part.rows
            told.bytes_after += part.size_bytes
        store.delete([file.path for file in chosen])
    return told


def count_keys(store: Store, wanted: Wanted) -> KeysJoined:
    """What `join_keys` would come to; the bytes after are a guess. Changes nothing."""
    told = KeysJoined()
    for files in _slices(store):
        kept = _kept(store, files, wanted)
        _count(told, files, wanted)
        chosen = _chosen(files, kept)
        _count_left(told, files, chosen)
        rows = len(_each_once([kept[file.path] for file in chosen]))
        before = sum(len(file.rows) for file in chosen)
        told.files_after += bool(rows)
        told.keys_after += rows
        told.bytes_after += sum(file.size_bytes for file in chosen) * rows // before if before else 0
    return told


def _slices(store: Store) -> Iterator[list[KeyFile]]:
    """Every key file, in turns of some hundred thousand keys."""
    waiting: list[KeyFile] = []
    for path in store.list(KEYS_FOLDER):
        try:
            waiting.append(_read(store, path))
        except FileNotFoundError:  # another housekeeping has joined it
            continue
        if sum(len(file.rows) for file in waiting) >= KEYS_AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _read(store: Store, path: str) -> KeyFile:
    with store.open_read(path) as file, pq.ParquetFile(file) as keys:
        rows = keys.read()
        size_bytes = file.seek(0, 2)
    if "run" not in rows.schema.names:
        labels = rows.schema.metadata or {}
        rows = rows.append_column("run", _repeated(labels[b"run"].decode(), len(rows)))
    return KeyFile(path, rows.cast(JOINED_KEYS).combine_chunks(), size_bytes)


def _repeated(name: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([name]))


def _kept(store: Store, files: list[KeyFile], wanted: Wanted) -> dict[str, pa.Table]:
    """By file, the keys that stay. The parts are listed after the keys were read: a key is written after its part."""
    parts = pa.array(store.list("calls"), pa.string())
    going_on: dict[str, bool] = {}
    return {file.path: file.rows.filter(_stays(file.rows, parts, wanted, going_on)) for file in files}


def _stays(keys: pa.Table, parts: pa.Array, wanted: Wanted, going_on: dict[str, bool]) -> Any:
    runs, finished = pc.cast(keys["run"], pa.string()), keys["finished_at"]
    stays = _is_since(finished, wanted.since)
    for run in pc.unique(runs.filter(pc.invert(stays))).to_pylist():
        if run not in going_on:
            going_on[run] = wanted.may_go_on(run)
    runs_going_on = pa.array([run for run, goes_on in going_on.items() if goes_on], pa.string())
    stays = pc.or_(stays, pc.is_in(runs, value_set=runs_going_on))
    stays = pc.and_(stays, _is_since(finished, wanted.text_since))
    stays = pc.and_(stays, pc.invert(is_pruned(keys, wanted.pruned)))
    return pc.and_(stays, pc.is_in(pc.cast(keys["part"], pa.string()), value_set=parts))


def _is_since(finished: Any, since: datetime | None) -> Any:
    """One bool per call."""
    if since is None:
        return pa.array(np.ones(len(finished), dtype=bool))
    return pc.greater_equal(finished, pa.scalar(since, finished.type))


def _chosen(files: list[KeyFile], kept: dict[str, pa.Table]) -> list[KeyFile]:
    """Those that lose keys, and small ones if there are several."""
    losing = [file for file in files if len(kept[file.path]) < len(file.rows) or not len(file.rows)]
    small = [file for file in files if file not in losing and len(file.rows) < SMALL_KEYS]
    return losing + small if len(losing) + len(small) > 1 else losing


def _each_once(tables: list[pa.Table]) -> pa.Table:
    """The rows of all, those that say the same only once."""
    if not tables:
        return JOINED_KEYS.empty_table()
    keys = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    texts = [pc.cast(keys[name], pa.string()) for name in ("part", "row_group", "call_id")]
    said = pc.binary_join_element_wise(*texts, "|")
    said = said.combine_chunks() if isinstance(said, pa.ChunkedArray) else said
    _, first = np.unique(said.dictionary_encode().indices.to_numpy(), return_index=True)
    return keys if len(first) == len(keys) else keys.take(pa.array(np.sort(first)))


def _count(told: KeysJoined, files: list[KeyFile], wanted: Wanted) -> None:
    told.files_before += len(files)
    told.keys_before += sum(len(file.rows) for file in files)
    told.bytes_before += sum(file.size_bytes for file in files)
    told.pruned += sum(int(pc.sum(is_pruned(file.rows, wanted.pruned)).as_py() or 0) for file in files)


def _count_left(told: KeysJoined, files: list[KeyFile], chosen: list[KeyFile]) -> None:
    left = [file for file in files if file not in chosen]
    told.files_after += len(left)
    told.keys_after += sum(len(file.rows) for file in left)
    told.bytes_after += sum(file.size_bytes for file in left)
