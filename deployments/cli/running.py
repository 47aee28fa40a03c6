"""`nightpress run`, the near side: a Prefect server where there is none, and the night in a process of its own.

A process of its own, so that what Prefect starts ends with it, before the server does, and nothing is printed late.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson

from deployments.cli.prefect_server import let_go, prefect_environment
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from deployments.cli.prefect_server import Server

GRACE_SECONDS = 60.0


RUN = (
    "requests", "recipe", "store", "models", "run", "run_date", "budget", "only", "limit", "baseline", "concurrency",
    "dry_run", "fresh", "replace",
)  # fmt: skip
COMPARE = (
    "requests", "recipe", "against", "judges", "store", "models", "run", "run_date", "budget", "limit", "concurrency",
    "dry_run", "fresh", "replace",
)  # fmt: skip


def run(given: argparse.Namespace) -> int:
    """`nightpress run`, for one night or several; returns the exit code, of several the first that is not 0.

    Raises:
        UserError: one name for several nights.
    """
    nights = given.run_date or [None]
    if given.run and len(nights) > 1:
        raise UserError("one name cannot be that of several nights", where="--run", hint="leave it out")
    parameters = {name: getattr(given, name) for name in RUN}
    return run_nights([{**parameters, "run_date": night} for night in nights])


def compare(given: argparse.Namespace) -> int:
    """`nightpress compare`; returns the exit code."""
    return run_nights([{name: getattr(given, name) for name in COMPARE}])


def run_nights(nights: Sequence[Mapping[str, Any]]) -> int:
    """Run the flow `nightly` with each of these parameters, until one does not end well; returns the exit code."""
    with prefect_environment() as (environment, server):
        return _run(nights, environment, server)


def _run(nights: Sequence[Mapping[str, Any]], environment: dict[str, str], server: Server | None) -> int:
    given = [{name: value for name, value in night.items() if value is not None} for night in nights]
    parameters = [orjson.dumps(night).decode() for night in given]
    command = [sys.executable, "-m", "deployments.cli.night", *parameters]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdin=subprocess.PIPE, bufsize=0, start_new_session=True
    )
    try:
        if server is not None:
            server.wait_until_ready(lambda: process.poll() is None)
        let_go(process)
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
