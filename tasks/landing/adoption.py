"""Rows that earlier runs of a recipe left for later, taken over by the next run: oldest first, each by one run.

A row counts as settled once a run that came after has it in its outputs or its rejects, or has taken it over and may be
working it still. A run that took rows over and never committed holds them for a day, as does a run that was started
again for its own: they are still deferred then, and whoever comes next makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.claims import HELD, held
from tasks.landing.labels import MADE
from tasks.landing.moves import is_in_work
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import plan_path
from tasks.landing.selecting import comparisons_in
from tasks.landing.table_rows import every_row
from tasks.storing.columns import coerce
from tasks.storing.requests import Reject, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tasks.storing.columns import Column
    from tasks.storing.filesystem import Store


@dataclass(frozen=True, slots=True)
class Left:
    """A row that a run left for later.

    Attributes:
        run: that left it.
        since: when that run started.
        request: as JSON.
    """

    request_id: str
    run: str
    since: datetime
    request: str


def adoptable(store: Store, recipe: str, run: str, columns: Mapping[str, Column]) -> list[Request | Reject]:
    """The rows that this run may take over, oldest run first; those that do not fit the recipe any more as rejects.

    Args:
        columns: the recipe's, as it is now.
    """
    left = _left(store, recipe, run)
    done = settled(store, recipe, run, left)
    return [_fitted(each, columns) for each in left if each.request_id not in done]


def settled(store: Store, recipe: str, run: str, left: Sequence[Left]) -> set[str]:
    """The ids of those rows that another run than `run`, and than the one that left it, has settled since."""
    if not left:
        return set()
    return ended_elsewhere(store, recipe, run, left) | (held(store, run) & {each.request_id for each in left})


def ended_elsewhere(store: Store, recipe: str, run: str, left: Sequence[Left]) -> set[str]:
    """Those that another run has in its outputs or rejects since."""
    since = {each.request_id: each for each in left}
    return {
        request_id
        for request_id, other, at in _outcomes(store, recipe, list(since))
        if other not in (run, since[request_id].run) and at > since[request_id].since
    }


def left_by(manifest: Mapping[str, Any], request_ids: Sequence[str]) -> list[Left]:
    """These rows, as left by the run of this manifest."""
    since = datetime.fromisoformat(manifest["first_start"])
    return [Left(each, manifest["run"], since, "") for each in request_ids]


def _left(store: Store, recipe: str, run: str) -> list[Left]:
    """Every row that other runs of the recipe have left, once: at its oldest place, as the youngest run has it."""
    by_run: dict[str, dict[str, str]] = {}
    for batch in every_row(store, "deferred", ["run", "request_id", "request"]):
        for row in batch.to_pylist():
            by_run.setdefault(row["run"], {})[row["request_id"]] = row["request"]
    runs: list[tuple[datetime, str]] = []
    for other in by_run:
        manifest = read_manifest(store, other) if other != run else None
        if (
            manifest is not None
            and manifest["recipe"] == recipe
            and not (manifest.get("compares") or _works_them_itself(store, manifest))
        ):
            runs.append((datetime.fromisoformat(manifest["first_start"]), other))
    found: dict[str, Left] = {}
    for since, other in sorted(runs):
        for request_id, request in by_run[other].items():
            found[request_id] = Left(request_id, other, since, request)  # keeps its place in the dict
    return list(found.values())


def _works_them_itself(store: Store, manifest: Mapping[str, Any]) -> bool:
    """Whether the run has been started again within a day, and may be at its rows."""
    if not is_in_work(store, manifest["run"], dict(manifest)):
        return False
    return store.stat(plan_path(manifest["run"])).changed_at > datetime.now(UTC) - HELD


def _outcomes(store: Store, recipe: str, ids: Sequence[str]) -> Iterator[tuple[str, str, datetime]]:
    """(request id, run, when) of every outcome of these rows in any run of the recipe."""
    wanted = pa.array(ids, pa.string())
    columns = ["request_id", "run", "recipe", "arm", "started_at"]
    made: list[tuple[str, str, datetime]] = []
    comparisons: set[str] = set()
    for batch in every_row(store, "outputs", columns):
        comparisons |= comparisons_in(batch)
        ours = pc.and_(pc.is_in(batch["request_id"], value_set=wanted), pc.equal(batch["recipe"], recipe))
        ours = pc.and_(ours, pc.equal(batch["arm"], MADE))
        rows = batch.filter(ours).to_pylist()
        made += [(row["request_id"], row["run"], row["started_at"]) for row in rows]
    yield from (each for each in made if each[1] not in comparisons)
    started: dict[str, datetime | None] = {}
    for batch in every_row(store, "rejects", ["request_id", "run"]):
        for row in batch.filter(pc.is_in(batch["request_id"], value_set=wanted)).to_pylist():
            if row["run"] not in started:
                manifest = read_manifest(store, row["run"])
                is_ours = manifest is not None and manifest["recipe"] == recipe
                started[row["run"]] = (
                    datetime.fromisoformat(manifest["first_start"]) if manifest and is_ours else None
                )
            at = started[row["run"]]
            if at is not None:
                yield row["request_id"], row["run"], at


def _fitted(left: Left, columns: Mapping[str, Column]) -> Request | Reject:
    """The row as tonight's recipe wants it."""
    values: dict[str, Any] = orjson.loads(left.request)
    declared: dict[str, Any] = {}
    for name, column in columns.items():
        value = values.get(name)
        try:
            if value is not None:
                declared[name] = coerce(value, column, from_text=False)
            elif not column.required:
                declared[name] = column.default
            else:
                raise ValueError("is missing")
        except ValueError as wrong:
            reason = f"left for later by {left.run}, and does not fit the recipe any more: {name} {wrong}"
            return Reject(None, left.request_id, reason, left.request[:10_000])
    return Request(left.request_id, 0, {**declared, **{n: v for n, v in values.items() if n not in columns}})
