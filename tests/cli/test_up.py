"""`nightpress up`, for real: a server, its deployments, a worker that runs one of them, and nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

WAIT_SECONDS = 120.0
PATTERNS = {"pipeline", "ensemble", "route", "refine", "repeat", "team"}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Up:
    """One `nightpress up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "NIGHTPRESS_", "AWS_"))
        }
        self.environment = {**kept, "NIGHTPRESS_STATE": str(folder / "state")}
        self.command = [sys.executable, "-m", "deployments.cli.main", "up", "--port", str(self.port)]
        self.said = folder / "said.txt"
        with self.said.open("wb") as file:
            self.process = subprocess.Popen(
                self.command, cwd=folder, env=self.environment, stdout=file, stderr=file
            )

    def wait(self) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while "Ctrl-C" not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < until, self.said.read_text()
            time.sleep(0.2)

    def again(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def ask(self, path: str, **query: Any) -> Any:
        return httpx.post(f"{self.url}/{path}", json=query, timeout=20).raise_for_status().json()

    def run(self, deployment: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        made = self.ask(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters)
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            found: dict[str, Any] = httpx.get(f"{self.url}/flow_runs/{made['id']}", timeout=20).json()
            if found["state_type"] in {"COMPLETED", "FAILED", "CRASHED"}:
                return found
            time.sleep(0.5)
        raise AssertionError("no worker has run it")


@pytest.fixture
def up(tmp_path: Path):
    started = Up(tmp_path)
    try:
        started.wait()
        yield started
    finally:
        started.stop()


def test_one_command_brings_up_everything_and_ctrl_c_ends_it(up: Up):
    deployments = {each["name"]: each for each in up.ask("deployments/filter")}
    assert set(deployments) == PATTERNS | {"nightly"}
    assert {each["work_pool_name"] for each in deployments.values()} == {"nightpress"}
    assert deployments["nightly"]["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert deployments["nightly"]["global_concurrency_limit"]["limit"] == 1

    twice = up.again()
    assert (twice.returncode, twice.stderr) == (0, "")
    assert "already" in twice.stdout

    ended = up.run(deployments["pipeline"], prompt="Write about tidal power")
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    outputs = pd.read_parquet(up.folder / "nightpress-store" / "outputs")
    assert list(outputs["status"]) == ["made"]

    assert up.stop() == 0
    assert "Traceback" not in up.said.read_text()
    left = subprocess.run(["pgrep", "-f", f"prefect_process {up.port}"], capture_output=True, check=False)
    assert left.stdout == b""
    with pytest.raises(httpx.ConnectError):
        up.ask("deployments/filter")
