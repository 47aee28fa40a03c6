"""`nightpress up`: a Prefect server with its UI, blocks, deployments and a worker, until Ctrl-C; simulated models if no key is set."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

import orjson
from rich.console import Console

from blocks.places import BLOCK_PREFIX, store_place
from deployments.cli.demo import FOLDER as DEMO
from deployments.cli.demo import PORT as SIMULATOR_PORT
from deployments.cli.prefect_server import LEAN, LOOPBACK, QUIET
from deployments.cli.up_address import Running, home_of_up, only_one, remembered, running_up
from deployments.cli.up_parts import Part
from deployments.simulator.config import load_config
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    import argparse

POOL = "nightpress"
START_SECONDS = 120.0
WRONG_USE = 2
UI = {
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_UI_API_URL": "/api",  # of the page's own address, whatever the port
    # The recorder keeps up with several single requests at once; its defaults record 15 task runs a second.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # A week of nights stands in the calendar, so that a week of downtime can be caught up.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "8",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "7d",
    # In memory, the slot of a night that was killed with the server would never come free again.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}


def up(given: argparse.Namespace) -> int:
    """Start everything and wait for Ctrl-C; if it is up already, say where.

    Raises:
        UserError: the models file has mistakes, or another program has the port.
        NightpressError: a part of it does not start; names its log.
    """
    console = Console(highlight=False, soft_wrap=True)
    with only_one() as alone:
        if not alone:
            _say_where(given, console)
            return 0
        return _up(given, console)


def _up(given: argparse.Namespace, console: Console) -> int:
    address = f"http://127.0.0.1:{given.port}"
    _refuse_taken(given.port)
    home = home_of_up()
    models, store = _models(given.models), _store(given.store)
    environment = _environment(given, home, f"{address}/api", models, store)
    with ExitStack() as stack:
        with console.status("starting the Prefect server"):
            server = Part([sys.executable, "-m", "deployments.cli.prefect_process", str(given.port)],
                           {**environment, "PREFECT_API_URL": ""}, home / "server.log")  # fmt: skip
            stack.callback(server.stop)
            _wait_until_up(f"{address}/api", server)
        with console.status("registering blocks, work pool, deployments and automations"):
            told = _register(environment, _first_store(store), _first_models(models), home)
        simulated = _Simulated(stack) if told["simulated"] else None
        worker = Part([sys.executable, "-m", "deployments.cli.worker_process", POOL],
                       environment, home / "worker.log")  # fmt: skip
        stack.callback(worker.stop)
        stack.enter_context(remembered(Running(f"{address}/api", _told(models, store))))
        console.print(f"Prefect      {address}")
        console.print(f"content      {told['store']}")
        console.print(f"models       {told['models']}")
        for line in told["remarks"]:
            console.print(f"             {line}", markup=False)
        console.print(f"logs         {home}")
        console.print("Ctrl-C stops all of it")
        return _serve(simulated, server, worker)


def _say_where(given: argparse.Namespace, console: Console) -> None:
    running = running_up()
    where = f"at {running.url.removesuffix('/api')}" if running else "and is starting"
    console.print(f"nightpress is up already {where}")
    if any((given.store, given.models, given.notify, given.database)):
        console.print("what you gave now does not apply: stop it with Ctrl-C and start it again with that")


def _told(models: str | None, store: str | None) -> dict[str, str]:
    """What was given here goes before the blocks."""
    named = {"NIGHTPRESS_MODELS": models, "NIGHTPRESS_STORE": store}
    return {name: value for name, value in named.items() if value}


def _environment(
    given: argparse.Namespace, home: Path, url: str, models: str | None, store: str | None
) -> dict[str, str]:
    """What server, worker and registration run with."""
    named = {"NIGHTPRESS_NOTIFY": given.notify, "PREFECT_API_DATABASE_CONNECTION_URL": given.database}
    return {
        **LEAN, **os.environ, **QUIET, **LOOPBACK, **UI, "PREFECT_HOME": str(home), "PREFECT_API_URL": url,
        **{name: value for name, value in named.items() if value}, **_told(models, store),
    }  # fmt: skip


class _Simulated:
    """The demo's simulated models: ours, or somebody else's for as long as those have the port."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack, self._ours = stack, False
        self.keep()

    def keep(self) -> None:
        """Serve as soon as nobody else does."""
        if not self._ours:
            with suppress(OSError):
                simulator = RunningSimulator(load_config(DEMO / "simulator.yaml"), port=SIMULATOR_PORT)
                self._stack.enter_context(simulator)
                self._ours = True


def _serve(simulated: _Simulated | None, *parts: Part) -> int:
    for each in (signal.SIGTERM, signal.SIGINT):  # a shell's background job ignores SIGINT otherwise
        signal.signal(each, _interrupt)
    try:
        while not any(part.ended for part in parts):
            time.sleep(0.5)
            if simulated:
                simulated.keep()
    except KeyboardInterrupt:
        return 0
    raise NightpressError(
        f"it has ended by itself; its log is {next(part.log for part in parts if part.ended)}"
    )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _register(environment: dict[str, str], store: str, models: Path, home: Path) -> dict[str, Any]:
    """Make Nightpress known to the server; returns what is in force (see `registering`)."""
    log = home / "register.log"
    command = [sys.executable, "-m", "deployments.cli.registering", store, str(models)]
    with log.open("wb") as file:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=file, check=False)  # noqa: S603
        file.write(done.stdout)
    if done.returncode == WRONG_USE:
        raise UserError(log.read_text().strip().splitlines()[0])
    if done.returncode:
        raise NightpressError(f"registering with the Prefect server failed; its log is {log}")
    told: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return told


def _models(given: str | None) -> str | None:
    """The models file or block that somebody gave; None leaves it to the block `default`."""
    named = given or os.environ.get("NIGHTPRESS_MODELS")
    if named is None or named.startswith(BLOCK_PREFIX):
        return named
    load_catalog(Path(named))
    return str(Path(named).resolve())


def _first_models(named: str | None) -> Path:
    """What the block `default` holds at first: the models file that was given or lies here, or the demo's."""
    if named and not named.startswith(BLOCK_PREFIX):
        return Path(named)
    lying = Path("models.yaml")
    return lying.resolve() if lying.exists() else DEMO / "models.yaml"


def _store(given: str | None) -> str | None:
    """The store or block that somebody gave; None leaves it to the block `default`."""
    named = given or os.environ.get("NIGHTPRESS_STORE")
    return store_place(named) if named else None


def _first_store(named: str | None) -> str:
    """What the block `default` says at first."""
    given = named if named and not named.startswith(BLOCK_PREFIX) else None
    return given or str(Path("nightpress-store").resolve())


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(
                f"port {port} cannot be had: {error.strerror}", where="--port", hint="give another one"
            ) from error


def _wait_until_up(url: str, server: Part) -> None:
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
