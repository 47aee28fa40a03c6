"""`nightpress up`: a Prefect server with its UI, blocks, deployments and a worker, until Ctrl-C; simulated models if no key is set."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console

from deployments.cli.demo import FOLDER as DEMO
from deployments.cli.demo import PORT as SIMULATOR_PORT
from deployments.cli.prefect_server import LEAN, LOOPBACK, QUIET, let_go
from deployments.simulator.config import load_config
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    import argparse

POOL = "nightpress"
START_SECONDS = 120.0
STOP_SECONDS = 20.0
PROJECT = Path(str(files("deployments"))) / "prefect.yaml"
UI = {
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
}


def up(given: argparse.Namespace) -> int:
    """Start everything and wait for Ctrl-C; if it is up already, say where.

    Raises:
        UserError: the models file has mistakes.
        NightpressError: a part of it does not start; names its log.
    """
    console = Console(highlight=False, soft_wrap=True)
    url = f"http://127.0.0.1:{given.port}/api"
    if _is_up(url):
        console.print(f"a Prefect server is up at http://127.0.0.1:{given.port} already")
        return 0
    home = _home()
    environment = {
        **LEAN, **os.environ, **QUIET, **LOOPBACK, **UI, "PREFECT_HOME": str(home), "PREFECT_API_URL": url,
    }  # fmt: skip
    if given.database:
        environment["PREFECT_API_DATABASE_CONNECTION_URL"] = given.database
    models, simulated = _models(given.models)
    store = given.store or os.environ.get("NIGHTPRESS_STORE") or str(Path("nightpress-store").resolve())
    with ExitStack() as stack:
        if simulated:
            with suppress(OSError):  # a demo's, or another `up`'s, serves as well
                stack.enter_context(
                    RunningSimulator(load_config(DEMO / "simulator.yaml"), port=SIMULATOR_PORT)
                )
        with console.status("starting the Prefect server"):
            server = _Part([sys.executable, "-m", "deployments.cli.prefect_process", str(given.port)],
                           {**environment, "PREFECT_API_URL": ""}, home / "server.log")  # fmt: skip
            stack.callback(server.stop)
            _wait_until_up(url, server)
        with console.status("registering blocks, work pool and deployments"):
            _register(environment, store, models, home / "register.log")
        worker = _Part([sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"],
                       environment, home / "worker.log")  # fmt: skip
        stack.callback(worker.stop)
        console.print(f"Prefect      http://127.0.0.1:{given.port}")
        console.print(f"content      {store}")
        console.print(f"models       {models}" + ("  (simulated: no key is set)" if simulated else ""))
        console.print(f"logs         {home}")
        console.print("Ctrl-C stops all of it")
        return _serve(server, worker)


class _Part:
    """A child process with a log of its own; Ctrl-C reaches it through us."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, env={name: value for name, value in environment.items() if value},
                stdin=subprocess.PIPE, bufsize=0, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip
        let_go(self._process)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """End it and what it has started, first asking it to."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _serve(*parts: _Part) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        while not any(part.ended for part in parts):
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    raise NightpressError(
        f"it has ended by itself; its log is {next(part.log for part in parts if part.ended)}"
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _register(environment: dict[str, str], store: str, models: Path, log: Path) -> None:
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    commands = [
        [sys.executable, "-m", "deployments.cli.registering", store, str(models)],
        [*prefect, "work-pool", "create", POOL, "--type", "process", "--overwrite"],
        [*prefect, "deploy", "--prefect-file", str(PROJECT), "--all"],
    ]
    with log.open("wb") as file:
        for command in commands:
            done = subprocess.run(command, env=environment, stdout=file, stderr=file, check=False)  # noqa: S603
            if done.returncode:
                raise NightpressError(f"{' '.join(command[2:6])} failed; its log is {log}")


def _models(given: str | None) -> tuple[Path, bool]:
    """The models file, and whether its models have to be simulated: nobody gave one and no key is set."""
    named = given or os.environ.get("NIGHTPRESS_MODELS")
    if named is None and Path("models.yaml").exists():
        named = "models.yaml"
    if named is None:
        return DEMO / "models.yaml", True
    path = Path(named)
    load_catalog(path)
    return path, False


def _wait_until_up(url: str, server: _Part) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and not server.ended:
        if _is_up(url):
            return
        time.sleep(0.2)
    raise NightpressError(f"the Prefect server did not start; its log is {server.log}")


def _is_up(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=2) as answer:  # noqa: S310 - http on loopback
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _home() -> Path:
    state = os.environ.get("NIGHTPRESS_STATE") or Path.home() / ".local/state/nightpress"
    home = Path(state) / "up"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home
