"""A provider or a store that is not there, at the start or later."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from command_rig import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_provider_that_is_down_fails_rows_that_the_next_start_makes(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator], free_port: int
) -> None:
    night = commands(f"http://127.0.0.1:{free_port}/v1", 10)
    code, out, err = night.run()
    assert (code, err) == (1, ""), out
    assert "committed, unhealthy" in out
    assert "connection 10" in out
    manifest = night.manifest()
    assert manifest is not None
    assert (manifest["rows"]["failed"], manifest["rows"]["retryable"], manifest["usd"]["spent"]) == (
        10,
        10,
        0.0,
    )
    simulator = simulate(port=free_port)
    code, out, err = night.run()
    assert (code, err) == (0, ""), out
    night.is_whole(simulator)


def test_a_provider_that_goes_away_in_the_middle_costs_only_the_rows_it_left_open(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator], free_port: int
) -> None:
    simulator = simulate(port=free_port, latency=0.05)
    night = commands(simulator.openai_url, 40)
    process = night.start(concurrency=10)
    until(lambda: simulator.stats()["calls"] >= 30, process)
    before = simulator.stats()
    simulator.__exit__(None, None, None)
    process.communicate(timeout=60)
    assert process.returncode == 1
    manifest = night.manifest()
    assert manifest is not None
    assert manifest["rows"]["retryable"] == manifest["rows"]["failed"] > 0
    assert manifest["rows"]["made"] + manifest["rows"]["failed"] == 40
    back = simulate(port=free_port)
    assert night.run()[0] == 0
    night.is_whole(back)
    assert back.stats()["calls"] <= 80 - before["answered"], "what was answered is not asked again"


@pytest.mark.parametrize("store", ["requests.jsonl/store", "/proc/nightpress-store"])
def test_a_store_that_cannot_be_written_is_one_clear_line(
    commands: Callable[..., Commands], store: str
) -> None:
    night = commands("http://127.0.0.1:9/v1", 1)
    code, _, err = night.run(store=store)
    assert code in {1, 2}
    (line,) = err.splitlines()
    assert store in line
