"""Moves that somebody began and did not end: ended by whoever comes next.

One that cannot be ended keeps housekeeping and the runs that it names from going on, and nobody else.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasks.landing.joining import finish_join, joined_of
from tasks.landing.moves import OPEN, read_move, runs_of_move
from tasks.landing.plan import read_manifest
from tasks.landing.rating_refresh import finish_rate
from tasks.landing.retention import finish_blank, finish_drop
from tasks.landing.store_lock import StoreBusy, store_lock
from tasks.landing.taking_out import finish_take_out, take_out
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    from collections.abc import Collection

    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store

FINISH = {
    "join": finish_join, "take_out": finish_take_out, "blank": finish_blank, "drop": finish_drop, "rate": finish_rate,
}  # fmt: skip
LOG = logging.getLogger(__name__)


def settle(store: Store, lease: Lease) -> None:
    """End every open move.

    Raises:
        StoreBusy: the lease has run out; another may end the rest.
        UserError: one cannot be ended; the message names its file.
    """
    for path in store.list(OPEN):
        _end(store, lease, path)


def settle_for(store: Store, lease: Lease, runs: Collection[str]) -> None:
    """End every open move before rows of these runs are changed.

    Raises:
        StoreBusy: as `settle`.
        UserError: one that names such a run, or may name it, cannot be ended; others that cannot are a warning.
    """
    for path in store.list(OPEN):
        try:
            _end(store, lease, path)
        except UserError as error:
            named = runs_of_move(store, path)
            if named is None or not set(named).isdisjoint(runs):
                raise
            LOG.warning("%s; it is left as it is", error)


def settle_left(store: Store, run: str) -> None:
    """End what a killed housekeeping left, unless one is at work; one listing if there is nothing.

    Raises:
        UserError: a move that names the run cannot be ended; others that cannot are a warning in the log.
    """
    if store.list(OPEN):
        with suppress(StoreBusy), store_lock(store, wait_seconds=0) as lease:
            for path in store.list(OPEN):
                _end_of_others(store, lease, path, run)


def own_manifest(store: Store, run: str) -> dict[str, Any] | None:
    """The run's manifest, all it names but calls in parts of its own; nobody moves them while its plan is ahead of it.

    Raises:
        StoreBusy: the store is being tidied, for longer than one waits.
        UserError: a move that names the run, or may name it, cannot be ended; the message names its file.
    """
    manifest = read_manifest(store, run)
    if manifest is None:
        return None
    concerned = bool(_moves_of(store, run))
    manifest = read_manifest(store, run)  # again: a move may have ended before the listing
    if manifest is None or (not concerned and joined_of(manifest) is None):
        return manifest
    with store_lock(store) as lease:
        for path in _moves_of(store, run):
            _end(store, lease, path)
        manifest = read_manifest(store, run)
        if manifest is not None and joined_of(manifest) is not None:
            take_out(store, lease, manifest)
            manifest = read_manifest(store, run)
    return manifest


def _moves_of(store: Store, run: str) -> list[str]:
    """The open moves that name the run, and those of which nobody can tell."""
    named = {path: runs_of_move(store, path) for path in store.list(OPEN)}
    return [path for path, runs in named.items() if runs is None or run in runs]


def _end(store: Store, lease: Lease, path: str) -> None:
    try:
        move = read_move(store, path)
        if move is not None:
            FINISH[move.kind](store, lease, move)
    except StoreBusy:
        raise
    except (OSError, NightpressError, ValidationError) as error:
        raise UserError(
            f"what housekeeping had begun to do cannot be ended: {_why(error)}",
            where=f"{store.url}/{path}",
            hint="put back what is missing, or use the version of Nightpress that wrote this file",
        ) from error


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    fields = {".".join(str(each) for each in wrong["loc"]) for wrong in error.errors()}
    return f"this version of Nightpress does not know {error.title}'s {', '.join(sorted(fields))}"


def _end_of_others(store: Store, lease: Lease, path: str, run: str) -> None:
    try:
        _end(store, lease, path)
    except UserError as error:
        if run in (runs_of_move(store, path) or ()):
            raise
        LOG.warning("%s; it is left as it is, and run %s goes on without it", error, run)
