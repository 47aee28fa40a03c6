"""A simulated provider for the session's landing tests, and nights on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import Rig

from deployments.simulator.config import Profile, SimulatedPrice, SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def simulate() -> Iterator[Callable[..., RunningSimulator]]:
    """Starts simulators from `SimulatorConfig` fields; they stop with the test."""
    started: list[RunningSimulator] = []

    def run(**config: Any) -> RunningSimulator:
        profile = Profile(price=SimulatedPrice(input=100, output=200), words=20)
        made = SimulatorConfig.model_validate({"default": profile, "overhead_text": False, **config})
        started.append(RunningSimulator(made).__enter__())
        return started[-1]

    yield run
    for simulator in started:
        simulator.__exit__(None, None, None)


@pytest.fixture
def rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulate: Callable[..., RunningSimulator]
) -> Callable[..., Rig]:
    """Makes a rig on a simulator with these `SimulatorConfig` fields."""
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))

    def make(simulator: RunningSimulator | None = None, **config: Any) -> Rig:
        running = simulator or simulate(**config)
        return Rig(Store.open(str(tmp_path / "store")), running.openai_url, tmp_path)

    return make


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows a shard, so that a few rows make several."""
    monkeypatch.setattr("tasks.landing.sorting.ROWS_PER_SHARD", 3)
