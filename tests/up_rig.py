"""One `nightpress up` in a folder of its own, and what a test asks of it."""

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

WAIT_SECONDS = 120.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Up:
    """Started at once; `wait` until it says that it is up, `stop` it in the end."""

    def __init__(self, folder: Path, *options: str, **variables: str) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.address}/api"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "NIGHTPRESS_", "AWS_"))
        }
        self.environment = {**kept, "NIGHTPRESS_STATE": str(folder / "state"), **variables}
        self.command = self.nightpress("up", "--port", str(self.port), *options)
        self.said = folder / "said.txt"
        with self.said.open("wb") as file:
            self.process = subprocess.Popen(
                self.command, cwd=folder, env=self.environment, stdout=file, stderr=file
            )

    @staticmethod
    def nightpress(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "deployments.cli.main", *arguments]

    def wait(self) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while "Ctrl-C" not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < until, self.said.read_text()
            time.sleep(0.2)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `nightpress` command beside it."""
        return subprocess.run(
            self.nightpress(*arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=100, check=False,
        )  # fmt: skip

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def ask(self, path: str, **query: Any) -> Any:
        return httpx.post(f"{self.url}/{path}", json=query, timeout=20).raise_for_status().json()

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.ask("deployments/filter")}

    def start(self, deployment: str, **parameters: Any) -> str:
        """The id of a new flow run."""
        wanted = self.deployments()[deployment]["id"]
        made = self.ask(f"deployments/{wanted}/create_flow_run", parameters=parameters)
        return str(made["id"])

    def flow_run(self, flow_run: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/flow_runs/{flow_run}", timeout=20).json()
        return found

    def ended(self, flow_run: str) -> dict[str, Any]:
        """The flow run, once it is over."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            found = self.flow_run(flow_run)
            if found["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}:
                return found
            time.sleep(0.3)
        raise AssertionError(f"no worker has finished it: {found['state']}")


def left_of(up: Up) -> bytes:
    """Processes that an `up` has left behind: anything that still has its state folder in its environment."""
    found = subprocess.run(["pgrep", "-f", f"prefect_process {up.port}"], capture_output=True, check=False)
    workers = subprocess.run(["pgrep", "-f", "worker_process"], capture_output=True, text=True, check=False)
    ours = [pid for pid in workers.stdout.split() if str(up.folder).encode() in environment_of(pid)]
    return found.stdout + " ".join(ours).encode()


def environment_of(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
