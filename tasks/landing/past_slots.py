"""What a recipe's requests were asked in its last runs, by request and place in the recipe: figures in memory, texts on demand.

Each request's calls are taken from the two newest runs that worked it. Of a call some 200 bytes are held; texts are read
a row group at a time, and the longest unused forgotten.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.past_calls import OPEN_FOLDER
from tasks.landing.committed import committed_runs
from tasks.landing.moves import at_once
from tasks.landing.plan import read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tasks.storing.filesystem import Store

MOST_RUNS: Final = 60
RUNS_PER_REQUEST: Final = 2
TEXT_BYTES: Final = 64 << 20
MADE: Final = "made"
NAMES: Final = [
    "run",
    "request_id",
    "step",
    "role",
    "host",
    "model",
    "model_id",
    "params",
    "status",
    "error_kind",
]
FIGURES: Final = [
    "call_id", "key", "round", "sample", "tokens_in", "tokens_out", "cached", "simulated", "finished_at",
]  # fmt: skip
TEXTS: Final = ["call_id", "key", "prompt", "response"]
NAME: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True, slots=True)
class Source:
    """A part that holds calls of a run."""

    run: str
    path: str


class PastTexts:
    """Prompt and response of calls, by the row group they stand in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[tuple[str, int], pa.Table] = OrderedDict()
        self._kept_bytes = 0

    def rows(self, path: str, row_group: int, column: str, value: str) -> list[dict[str, Any]]:
        """The rows (TEXTS) whose `column` has this value; none if the part is gone."""
        group = self._group((path, row_group))
        found: list[dict[str, Any]] = group.filter(pc.equal(group[column], value)).to_pylist()
        return found

    def _group(self, at: tuple[str, int]) -> pa.Table:
        group = self._kept.pop(at, None)
        if group is None:
            group = self._read(at)
            self._kept_bytes += group.nbytes
        self._kept[at] = group
        while self._kept_bytes > TEXT_BYTES and len(self._kept) > 1:
            self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
        return group

    def _read(self, at: tuple[str, int]) -> pa.Table:
        try:
            with self._store.open_read(at[0]) as file, pq.ParquetFile(file) as part:
                if at[1] < part.num_row_groups:
                    return part.read_row_group(at[1], columns=TEXTS)
        except (FileNotFoundError, pa.ArrowInvalid):  # housekeeping has joined it with others
            pass
        return pa.table({name: pa.array([], pa.string()) for name in TEXTS})


class PastSlots:
    """The calls found; `of` gives a request's."""

    def __init__(self, calls: pa.Table, paths: list[str], former: Mapping[str, str] | None = None) -> None:
        """`former`: request id → another under which the same request was made."""
        self._former = former or {}
        self.runs: list[str] = pc.unique(calls["run"]).to_pylist()
        self._calls = calls
        self._paths = paths
        ids = pc.cast(calls["request_id"], pa.string())
        order = pc.sort_indices(ids).to_numpy()
        self._order = order
        self._ids = ids.take(pa.array(order)).to_pylist()

    @property
    def request_ids(self) -> set[str]:
        """The requests that have calls here."""
        return set(self._ids)

    def of(self, request_id: str) -> list[dict[str, Any]]:
        """The request's calls (NAMES, FIGURES, `path`, `row_group`), those of the newest run first."""
        request_id = self._former.get(request_id, request_id)
        low, high = bisect_left(self._ids, request_id), bisect_right(self._ids, request_id)
        rows = self._calls.take(pa.array(np.sort(self._order[low:high]))).to_pylist()
        return [{**row, "path": self._paths[row["source"]]} for row in rows]


def past_slots(
    store: Store,
    recipe: str,
    wanted: set[str],
    *,
    runs: Sequence[str] | None = None,
    former: Mapping[str, str] | None = None,
) -> PastSlots:
    """The calls of these requests in the newest runs of the recipe.

    Args:
        runs: look in these only, in this order.
        former: request id → another of `wanted`, under which the same request was made.
    """
    seen: Counter[str] = Counter()
    tables: list[pa.Table] = []
    paths: list[str] = []
    for sources in _sources(store, recipe, runs):
        missing = pa.array(sorted(each for each in wanted if seen[each] < RUNS_PER_REQUEST), pa.string())
        if not len(missing):
            break
        found: set[str] = set()
        for source in sources:
            for group in _calls_in(store, source, recipe, missing, len(paths)):
                tables.append(group)
                found.update(pc.unique(group["request_id"]).to_pylist())
            paths.append(source.path)
        seen.update(found)
    calls = pa.concat_tables(tables).unify_dictionaries().combine_chunks() if tables else _no_calls()
    return PastSlots(calls, paths, former)


def _sources(store: Store, recipe: str, runs: Sequence[str] | None) -> Iterator[list[Source]]:
    """The parts of a run, run after run: those not committed yet, then the newest commit first."""
    still_open = store.list(OPEN_FOLDER)
    for run in dict.fromkeys(path.split("/")[2] for path in still_open):
        if runs is None or run in runs:
            yield [Source(run, path) for path in still_open if path.split("/")[2] == run]
    named = (
        newest_manifests(store, recipe)
        if runs is None
        else at_once(lambda run: read_manifest(store, run), runs)
    )
    for manifest in named[:MOST_RUNS]:
        if manifest is not None:
            yield [Source(manifest["run"], part["path"]) for part in manifest["parts"]["calls"]]


def newest_manifests(store: Store, recipe: str) -> list[dict[str, Any]]:
    """Of the recipe's committed runs, the one committed last first."""
    manifests = at_once(lambda run: read_manifest(store, run), committed_runs(store))
    mine = [each for each in manifests if each is not None and each["recipe"] == recipe]
    return sorted(mine, key=lambda each: datetime.fromisoformat(each["committed_at"]), reverse=True)


def _calls_in(store: Store, source: Source, recipe: str, wanted: pa.Array, number: int) -> Iterator[pa.Table]:
    try:
        with store.open_read(source.path) as file, pq.ParquetFile(file) as part:
            for group in range(part.num_row_groups):
                table = part.read_row_group(group, columns=[*NAMES, *FIGURES, "recipe", "arm"])
                table = table.filter(_fits(table, source.run, recipe, wanted))
                if len(table):
                    yield _light(table, number, group)
    except (FileNotFoundError, pa.ArrowInvalid):  # just landed, or joined with others
        return


def _fits(table: pa.Table, run: str, recipe: str, wanted: pa.Array) -> Any:
    own = pc.and_(pc.equal(table["run"], run), pc.equal(table["recipe"], recipe))
    return pc.and_(
        pc.and_(own, pc.equal(table["arm"], MADE)), pc.is_in(table["request_id"], value_set=wanted)
    )


def _light(table: pa.Table, source: int, row_group: int) -> pa.Table:
    """As it is kept: names as numbers, where the texts are, the newest call first."""
    columns: dict[str, Any] = {name: pc.dictionary_encode(table[name]).cast(NAME) for name in NAMES}
    columns |= {name: table[name] for name in FIGURES}
    columns["source"] = pa.array(np.full(len(table), source, dtype=np.int32))
    columns["row_group"] = pa.array(np.full(len(table), row_group, dtype=np.int32))
    return pa.table(columns)


def _no_calls() -> pa.Table:
    texts = dict.fromkeys(NAMES, NAME) | dict.fromkeys(FIGURES, pa.string())
    return pa.table({name: pa.array([], kind) for name, kind in (texts | {"source": pa.int32()}).items()})
