"""Nights in processes of their own, on the session's Prefect server; none outlives its test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from command_rig import Commands

from deployments.simulator.config import Profile, SimulatedPrice, SimulatorConfig
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deployments.cli.prefect_server import Server


@pytest.fixture
def simulate() -> Iterator[Callable[..., RunningSimulator]]:
    """Starts simulators from `SimulatorConfig` fields, their models of a given latency; they stop with the test."""
    started: list[RunningSimulator] = []

    def run(port: int = 0, latency: float = 0.0, **config: Any) -> RunningSimulator:
        price = SimulatedPrice(input=100, output=200)
        profile = Profile(price=price, words=20, latency_seconds=latency, jitter=0)
        made = SimulatorConfig.model_validate({"default": profile, "overhead_text": False, **config})
        started.append(RunningSimulator(made, port=port).__enter__())
        return started[-1]

    yield run
    for simulator in started:
        simulator.__exit__(None, None, None)


@pytest.fixture
def commands(tmp_path: Path, prefect_server: Server) -> Iterator[Callable[..., Commands]]:
    """Makes the commands for so many rows and a provider's URL."""
    made: list[Commands] = []

    def make(url: str, rows: int = 40) -> Commands:
        environment = {**prefect_server.environment, "NIGHTPRESS_STATE": str(tmp_path / "state")}
        environment["PREFECT_HOME"] = str(tmp_path / "prefect")
        environment["PYTHONPATH"] = os.getcwd()  # noqa: PTH109
        made.append(Commands(tmp_path, url, rows, environment))
        return made[-1]

    yield make
    for each in made:
        for process in each.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
