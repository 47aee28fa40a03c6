"""The parts of `nightpress up`: child processes with a log each, which end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from deployments.cli.prefect_server import let_go

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STOP_SECONDS = 20.0
GRACE_SECONDS = 10.0


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
        started = descendants(self._process.pid)
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        left = end(started, signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while left and time.monotonic() < until:
            time.sleep(0.2)
            left = [pid for pid in left if _is_there(pid)]
        end(left, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """What a process has started, and what that has started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False)  # noqa: S607
    parents = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found, frontier = [], {pid}
    while frontier:
        frontier = {child for child, parent in parents if parent in frontier}
        found += sorted(frontier)
    return found


def end(processes: Iterable[int], how: signal.Signals) -> list[int]:
    """Send a signal to each; those that were still there."""
    there = []
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, how)
            there.append(pid)
    return there


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
