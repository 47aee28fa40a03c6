"""Which rows a run has taken over from earlier ones, said before it begins, so that two that start at once share none.

A run writes its claim, waits until every claim that could be older is to be seen, reads them all, and leaves the rows
that an older one names as well: by when the storage says that it was written, then by the run's name.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks.landing.plan import read_plan
from tasks.storing.records import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.storing.filesystem import Store

HELD = timedelta(days=1)
STARTING = timedelta(minutes=10)  # a claim whose run has no plan by then is of a start that was killed
CLAIM = re.compile(r"_runs/([^/]+)/adopted-([0-9a-f]+)\.json")


@dataclass(frozen=True, slots=True)
class Claim:
    """One run's claim; claims sort by age.

    Attributes:
        since: when it was first written, by the storage's clock.
    """

    since: datetime
    run: str
    request_ids: frozenset[str]

    @property
    def age(self) -> tuple[datetime, str]:
        return (self.since, self.run)


def claim(store: Store, run: str, plan_hash: str, request_ids: Sequence[str]) -> set[str]:
    """Claim these rows for the run; returns those that an older claim has, which are not the run's."""
    path = f"_runs/{run}/adopted-{plan_hash[:12]}.json"
    write_json(store, path, {"request_ids": list(request_ids)})
    since = store.stat(path).changed_at
    _let_others_be_seen(store)
    older = [each for each in _claims(store, run) if each.age < (since, run)]
    lost = set(request_ids) & {request_id for each in older for request_id in each.request_ids}
    if lost:
        kept = [each for each in request_ids if each not in lost]
        write_json(store, path, {"request_ids": kept, "since": since})
    return lost


def held(store: Store, run: str) -> set[str]:
    """The rows that other runs than this one have taken over and may be working."""
    return {request_id for each in _claims(store, run) for request_id in each.request_ids}


def _claims(store: Store, run: str) -> Iterator[Claim]:
    """Those of other runs that still count."""
    now = datetime.now(UTC)
    for path in store.list("_runs"):
        named = CLAIM.fullmatch(path)
        if named is None or named[1] == run:
            continue
        document = read_json(store, path)
        if document is None:
            continue
        since = _since(store, path, document.get("since"))
        plan = read_plan(store, named[1])
        is_begun = plan is not None and plan.hash.startswith(named[2])
        if now - plan.first_start < HELD if plan and is_begun else now - since < STARTING:
            yield Claim(since, named[1], frozenset(document["request_ids"]))


def _since(store: Store, path: str, written: str | None) -> datetime:
    if written is not None:
        return datetime.fromisoformat(written)
    try:
        return store.stat(path).changed_at
    except FileNotFoundError:  # its run has just committed
        return datetime.min.replace(tzinfo=UTC)


def _let_others_be_seen(store: Store) -> None:
    """A file is a moment older than its name; an object store tells times in whole seconds."""
    time.sleep(1.1 if store.url.startswith("s3:") else 0.05)
