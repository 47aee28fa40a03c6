"""The parts of `nightpress up`: child processes with a log each, which end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from deployments.cli.prefect_server import let_go

if TYPE_CHECKING:
    from pathlib import Path

STOP_SECONDS = 20.0


class Part:
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
