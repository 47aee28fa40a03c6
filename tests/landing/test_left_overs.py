"""What kills left behind goes, once nobody can want it any more."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from house_rig import house, tidied

from tasks.landing.left_overs import left_overs

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from tasks.storing.filesystem import Store

TOPICS = {f"r{number}": f"topic {number}" for number in range(3)}
KEEP = timedelta(days=90)


def at(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def ours(store: Store) -> list[str]:
    return [path for path in store.list() if path.startswith(("_runs", "_ledger"))]


def test_working_files_of_a_committed_run_go_a_day_later(rig: Callable[..., Rig]) -> None:
    night = rig()
    manifest = night.night(night.table(TOPICS))
    clean = ours(night.store)
    left = [
        "_runs/night/decisions/w-0.json",
        "_runs/night/g1-abc/staged/outputs/00000.1-w.parquet",
        *manifest["landed"],
    ]
    for path in left:
        night.store.write(path, b"left")
    assert left_overs(night.store, at(0.5), KEEP).files == []
    tidied(night.store, days=1.5)
    assert ours(night.store) == clean


def test_a_run_that_may_go_on_keeps_what_it_needs(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic 1", "first": 2}])
    requests = night.table(TOPICS)
    night.night(requests)
    tidied(night.store, days=20)
    again = night.begin(requests)
    assert again.way == "again"
    tidied(night.store, days=20)
    assert night.commit(again, night.produce(again))["rows"]["made"] == 3


def test_a_run_that_is_worked_is_left_alone(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    night.night(requests)
    begun = night.begin(requests, replace=True)
    records = night.produce(begun)
    before = ours(night.store)
    tidied(night.store, days=20)
    assert ours(night.store) == before
    night.commit(begun, records)


def test_a_run_that_never_committed_is_forgotten_after_its_time_and_can_be_started_anew(
    rig: Callable[..., Rig],
) -> None:
    night = rig()
    requests = night.table(TOPICS)
    night.produce(night.begin(requests))
    before = ours(night.store)
    tidied(night.store, days=89)
    assert ours(night.store) == before
    told = tidied(night.store, days=91)
    assert ours(night.store) == []
    assert (told["runs never committed"].before.rows, told["runs never committed"].before.files) == (
        1,
        len(before),
    )
    assert night.night(requests)["rows"]["made"] == 3


def test_its_plan_goes_first_and_one_young_file_keeps_them_all(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.produce(night.begin(night.table(TOPICS)))
    found = left_overs(night.store, at(91), KEEP)
    assert found.abandoned["night"][0] == "_runs/night/plan.json"
    (path, *_) = night.store.list("_ledger/open")
    moment = at(50).timestamp()
    os.utime(Path(night.store.url) / path, (moment, moment))
    assert left_overs(night.store, at(91), KEEP).files == []


def test_calls_that_came_after_their_runs_commit_are_kept_as_long_as_an_open_run(
    rig: Callable[..., Rig],
) -> None:
    night = rig()
    night.night(night.table(TOPICS))
    night.store.write("_ledger/open/night/late-0.parquet", b"paid, and never landed")
    assert left_overs(night.store, at(89), KEEP).files == []
    assert left_overs(night.store, at(91), KEEP).files == ["_ledger/open/night/late-0.parquet"]


def test_files_of_killed_writers_go_a_day_later(rig: Callable[..., Rig]) -> None:
    night = rig()
    unfinished = Path(night.store.url) / ".unfinished" / "killed"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_bytes(b"half")
    tidied(night.store, days=0.5)
    assert unfinished.exists()
    assert house(night.store, days=1.5, dry_run=True).tidy()[-1].before.files == 1
    assert unfinished.exists()
    told = tidied(night.store, days=1.5)
    assert told["unfinished files"].before.files == 1
    assert not unfinished.exists()
