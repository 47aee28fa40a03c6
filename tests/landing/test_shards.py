"""One shard: what its record says, who wins, what is paid once, and how it is stopped."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

import pytest
from landing_rig import rows_of

from tasks.calling.engine import Engine
from tasks.landing.allowances import ShardMoney
from tasks.landing.shard_records import known_shards, read_record
from tasks.landing.shards import work_shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}


def wait(work: object) -> object:
    return Engine.current().wait(work)  # type: ignore[arg-type]


def test_a_record_counts_rows_names_parts_that_are_there_and_tells_what_was_spent(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(faults=[{"kind": "server_error", "prompt": "Outline topic 3"}])
    night = rig(simulator)
    begun = night.begin(night.table(TOPICS))
    (record,) = night.produce(begun)
    assert (record.rows, record.made, record.failed, record.retryable, record.deferred) == (8, 7, 1, 1, 0)
    assert record.usd == pytest.approx(simulator.stats()["usd"])
    assert len(rows_of(night.store, record.parts["outputs"].rsplit("/", 1)[0])) == 8
    assert record == read_record(night.store, begun.plan.workplace, 0, 1)


def test_only_a_shard_with_nothing_left_to_do_and_all_its_parts_is_finished(
    rig: Callable[..., Rig], small_shards: None
) -> None:
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic 3"}])
    begun = night.begin(night.table(TOPICS))
    assert known_shards(night.store, begun.plan.workplace) == {}
    records = {record.shard: record for record in night.produce(begun)}
    known = known_shards(night.store, begun.plan.workplace)
    assert {shard: each.finished for shard, each in known.items()} == {
        shard: None if record.retryable else record for shard, record in records.items()
    }
    whole = next(record for record in records.values() if not record.retryable)
    night.store.delete(whole.parts.values())
    lost = known_shards(night.store, begun.plan.workplace)[whole.shard]
    assert (lost.attempt, lost.finished) == (1, None)


def test_a_later_attempt_pays_only_for_what_has_no_answer_yet(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(faults=[{"kind": "server_error", "prompt": "Outline topic 3", "first": 2}])
    night = rig(simulator)
    begun = night.begin(night.table(TOPICS))
    night.produce(begun)
    sent = simulator.stats()["calls"]
    (record,) = night.produce(begun, attempt=2)
    assert simulator.stats()["calls"] == sent + 2
    assert (record.attempt, record.made, record.retryable) == (2, 8, 0)
    assert known_shards(night.store, begun.plan.workplace)[0].finished == record


def test_the_first_record_of_an_attempt_counts_for_whoever_comes_later(rig: Callable[..., Rig]) -> None:
    night = rig()
    begun = night.begin(night.table(TOPICS))
    (first,) = night.produce(begun)
    (second,) = night.produce(begun)
    assert second == first
    assert second.worker != night.states[1].worker


def test_a_shard_tried_again_after_its_store_failed_keeps_to_one_allowance(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate()
    night = rig(simulator)
    state = night.state(night.begin(night.table(TOPICS)))
    staged = state.store.files.folder / state.plan.workplace.folder / "staged"  # type: ignore[attr-defined]
    staged.parent.mkdir(parents=True)
    staged.write_text("a file in the folder's place")
    with pytest.raises(OSError, match="staged"):
        wait(work_shard(state, 0, 1, ShardMoney(0.12)))
    staged.unlink()
    record = wait(work_shard(state, 0, 1, ShardMoney(0.12)))
    wait(state.stop(journal_is_landed=False))
    assert simulator.stats()["usd"] <= 0.12
    assert record.usd == pytest.approx(simulator.stats()["usd"])  # type: ignore[attr-defined]
    assert record.deferred > 0  # type: ignore[attr-defined]


def test_stopping_a_run_ends_its_shards_at_once_and_loses_no_call(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    slow = {"prompt": "Write", "replies": [{"text": "x", "latency_seconds": 30}]}
    simulator = simulate(scripts=[slow])
    night = rig(simulator)
    begun = night.begin(night.table(TOPICS))
    state = night.state(begun)
    working = asyncio.run_coroutine_threadsafe(work_shard(state, 0, 1, ShardMoney()), Engine.current().loop)
    until = time.monotonic() + 10
    while simulator.stats()["calls"] < 16 and time.monotonic() < until:
        time.sleep(0.02)
    began = time.monotonic()
    wait(state.stop(journal_is_landed=False))
    assert time.monotonic() - began < 5
    with pytest.raises(CancelledError):
        working.result(1)
    with pytest.raises(CancelledError):
        wait(work_shard(state, 0, 1, ShardMoney()))
    rows = rows_of(night.store, "_ledger/open")
    assert sorted(row["status"] for row in rows) == ["lost"] * 8 + ["ok"] * 8
