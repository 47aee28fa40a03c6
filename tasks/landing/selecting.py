"""Which requests are made tonight: all of them, only new ones, or new and changed ones."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tasks.storing.parts import read_rows
from tasks.storing.requests import Request, request_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.landing.plan import Only
    from tasks.storing.filesystem import Store

COLUMNS = ["request_id", "run", "recipe", "status", "request"]


def selection(store: Store, only: Only, *, recipe: str, run: str) -> Callable[[Request], bool]:
    """Whether a request is to be made, judged by what other runs of the recipe have committed.

    Args:
        only: `all`; `new`: no run made this request id; `changed`: none made it with these values.
        run: its own outputs do not count, so that starting it again selects the same.
    """
    if only == "all":
        return lambda _: True
    made = _made(store, recipe, run)

    def wanted(request: Request) -> bool:
        known = made.get(_digest(request.request_id))
        return known is None or (
            only == "changed" and bytes.fromhex(request_hash(request.values))[:16] not in known
        )

    return wanted


def _made(store: Store, recipe: str, run: str) -> dict[bytes, set[bytes]]:
    made: dict[bytes, set[bytes]] = {}
    for path in store.list("outputs"):
        for batch in read_rows(store, path, COLUMNS):
            table = pa.Table.from_batches([batch])
            ours = pc.and_(pc.equal(table["recipe"], recipe), pc.equal(table["status"], "made"))
            kept = table.filter(pc.and_(ours, pc.not_equal(table["run"], run)))
            for request_id, request in zip(
                kept["request_id"].to_pylist(), kept["request"].to_pylist(), strict=True
            ):
                made.setdefault(_digest(request_id), set()).add(sha256(request.encode()).digest()[:16])
    return made


def _digest(request_id: str) -> bytes:
    return blake2b(request_id.encode(), digest_size=16).digest()
