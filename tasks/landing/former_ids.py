"""Requests found again that have another id by now: the same in all columns that both then and now have."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.landing.committed import Committed
from tasks.landing.past_slots import newest_manifests
from tasks.storing.requests import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.storing.filesystem import Store
    from tasks.storing.requests import Request

MOST_RUNS: Final = 5


def former_ids(store: Store, recipe: str, requests: Iterable[Request]) -> dict[str, str]:
    """Request id → the id that it was made under in one of the recipe's newest runs; those that are not found are left out.

    What an id is made of are the declared columns: a recipe that declares one more gives every request another.
    """
    values = {request.request_id: request.values for request in requests}
    found: dict[str, str] = {}
    for manifest in newest_manifests(store, recipe)[:MOST_RUNS]:
        if not values:
            break
        found |= _in_run(Committed(store, manifest, None), values)
        for request_id in found:
            values.pop(request_id, None)
    return found


def _in_run(run: Committed, values: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    then: dict[bytes, str] = {}
    shared: frozenset[str] | None = None
    now = frozenset(next(iter(values.values())))
    for batch in run.rows("outputs", ["request_id", "request"]):
        for row in batch.to_pylist():
            request = orjson.loads(row["request"] or "{}")
            shared = now & request.keys() if shared is None else shared
            then[_digest(request, shared)] = row["request_id"]
    if not shared:
        return {}
    digests = {request_id: _digest(each, shared) for request_id, each in values.items()}
    return {request_id: then[digest] for request_id, digest in digests.items() if digest in then}


def _digest(values: Mapping[str, Any], names: Iterable[str]) -> bytes:
    return sha256(canonical({name: values.get(name) for name in names})).digest()
