"""An engine, simulators that stop with the test, and rigs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling_rig import Rig, catalog_at
from odd_servers import OddServer

from deployments.simulator.config import SimulatedPrice, SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.calling.engine import Engine
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def simulate() -> Iterator[Callable[..., RunningSimulator]]:
    """Starts simulators from `SimulatorConfig` fields, or on a given port; they stop with the test."""
    started: list[RunningSimulator] = []

    def run(port: int = 0, **config: Any) -> RunningSimulator:
        default = {"price": SimulatedPrice(input=100, output=200), **config.pop("default", {})}
        made = SimulatorConfig.model_validate(
            {"default": default, "overhead_text": False, "words": 20, **config}
        )
        started.append(RunningSimulator(made, port=port).__enter__())
        return started[-1]

    yield run
    for simulator in started:
        simulator.__exit__(None, None, None)


@pytest.fixture
def make_rig(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """A rig for models at a URL; `models` as in the models file, `provider` fields for all its providers."""
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    rigs: list[Rig] = []

    def make(url: str, models: dict[str, dict[str, Any]] | None = None, **provider: Any) -> Rig:
        store = Store.open(str(tmp_path / "store"))
        rigs.append(Rig(engine, store, catalog_at(url, models or {"m": {}}, **provider)))
        return rigs[-1]

    yield make
    for rig in rigs:
        for session in rig.sessions:
            session.calls.ledger._thread.shutdown()


@pytest.fixture
def odd() -> Iterator[Callable[..., OddServer]]:
    """Starts `OddServer`s; they stop with the test."""
    started: list[OddServer] = []

    def run(manner: str, **more: Any) -> OddServer:
        started.append(OddServer(manner, **more))
        return started[-1]

    yield run
    for server in started:
        server.close()


@pytest.fixture
def serve(odd: Callable[..., OddServer]) -> Callable[..., str]:
    """The URL of an `OddServer` of that manner."""
    return lambda manner: odd(manner).url
