"""One process at a time moves rows that are committed: a lease, kept in the store, that runs out by itself.

    _housekeeping/lock/<n>.json     the highest n counts; whoever writes the next one has it

Nights do not need it. A holder that was killed keeps the others out for EXPIRES_SECONDS; one that was held up for
longer than HELD_SECONDS finds out before its next step, and stops. The time between the two is for clocks that
disagree.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasks.storing.errors import NightpressError
from tasks.storing.records import read_json, write_json, write_json_new

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.storing.filesystem import Store

FOLDER = "_housekeeping/lock"
HELD_SECONDS = 120.0
RENEW_SECONDS = 30.0
EXPIRES_SECONDS = 300.0
WAIT_SECONDS = 600.0
LONGEST_PAUSE_SECONDS = 2.0


class StoreBusy(NightpressError):
    """Another process moves rows of the store, or this one was held up for so long that another may."""


@dataclass(slots=True)
class Lease:
    """The right to move rows, for a while."""

    store: Store
    path: str
    renewed_at: float

    def check(self) -> None:
        """Say before each step that others see that it may be taken.

        Raises:
            StoreBusy: it is too late.
        """
        if time.monotonic() - self.renewed_at > HELD_SECONDS:
            raise StoreBusy(
                "housekeeping was held up for too long; what it had begun is finished the next time"
            )

    def keep(self) -> None:
        """Say before each piece of work that it begins; it should take less than HELD_SECONDS.

        Raises:
            StoreBusy: as `check`.
        """
        self.check()
        if time.monotonic() - self.renewed_at > RENEW_SECONDS:
            begun = time.monotonic()
            write_json(self.store, self.path, _taken())
            self.renewed_at = begun


@contextmanager
def store_lock(store: Store, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[Lease]:
    """Hold the store's lock for as long as the block lasts.

    Raises:
        StoreBusy: others hold it, for longer than `wait_seconds`.
    """
    until, pause = time.monotonic() + wait_seconds, 0.05
    while (lease := _take(store)) is None:
        if time.monotonic() + pause > until:
            raise StoreBusy(f"the store {store.url} is being tidied by another process; try again later")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    try:
        yield lease
    finally:
        if time.monotonic() - lease.renewed_at <= HELD_SECONDS:
            write_json(store, lease.path, {"free": True})


def _take(store: Store) -> Lease | None:
    known = store.list(FOLDER)
    if known and not _is_free(read_json(store, known[-1])):
        return None
    number = int(known[-1].rsplit("/", 1)[1].removesuffix(".json")) + 1 if known else 1
    path, begun = f"{FOLDER}/{number:012d}.json", time.monotonic()
    if not write_json_new(store, path, _taken()):
        return None
    known = store.list(FOLDER)
    if known[-1] != path:  # written by one that listed long ago: others have had it since
        store.delete([path])
        return None
    store.delete(known[:-1])
    return Lease(store, path, begun)


def _taken() -> dict[str, Any]:
    return {"free": False, "taken_at": datetime.now(UTC).isoformat()}


def _is_free(document: dict[str, Any] | None) -> bool:
    if document is None:  # somebody has just taken the next one
        return False
    if document["free"]:
        return True
    return datetime.fromisoformat(document["taken_at"]) < datetime.now(UTC) - timedelta(
        seconds=EXPIRES_SECONDS
    )
