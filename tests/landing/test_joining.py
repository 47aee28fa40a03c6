"""Small parts become few: every row stays, the records say where, and the ledger still finds every call."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from house_rig import check_manifests, house, singles, sorted_rows, table, tidied

from tasks.calling.engine import Engine
from tasks.landing.allowances import ShardMoney
from tasks.landing.joinable import TABLES_OF_RUN, joinable
from tasks.landing.joining import join
from tasks.landing.plan import read_manifest, write_plan
from tasks.landing.shards import work_shard
from tasks.landing.store_lock import store_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

COUNT = 5


def later() -> datetime:
    return datetime.now(UTC) + timedelta(days=3)


def test_many_small_runs_become_one_part_per_table_and_no_row_changes(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, COUNT)
    before = sorted_rows(night.store)
    told = tidied(night.store)
    assert sorted_rows(night.store) == before
    assert {name: len(night.store.list(name)) for name in TABLES_OF_RUN} == dict.fromkeys(TABLES_OF_RUN, 1)
    check_manifests(night.store)
    assert [(told[name].before.files, told[name].after.files) for name in TABLES_OF_RUN] == [(COUNT, 1)] * 7
    assert (told["calls"].before.rows, told["calls"].after.rows) == (2 * COUNT, 2 * COUNT)
    assert told["ledger keys"].after.files == 1
    assert told["ledger keys"].after.rows == 2 * COUNT
    assert night.store.list("_housekeeping/open") == []


def test_keeping_house_again_changes_nothing(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    before = [path for path in night.store.list() if "/lock/" not in path]
    told = tidied(night.store)
    assert [path for path in night.store.list() if "/lock/" not in path] == before
    assert told["outputs"].before.files == 0
    assert told["ledger keys"].before == told["ledger keys"].after


def test_young_runs_and_lone_runs_are_left_alone(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(table(night, 0), run="alone")
    assert joinable(night.store, later()) == []
    singles(night, 2)
    assert joinable(night.store, datetime.now(UTC) - timedelta(days=1)) == []
    (group,) = joinable(night.store, later())
    assert len(group.manifests) == 3


def test_large_runs_are_left_alone(rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch) -> None:
    night = rig()
    singles(night, 3)
    size_bytes = max(
        part["size_bytes"]
        for name in ("pipeline-0", "pipeline-1", "pipeline-2")
        for parts in (read_manifest(night.store, name) or {})["parts"].values()
        for part in parts
    )
    monkeypatch.setattr("tasks.landing.joinable.SMALL_BYTES", size_bytes)
    assert all(len(group.manifests) < 3 for group in joinable(night.store, later()))


def test_a_run_with_rows_to_do_again_is_left_alone_and_done_again(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic 1$", "first": 2}])
    singles(night, 3)
    tidied(night.store)
    assert len(night.store.list("outputs")) == 2
    check_manifests(night.store)
    begun = night.begin(table(night, 1), run="pipeline-1")
    assert begun.way == "again"
    night.commit(begun, night.produce(begun))
    assert [row["status"] for row in night.rows("outputs")] == ["made"] * 3


def test_a_run_that_is_started_anew_between_the_look_and_the_join_is_left_out(
    rig: Callable[..., Rig],
) -> None:
    night = rig()
    singles(night, 3)
    (group,) = joinable(night.store, later())
    begun = night.begin(table(night, 1), run="pipeline-1", replace=True)
    before = sorted_rows(night.store)
    with store_lock(night.store) as lease:
        joined = join(night.store, lease, group)
    assert joined is not None
    assert joined.runs == ("pipeline-0", "pipeline-2")
    assert sorted_rows(night.store) == before
    night.commit(begun, night.produce(begun))
    check_manifests(night.store)
    assert sorted(row["request_id"] for row in night.rows("outputs")) == ["r0", "r1", "r2"]


def test_fewer_than_two_unchanged_runs_are_not_joined(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 2)
    (group,) = joinable(night.store, later())
    plan = night.begin(table(night, 1), run="pipeline-1").plan
    write_plan(night.store, plan.model_copy(update={"generation": 2}))
    before = night.store.list("outputs")
    with store_lock(night.store) as lease:
        assert join(night.store, lease, group) is None
    assert night.store.list("outputs") == before
    assert night.store.list("_housekeeping/open") == []


def test_a_call_is_served_from_the_ledger_after_it_was_joined(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate()
    night = rig(simulator)
    singles(night, 3)
    tidied(night.store)
    Engine.current()._past.pop(night.store.url)
    sent = simulator.stats()["calls"]
    manifest = night.night(table(night, 1), run="tomorrow")
    assert simulator.stats()["calls"] == sent
    assert manifest["calls"]["cached"] == 2
    hits = [row for row in night.rows("calls") if row["cached"]]
    assert {row["source_call_id"] for row in hits} <= {row["call_id"] for row in night.rows("calls")}


def test_a_process_that_had_indexed_the_old_places_finds_a_call_in_the_new_one(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate()
    night = rig(simulator)
    singles(night, 3)
    begun = night.begin(table(night, 1), run="tomorrow")
    state = night.state(begun)
    tidied(night.store)
    sent = simulator.stats()["calls"]
    (shard,) = [number for number, rows in enumerate(begun.plan.shard_rows) if rows]
    record = Engine.current().wait(work_shard(state, shard, 1, ShardMoney()))
    Engine.current().wait(state.stop(journal_is_landed=False))
    assert night.commit(begun, [record])["calls"]["cached"] == 2
    assert simulator.stats()["calls"] == sent


def test_two_houses_kept_at_once_come_to_the_same(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, COUNT)
    before = sorted_rows(night.store)
    errors: list[Exception] = []

    def keep() -> None:
        try:
            house(night.store).tidy()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=keep) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert errors == []
    assert sorted_rows(night.store) == before
    assert len(night.store.list("outputs")) == 1
    check_manifests(night.store)


def test_a_reader_that_polls_while_parts_are_joined_never_misses_a_row(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.landing.joinable.MOST_RUNS", 3)
    night = rig()
    singles(night, 12)
    wanted = {name: len(night.rows(name)) for name in ("outputs", "calls", "metrics")}
    seen: dict[str, list[int]] = {name: [] for name in wanted}
    gone: list[Exception] = []
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            for name, counts in seen.items():
                try:
                    counts.append(len(pd.read_parquet(f"{night.store.url}/{name}")))
                except FileNotFoundError as error:  # listed before, gone when it was opened: said, not missed
                    gone.append(error)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        tidied(night.store)
        time.sleep(0.2)
    finally:
        stop.set()
        reader.join()
    for name, counts in seen.items():
        assert len(counts) > 3
        assert min(counts) == wanted[name] == counts[-1]
    assert len(night.store.list("outputs")) == 4


def test_a_dry_run_says_the_same_and_touches_nothing(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    before = night.store.list()
    told = tidied(night.store, dry_run=True)
    assert night.store.list() == before
    done = tidied(night.store)

    def counts(each: Any) -> tuple[int, ...]:
        return each.before.files, each.before.rows, each.after.files, each.after.rows

    for name in TABLES_OF_RUN:
        assert counts(told[name]) == counts(done[name])
