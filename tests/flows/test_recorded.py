"""What a night leaves with Prefect: a task run per shard, a report, and never a key."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from flow_rig import TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flow_rig import FlowRig

    from deployments.cli.prefect_server import Server

CANARY = "sk-canary-5c0ffee5c0ffee"


def ask(url: str, what: str, **query: Any) -> Any:
    return httpx.post(f"{url}/{what}", json=query, timeout=20).raise_for_status().json()


def within(seconds: float, look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What `look` gives once it is as wanted; Prefect records a little later than it runs."""
    until = time.monotonic() + seconds
    while not wanted(found := look()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def runs_of(night: FlowRig, prefect_api: str, **changes: Any) -> tuple[UUID, list[dict[str, Any]]]:
    """The id and the recorded task runs of a night that ends well."""
    state = night.night(**changes)
    assert state.is_completed()
    flow_run = state.state_details.flow_run_id
    assert flow_run is not None
    mine = {"flow_runs": {"id": {"any_": [str(flow_run)]}}}
    return flow_run, within(
        20,
        lambda: ask(prefect_api, "task_runs/filter", **mine),
        lambda runs: bool(runs) and all(run["state_type"] == "COMPLETED" for run in runs),
    )


def test_a_night_is_one_task_run_per_shard_whatever_it_calls(
    rig: Callable[..., FlowRig], small_shards: None, prefect_api: str
) -> None:
    night = rig()
    night.table(TOPICS)
    _, runs = runs_of(night, prefect_api)
    shards = night.manifest()["rows"]["requests"] // 3 + 1
    assert 1 < len(runs) <= shards
    assert all(run["name"].startswith("shard ") for run in runs)
    assert night.sent == 16


def test_a_night_publishes_its_figures_and_its_progress(
    rig: Callable[..., FlowRig], prefect_api: str
) -> None:
    night = rig()
    night.table(TOPICS)
    flow_run, _ = runs_of(night, prefect_api, run="Night_of.Figures")
    found = ask(prefect_api, "artifacts/filter", flow_runs={"id": {"any_": [str(flow_run)]}})
    artifacts = {each["key"]: each["data"] for each in found}
    assert artifacts["progress-night-of-figures"] == 100.0
    report = artifacts["night-night-of-figures"]
    assert "| made | 8 |" in report
    assert f"{night.store.url}/outputs/run_date=2026-01-31/" in report


@pytest.fixture
def _canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHT_TEST_KEY", CANARY)


@pytest.mark.usefixtures("_canary")
def test_no_key_reaches_prefect_the_store_the_journal_or_the_results(
    rig: Callable[..., FlowRig], tmp_path: Path, prefect_server: Server, prefect_api: str
) -> None:
    night = rig(
        key_variable="NIGHT_TEST_KEY", require_key=True, faults=[{"kind": "server_error", "share": 0.2}]
    )
    night.table(TOPICS)
    runs_of(night, prefect_api)
    sent = {name.lower() for name in night.simulator.requests(1)[0]["headers"]}
    assert "authorization" in sent, "the key was used"
    home = prefect_server.environment["PREFECT_HOME"]
    database = [path for path in _files(home) if ".db" in path.name]
    assert database
    for path in [*_files(home), *_files(tmp_path)]:
        assert CANARY.encode() not in path.read_bytes(), f"the key is in {path}"


def _files(folder: Path | str) -> list[Path]:
    return [path for path in Path(folder).rglob("*") if path.is_file()]
