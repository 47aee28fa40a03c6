"""`nightpress run`, the near side: a Prefect server where there is none, and the night in a process of its own.

A process of its own, so that what Prefect starts ends with it, before the server does, and nothing is printed late.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson

from deployments.cli.prefect_server import prefect_environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

GRACE_SECONDS = 60.0


RUN = (
    "requests", "recipe", "store", "models", "run", "run_date", "budget", "only", "limit", "concurrency", "dry_run",
    "fresh", "replace",
)  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """`nightpress run`; returns the exit code."""
    return run_night({name: getattr(given, name) for name in RUN})


def run_night(parameters: Mapping[str, Any]) -> int:
    """Run the flow `nightly` with these parameters; returns the exit code of the command."""
    command = [sys.executable, "-m", "deployments.cli.night", orjson.dumps(dict(parameters)).decode()]
    with prefect_environment() as (environment, server):
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)  # noqa: S603 - our own command
        try:
            if server is not None:
                server.wait_until_ready(lambda: process.poll() is None)
            if process.stdin is not None:
                process.stdin.close()  # the night begins when its input ends
            return process.wait()
        except KeyboardInterrupt:
            return _stop(process)
        except BaseException:
            process.kill()
            process.wait()
            raise


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE_SECONDS)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
    return 130
