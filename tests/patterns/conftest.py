"""Rows on a simulator: `rig` is new for each test, the simulator's memory too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from row_rig import RowRig

from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.calling.engine import Engine
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def pattern_engine() -> Engine:
    return Engine()


@pytest.fixture(scope="session")
def pattern_simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator(SimulatorConfig(words=30)) as running:
        yield running


@pytest.fixture
def rig(
    pattern_engine: Engine,
    pattern_simulator: RunningSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> RowRig:
    """Works rows against a simulator that has forgotten everything."""
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    pattern_simulator.reset()
    return RowRig(pattern_engine, Store.open(str(tmp_path / "store")), pattern_simulator)
