"""Ctrl-C, and the same night started twice."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from command_rig import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator

ROWS = 300


def test_an_interrupted_night_ends_cleanly_and_soon_and_goes_on(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(latency=0.05)
    night = commands(simulator.openai_url, ROWS)
    process = night.start(concurrency=20)
    until(lambda: simulator.stats()["calls"] >= 200, process)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
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
    slow = {
        "prompt": "Write about topic 7 ",
        "replies": [{"text": "x", "latency_seconds": 60}],
        "then": "exhaust",
    }
    simulator = simulate(scripts=[slow])
    night = commands(simulator.openai_url, 20)
    first = night.start()
    until(lambda: simulator.stats()["calls"] == 40, first)
    code, _, err = night.run()
    assert code == 2
    assert err.splitlines() == [
        f"error: --run: run 'night' is being worked by process {first.pid} already; wait for it, or give another --run"
    ]
    assert simulator.stats()["calls"] == 40
    first.kill()
    first.communicate()
    assert night.run()[0] == 0
    night.is_whole(simulator)
