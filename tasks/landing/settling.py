"""Moves that somebody began and did not end: ended by whoever comes next."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tasks.landing.joining import finish_join, joined_of
from tasks.landing.moves import OPEN, open_moves
from tasks.landing.plan import read_manifest
from tasks.landing.retention import finish_blank, finish_drop
from tasks.landing.store_lock import StoreBusy, store_lock
from tasks.landing.taking_out import finish_take_out, take_out

if TYPE_CHECKING:
    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store

FINISH = {"join": finish_join, "take_out": finish_take_out, "blank": finish_blank, "drop": finish_drop}


def settle(store: Store, lease: Lease) -> int:
    """End every open move; returns how many there were."""
    moves = open_moves(store)
    for move in moves:
        FINISH[move.kind](store, lease, move)
    return len(moves)


def settle_left(store: Store) -> None:
    """End what a killed housekeeping left, unless one is at work; one listing if there is nothing."""
    if store.list(OPEN):
        with suppress(StoreBusy), store_lock(store, wait_seconds=0) as lease:
            settle(store, lease)


def own_manifest(store: Store, run: str) -> dict[str, Any] | None:
    """The run's manifest, all it names but calls in parts of its own; nobody moves them while its plan is ahead of it.

    Raises:
        StoreBusy: the store is being tidied, for longer than one waits.
    """
    manifest = read_manifest(store, run)
    if manifest is None:
        return None
    concerned = any(run in move.runs for move in open_moves(store))
    manifest = read_manifest(store, run)  # again: a move may have ended before the listing
    if manifest is None or (not concerned and joined_of(manifest) is None):
        return manifest
    with store_lock(store) as lease:
        settle(store, lease)
        manifest = read_manifest(store, run)
        if manifest is not None and joined_of(manifest) is not None:
            take_out(store, lease, manifest)
            manifest = read_manifest(store, run)
    return manifest
