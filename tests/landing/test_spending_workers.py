"""Shards worked in several processes at once, one of which dies: together they keep to one budget."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from tasks.calling.engine import Engine
from tasks.landing.dealing import Dealing, Funds
from tasks.landing.shard_records import ShardRecord
from tasks.produce_shard import ShardReference

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator
    from tasks.landing.allowances import ShardMoney

HERE = Path(__file__).parent
ROWS = 90
BUDGET = 1.5


def started(reference: ShardReference, money: ShardMoney) -> subprocess.Popen[str]:
    arguments = [orjson.dumps(asdict(each)).decode() for each in (reference, money)]
    command = [sys.executable, str(HERE / "shard_worker.py"), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def record_of(process: subprocess.Popen[str]) -> ShardRecord:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return ShardRecord.model_validate_json(out)


def test_workers_of_which_one_is_killed_keep_to_one_budget_and_use_it(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.landing.sorting.ROWS_PER_SHARD", ROWS // 3)
    simulator = simulate(faults=[{"kind": "hang", "prompt": "topic 3", "first": 4, "hang_seconds": 2}])
    night = rig(simulator)
    begun = night.begin(night.table({f"r{n}": f"topic {n}" for n in range(ROWS)}))
    plan = begun.plan
    state = night.state(begun)
    spending, routes, funds = state.calls.ledger.spending, state.calls.routes, Funds(BUDGET, {})

    def reference(shard: int, attempt: int = 1) -> ShardReference:
        return ShardReference(night.store.url, plan.run, plan.hash, plan.generation, shard, attempt)

    dealing = Dealing(funds, spending, routes, 0.0, ROWS)
    money = {shard: dealing.deal(shard, rows) for shard, rows in enumerate(plan.shard_rows)}
    dying = started(reference(0), money[0])
    until = time.monotonic() + 60
    while simulator.stats()["by_fault"].get("hang", 0) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    dying.kill()
    dying.communicate()
    paid = simulator.stats()["usd"]
    assert paid > 0
    processes = [started(reference(shard), each) for shard, each in money.items()]
    records = {record.shard: record for record in map(record_of, processes)}
    assert len({record.worker for record in records.values()}) == 3
    assert records[0].usd > paid, "what the dead one spent, and its calls without an end, are in the record"
    Engine.current().wait(state.calls.ledger.catch_up())
    assert spending.usd == pytest.approx(sum(record.usd for record in records.values()))
    left = Dealing(funds, spending, routes, 0.0, 0)
    last = record_of(started(reference(1, 2), left.deal(1, plan.shard_rows[1])))
    Engine.current().wait(state.calls.ledger.catch_up())
    Engine.current().wait(state.stop(journal_is_landed=False))
    assert simulator.stats()["usd"] <= BUDGET
    assert 0.95 * BUDGET <= spending.usd <= BUDGET
    assert last.usd > 0
