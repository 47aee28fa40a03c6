"""Which runs housekeeping may join: old enough, small, with nothing left to do. Reads only."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from tasks.landing.moves import PER_RUN, at_once, joined_id
from tasks.landing.plan import read_manifest

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

SMALL_BYTES = 1 << 20
MOST_RUNS = 200
MOST_BYTES = 64 << 20
TABLES_OF_RUN = (*PER_RUN, "calls")
OWN_PART = re.compile(r"^outputs/run_date=(\d{4}-\d\d-\d\d)/(.+)-\d+\.parquet$")


@dataclass(frozen=True, slots=True)
class Group:
    """Runs of one date whose parts can become one per table; `manifests` as they were read."""

    run_date: date
    manifests: list[dict[str, Any]]

    @property
    def parts(self) -> dict[str, list[str]]:
        """Table → the parts that become one."""
        return {
            table: [part["path"] for manifest in self.manifests for part in manifest["parts"][table]]
            for table in TABLES_OF_RUN
        }

    def size_bytes(self, table: str) -> int:
        return sum(part["size_bytes"] for manifest in self.manifests for part in manifest["parts"][table])

    def rows(self, table: str) -> int:
        return sum(part["rows"] for manifest in self.manifests for part in manifest["parts"][table])


def joinable(store: Store, before: datetime) -> list[Group]:
    """What can be joined of the runs committed before that moment; in no group there is a run alone."""
    runs: dict[str, list[str]] = defaultdict(list)
    for path in store.list("outputs"):
        own = OWN_PART.match(path)
        if own and joined_id(path) is None:
            runs[own[1]].append(own[2])
    found: list[Group] = []
    for day, names in runs.items():
        if len(names) > 1:
            read = at_once(lambda run: read_manifest(store, run), names)
            fit = [each for each in read if each is not None and _may_be_joined(each, day, before)]
            found += _groups(date.fromisoformat(day), fit)
    there = set(store.list()) if found else set()
    return [
        group for group in found if there.issuperset(path for each in group.parts.values() for path in each)
    ]


def _may_be_joined(manifest: dict[str, Any], day: str, before: datetime) -> bool:
    parts = [part for each in manifest["parts"].values() for part in each]
    return (
        datetime.fromisoformat(manifest["committed_at"]) < before
        and not manifest["rows"]["retryable"]
        and not manifest["rows"]["deferred"]
        and all("joined" not in part and part["size_bytes"] < SMALL_BYTES for part in parts)
        and all(f"/run_date={day}/" in part["path"] for part in parts)
        and set(manifest["parts"]) == set(TABLES_OF_RUN)
    )


def _groups(day: date, manifests: list[dict[str, Any]]) -> list[Group]:
    """Runs committed in one week together, so that what grows old in a part does so at one time."""
    by_week: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for manifest in sorted(manifests, key=lambda each: str(each["committed_at"])):
        by_week[datetime.fromisoformat(manifest["committed_at"]).isocalendar()[:2]].append(manifest)
    groups: list[list[dict[str, Any]]] = []
    for week in by_week.values():
        groups.append([])
        size_bytes = 0
        for manifest in week:
            own = sum(part["size_bytes"] for each in manifest["parts"].values() for part in each)
            if len(groups[-1]) == MOST_RUNS or size_bytes + own > MOST_BYTES:
                groups.append([])
                size_bytes = 0
            groups[-1].append(manifest)
            size_bytes += own
    return [Group(day, group) for group in groups if len(group) > 1]
