"""Which requests are made tonight: all of them, only new ones, or new and changed ones."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.labels import MADE
from tasks.landing.table_rows import every_row
from tasks.storing.requests import Request, request_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        ids = {_digest(request_id) for (request_id,) in _made(store, ["request_id"], recipe, run)}
        return lambda request: _digest(request.request_id) not in ids
    made = {
        (_digest(request_id), sha256(request.encode()).digest()[:16])
        for request_id, request in _made(store, ["request_id", "request"], recipe, run)
    }
    return lambda request: (
        (_digest(request.request_id), bytes.fromhex(request_hash(request.values))[:16]) not in made
    )


def _made(store: Store, columns: list[str], recipe: str, run: str) -> Iterator[tuple[Any, ...]]:
    """These columns of every row that other runs of the recipe made; a row that housekeeping just moves may come twice.

    Raises:
        NightpressError: as `every_row`.
    """
    for batch in every_row(store, "outputs", [*columns, "run", "recipe", "arm", "status"]):
        table = pa.Table.from_batches([batch])
        ours = pc.and_(pc.equal(table["recipe"], recipe), pc.equal(table["status"], "made"))
        ours = pc.and_(ours, pc.equal(table["arm"], MADE))
        kept = table.filter(pc.and_(ours, pc.not_equal(table["run"], run)))
        yield from zip(*(kept[name].to_pylist() for name in columns), strict=True)


def _digest(request_id: str) -> bytes:
    return blake2b(request_id.encode(), digest_size=16).digest()
