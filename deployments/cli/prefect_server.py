"""The Prefect server that a run talks to: the one in PREFECT_API_URL, or a private one started and stopped here."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from deployments.cli.lifeline import GO
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS = 120.0
STOP_SECONDS = 15.0
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_LOGGING_ENABLED": "true",
}
# Memory that is freed goes back to the system: 240 MB at the peak of a night of 6,000 rows, against 330 MB.
LEAN = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
LOOPBACK = {
    # Plain http on loopback: without this every task run builds an SSL context of the whole CA bundle, 30 ms each.
    "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "true",
}
PRIVATE = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
}


class Server:
    """A private server being started; `environment` is what a client of it needs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.environment = {
            **LEAN,
            **os.environ,
            **QUIET,
            **LOOPBACK,
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.url,
        }
        self._log = (home / "server.log").open("ab")
        server = {**self.environment, **PRIVATE}
        del server["PREFECT_API_URL"]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "deployments.cli.prefect_process", str(self.port)],
            env=server,
            stdin=subprocess.PIPE,
            bufsize=0,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for us: the run ends first, then its server
        )
        let_go(self._process)

    def wait_until_ready(self, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """Return when the server answers, or when nobody wants it any more.

        Raises:
            NightpressError: it ended, or did not answer in time; names its log.
        """
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if not still_wanted():
                return
            if self._process.poll() is not None:
                raise NightpressError(
                    f"the private Prefect server did not start; its log is {self._log.name}"
                )
            try:
                with urlopen(f"{self.url}/health", timeout=2):  # noqa: S310 - http on loopback
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        raise NightpressError(
            f"the private Prefect server did not answer in time; its log is {self._log.name}"
        )

    def stop(self) -> None:
        """End the server, first asking it to."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._log.close()


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Let a waiting child begin; it ends when this process does (see `lifeline`)."""
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended already
            process.stdin.write(GO)


@contextmanager
def prefect_environment() -> Iterator[tuple[dict[str, str], Server | None]]:
    """The environment for a process that runs flows, and the private server to wait for, if there is one."""
    if os.environ.get("PREFECT_API_URL"):
        yield {**LEAN, **os.environ, **QUIET}, None
        return
    with ExitStack() as stack:
        server = Server(stack.enter_context(_home()))
        stack.callback(server.stop)
        yield server.environment, server


@contextmanager
def _home() -> Iterator[Path]:
    """A folder for the private server that nobody else uses: the usual one, or a passing one if that is taken."""
    state = (
        os.environ.get("NIGHTPRESS_STATE")
        or Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "nightpress"
    )
    usual = Path(state) / "prefect"
    usual.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (usual / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with tempfile.TemporaryDirectory(prefix="nightpress-prefect-") as passing:
                yield Path(passing)
            return
        yield usual


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
