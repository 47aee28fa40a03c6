"""`kill -9` in the middle of a night, and the same command again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from command_rig import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator

ROWS = 300
CONCURRENCY = 20


def test_a_night_killed_among_its_calls_goes_on_and_pays_twice_at_most_what_was_in_flight(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(latency=0.02)
    night = commands(simulator.openai_url, ROWS)
    for kills, calls in enumerate((ROWS // 2, 2 * ROWS - 20), 1):
        process = night.start(concurrency=CONCURRENCY)
        until(lambda wanted=calls: simulator.stats()["calls"] >= wanted, process)
        process.kill()
        process.communicate()
        assert night.manifest() is None
        assert night.read("outputs").empty
        assert simulator.stats()["sent_twice"] <= kills * CONCURRENCY
    code, out, err = night.run(concurrency=CONCURRENCY)
    assert (code, err) == (0, ""), out
    night.is_whole(simulator)
    twice, lost = simulator.stats()["sent_twice"], night.read("calls")["status"].eq("lost").sum()
    assert 0 < twice <= lost <= 2 * CONCURRENCY


@pytest.mark.parametrize("seen", ["outputs", "_runs/night/g1.json"])
def test_a_night_killed_while_it_commits_goes_on_and_no_reader_saw_half_of_it(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator], seen: str
) -> None:
    simulator = simulate()
    night = commands(simulator.openai_url, ROWS)
    process = night.start()
    counts: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            counts.add(len(night.read("outputs")))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        place = night.folder / "store" / seen
        until(lambda: place.is_file() or any(place.rglob("*.parquet")), process)
        process.kill()
        process.communicate()
        paid = simulator.stats()["calls"]
        code, out, err = night.run()
    finally:
        stop.set()
        reader.join()
    assert (code, err) == (0, ""), out
    night.is_whole(simulator)
    assert simulator.stats()["calls"] == paid == 2 * ROWS, "every call was finished before the commit"
    assert counts <= {0, ROWS}
    left = [path for path in night.store.list() if path.startswith(("_runs", "_ledger"))]
    assert left == [
        "_ledger/keys/night-g1.parquet", "_runs/night.json", "_runs/night/g1.json", "_runs/night/plan.json", "_runs/night/report.html",
    ]  # fmt: skip
