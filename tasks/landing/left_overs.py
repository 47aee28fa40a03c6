"""What kills left behind and nobody will ask for: working files of committed runs, runs that never committed.

A file counts as left behind only a day after it was written: before, a start may be about to name it in its plan.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tasks.calling.past_calls import OPEN_FOLDER
from tasks.landing.moves import is_in_work
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import plan_path
from tasks.storing.records import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.storing.filesystem import Store

SETTLED = timedelta(days=1)
LASTING = re.compile(r"(plan|g\d+)\.json")


@dataclass(frozen=True, slots=True)
class LeftOvers:
    """Files to remove, in this order.

    Attributes:
        abandoned: run → everything it has outside the tables, its plan first; it never committed.
        working: files of committed runs that a kill left.
    """

    abandoned: dict[str, list[str]]
    working: list[str]

    @property
    def files(self) -> list[str]:
        return [*(path for paths in self.abandoned.values() for path in paths), *self.working]


def not_needed(paths: Iterable[str], run: str, plan_hash: str, manifest: dict[str, Any]) -> list[str]:
    """Those of a run's files below `_runs/<run>/` that it needs no more once it has this manifest."""
    folder = f"_runs/{run}/"
    keep_requests = manifest["rows"]["retryable"] or manifest["rows"]["deferred"]
    kept = re.compile(
        r"(plan|g\d+)\.json$|^report\.html$"
        + (rf"|(requests|rejects)-{plan_hash[:12]}\.parquet$|decisions/" if keep_requests else "")
    )
    return [path for path in paths if not kept.search(path.removeprefix(folder))]


def left_overs(store: Store, now: datetime, keep_open: timedelta) -> LeftOvers:
    """What may be removed.

    Args:
        keep_open: for how long a run that never committed, or calls that it never landed, are kept.
    """
    files: dict[str, list[str]] = defaultdict(list)
    committed: set[str] = set()
    for path in [*store.list("_runs"), *store.list(OPEN_FOLDER)]:
        run, _, name = path.removeprefix("_runs/").removeprefix(f"{OPEN_FOLDER}/").partition("/")
        if name:
            files[run].append(path)
        else:
            committed.add(run.removesuffix(".json"))
    found = LeftOvers({}, [])
    for run, paths in files.items():
        if run not in committed:
            if all(store_time(store, path, now) < now - keep_open for path in sorted(paths, key=_plan_last)):
                found.abandoned[run] = sorted(paths, key=_plan_last, reverse=True)
        elif any(not LASTING.fullmatch(path.removeprefix(f"_runs/{run}/")) for path in paths):
            found.working.extend(_working(store, run, paths, now, keep_open))
    return found


def remove(store: Store, found: LeftOvers) -> None:
    """Remove them; a run's plan before the rest, so that nobody goes on with half of it."""
    for paths in found.abandoned.values():
        store.delete(paths[:1])
        store.delete(paths[1:])
    store.delete(found.working)


def store_time(store: Store, path: str, now: datetime) -> datetime:
    """When the file was written; `now` if it has just gone."""
    try:
        return store.stat(path).changed_at
    except FileNotFoundError:
        return now


def _plan_last(path: str) -> bool:
    return path.endswith("/plan.json")


def _working(store: Store, run: str, paths: list[str], now: datetime, keep_open: timedelta) -> list[str]:
    manifest, plan = read_manifest(store, run), read_json(store, plan_path(run))
    if manifest is None or plan is None or is_in_work(store, run, manifest):
        return []
    calls = [path for path in paths if path.startswith(f"{OPEN_FOLDER}/")]
    others = [path for path in paths if path not in calls]
    old = {path: now - (SETTLED if path in manifest["landed"] else keep_open) for path in calls}
    old |= dict.fromkeys(not_needed(others, run, plan["hash"], manifest), now - SETTLED)
    return [path for path, moment in old.items() if store_time(store, path, now) < moment]
