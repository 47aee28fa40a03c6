"""Nights in this process: a Prefect server for the session, a simulator for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flow_rig import FlowRig
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_LOGGING_LEVEL,
    temporary_settings,
)

from deployments.simulator.config import Profile, SimulatedPrice, SimulatorConfig
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from deployments.cli.prefect_server import Server


@pytest.fixture(scope="session")
def prefect_api(prefect_server: Server) -> Iterator[str]:
    """The server's URL for flows of this process; what they still have to tell it is told before it stops."""
    yield prefect_server.url
    APILogWorker.drain_all()
    EventsWorker.drain_all()


@pytest.fixture
def rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_api: str
) -> Iterator[Callable[..., FlowRig]]:
    """Makes a rig on a simulator with these `SimulatorConfig` fields; `key_variable` names the key's variable."""
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    started: list[RunningSimulator] = []

    def make(key_variable: str | None = None, **config: Any) -> FlowRig:
        profile = Profile(price=SimulatedPrice(input=100, output=200), words=20)
        made = SimulatorConfig.model_validate({"default": profile, "overhead_text": False, **config})
        started.append(RunningSimulator(made).__enter__())
        return FlowRig(tmp_path, started[-1], key_variable)

    settings = {
        PREFECT_API_URL: prefect_api,
        PREFECT_HOME: tmp_path / "prefect",
        PREFECT_LOCAL_STORAGE_PATH: tmp_path / "results",
        PREFECT_LOGGING_LEVEL: "CRITICAL",
    }
    with temporary_settings(settings):
        yield make
    for simulator in started:
        simulator.__exit__(None, None, None)


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows a shard, so that a few rows make several."""
    monkeypatch.setattr("tasks.landing.sorting.ROWS_PER_SHARD", 3)
