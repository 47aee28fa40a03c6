"""Calls taken out of the ledger on purpose: their keys go, their rows in `calls` stay as they are.

A run that may go on as it is keeps its keys, unless it is named: going on without them, it would pay again. What has not
committed has no keys yet. A process that is working a night has loaded its keys, and may serve them until it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tasks.calling.key_joining import KeysJoined, Wanted, count_keys, join_keys
from tasks.calling.pruned import add_pruned
from tasks.landing.committed import committed_runs
from tasks.landing.moves import at_once, is_in_work, may_go_on
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import checked_run_name
from tasks.landing.spend_history import spend_rows
from tasks.landing.spend_sums import spent_by
from tasks.landing.store_lock import store_lock
from tasks.storing.errors import NightpressError, UserError, near_miss

if TYPE_CHECKING:
    from datetime import datetime

    from tasks.storing.filesystem import Store

WAIT_SECONDS = 10.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Which calls go: those to which all of this applies.

    Attributes:
        before: finished by then.
        run: empty for any.
        recipe: empty for any.
        simulated: of runs all of whose calls were simulated.
    """

    before: datetime
    run: str = ""
    recipe: str = ""
    simulated: bool = False


@dataclass(slots=True)
class Pruning:
    """What went, or would go.

    Attributes:
        keys: calls that are not reused any more.
        size_bytes: by which the key files became smaller, or about that in a dry run.
        runs: whose calls were looked at.
        spared: runs left alone, as they may go on.
        mixed: runs left alone, as only some of their calls were simulated.
    """

    keys: int = 0
    size_bytes: int = 0
    runs: list[str] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)


def prune(store: Store, unwanted: Unwanted, *, dry_run: bool) -> Pruning:
    """Take the keys out; only count them in a dry run.

    Raises:
        UserError: the run that is named is not there, or is being worked.
        StoreBusy: another process moves rows of the store.
        NightpressError: keys came back each time, as another process put key files together.
    """
    told = _chosen(store, unwanted)
    added = dict.fromkeys(told.runs, unwanted.before)
    if dry_run:
        _counted(told, count_keys(store, _wanted(added)))
        return told
    if not told.runs:
        return told
    with store_lock(store, wait_seconds=WAIT_SECONDS):
        add_pruned(store, added)
        for _ in range(TRIES):
            _counted(told, join_keys(store, _wanted(added)))
            if not count_keys(store, _wanted(added)).pruned:
                return told
    raise NightpressError(
        f"another process is putting key files of {store.url} together; `nightpress cache prune` again, later"
    )


def _wanted(pruned: dict[str, datetime]) -> Wanted:
    return Wanted(since=None, text_since=None, may_go_on=lambda _: True, pruned=pruned)


def _counted(told: Pruning, joined: KeysJoined) -> None:
    told.keys += joined.pruned
    told.size_bytes += joined.bytes_before - joined.bytes_after


def _chosen(store: Store, unwanted: Unwanted) -> Pruning:
    """The runs whose calls go."""
    if unwanted.run:
        manifests = [_named(store, unwanted.run)]
    else:
        manifests = [each for each in at_once(partial(read_manifest, store), committed_runs(store)) if each]
    told = Pruning()
    for manifest in sorted(manifests, key=lambda each: str(each["committed_at"])):
        run = manifest["run"]
        if unwanted.recipe and manifest["recipe"] != unwanted.recipe:
            continue
        if unwanted.simulated and not manifest["simulated"]:
            continue
        if unwanted.simulated and _has_real_calls(store, manifest):
            told.mixed.append(run)
        elif not unwanted.run and may_go_on(store, run):
            told.spared.append(run)
        else:
            told.runs.append(run)
    return told


def _named(store: Store, run: str) -> dict[str, Any]:
    manifest = read_manifest(store, checked_run_name(run))
    if manifest is None:
        raise UserError(
            f"there is no committed run {run!r}; a run that has not committed keeps its calls",
            where="--run", hint=near_miss(run, committed_runs(store)),
        )  # fmt: skip
    if is_in_work(store, run, manifest):
        raise UserError(
            f"run {run!r} is being worked, or was left in the middle: without its calls it would pay for them again",
            where="--run", hint="let it commit first",
        )  # fmt: skip
    return manifest


def _has_real_calls(store: Store, manifest: dict[str, Any]) -> bool:
    return any(not who.simulated and spent.sent for who, spent in spent_by(spend_rows(store, manifest)))
