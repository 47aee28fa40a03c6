"""Ctrl-C, SIGTERM, and the same night started twice."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from command_rig import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator

ROWS = 500


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_night_ends_cleanly_and_soon_and_goes_on(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator], number: signal.Signals
) -> None:
    simulator = simulate(latency=0.05)
    night = commands(simulator.openai_url, ROWS)
    process = night.start(concurrency=20)
    until(lambda: simulator.stats()["calls"] >= 200, process)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 15
    assert out.splitlines()[-1] == "stopped; nothing is lost: the same command goes on from here"
    assert "Traceback" not in out + err
    assert simulator.stats()["calls"] < 2 * ROWS, "it stopped calling"
    code, out, err = night.run()
    assert (code, err) == (0, ""), out
    night.is_whole(simulator)
    assert simulator.stats()["sent_twice"] <= 20


def test_the_same_night_started_twice_at_once_is_refused_with_a_clear_line(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(latency=0.05)
    night = commands(simulator.openai_url, 200)
    first = night.start(concurrency=10)
    until(lambda: simulator.stats()["calls"] >= 1, first)
    code, _, err = night.run(concurrency=10)
    assert code == 2
    assert "Traceback" not in err
    assert err.splitlines() == [
        f"error: --run: run 'night' is being worked by process {first.pid} already; wait for it, or give another --run"
    ]
    first.communicate(timeout=60)
    assert first.returncode == 0
    night.is_whole(simulator)
    assert simulator.stats()["sent_twice"] == 0
