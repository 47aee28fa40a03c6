"""Which requests are made tonight: all of them, only new ones, or new and changed ones."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.arms import CONTROL
from tasks.landing.labels import MADE
from tasks.landing.table_rows import every_row
from tasks.storing.requests import Request, request_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.landing.plan import Only
    from tasks.storing.filesystem import Store


def selection(store: Store, only: Only, *, recipe: str, run: str) -> Callable[[Request], bool]:
    """Whether a request is to be made, judged by what other runs of the recipe have committed.

    Args:
        only: `all`; `new`: no run made this request id; `changed`: none made it with these values.
        run: its own outputs do not count, so that starting it again selects the same.
    """
    if only == "all":
        return lambda _: True
    if only == "new":
        ids = _made(store, ["request_id"], recipe, run, _digest)
        return lambda request: _digest(request.request_id) not in ids
    made = _made(
        store,
        ["request_id", "request"],
        recipe,
        run,
        lambda request_id, request: (_digest(request_id), sha256(request.encode()).digest()[:16]),
    )
    return lambda request: (
        (_digest(request.request_id), bytes.fromhex(request_hash(request.values))[:16]) not in made
    )


def _made(
    store: Store, columns: list[str], recipe: str, run: str, digest: Callable[..., Any]
) -> frozenset[Any]:
    """A digest of these columns of every row that other nights of the recipe made; a comparison is no night.

    Raises:
        NightpressError: as `every_row`.
    """
    by_run: dict[str, set[Any]] = {}
    comparisons: set[str] = set()
    for batch in every_row(store, "outputs", [*columns, "run", "recipe", "arm", "status"]):
        comparisons |= comparisons_in(batch)
        table = pa.Table.from_batches([batch])
        ours = pc.and_(pc.equal(table["recipe"], recipe), pc.equal(table["status"], "made"))
        ours = pc.and_(ours, pc.equal(table["arm"], MADE))
        kept = table.filter(pc.and_(ours, pc.not_equal(table["run"], run)))
        rows = zip(kept["run"].to_pylist(), *(kept[name].to_pylist() for name in columns), strict=True)
        for other, *values in rows:
            by_run.setdefault(other, set()).add(digest(*values))
    return frozenset().union(*(made for other, made in by_run.items() if other not in comparisons))


def comparisons_in(batch: pa.RecordBatch) -> set[str]:
    """The runs of a batch of `outputs` with `run` and `arm` that are comparisons: they have arms beside a night's."""
    of_a_night = pc.is_in(batch["arm"], value_set=pa.array([MADE, CONTROL, None], pa.string()))
    return set(pc.unique(batch.filter(pc.invert(of_a_night))["run"]).to_pylist())


def _digest(request_id: str) -> bytes:
    return blake2b(request_id.encode(), digest_size=16).digest()
