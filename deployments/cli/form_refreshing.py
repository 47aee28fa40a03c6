"""The forms in the Prefect UI told of what has changed in the store, from a command that itself needs no Prefect."""

from __future__ import annotations

import os
import subprocess
import sys

from deployments.cli.prefect_server import LOOPBACK, QUIET
from deployments.cli.up_address import Running, running_up

PATIENCE_SECONDS = 60.0
ANOTHER_STORE = 3


def refresh_forms(store_url: str) -> str:
    """Bring drop-downs and recipe forms up to date where a server is known; says what came of it, in a line."""
    given = os.environ.get("PREFECT_API_URL")
    running = running_up()
    if running is None and not given:
        return (
            "no Prefect server is known here: `nightpress up`, or PREFECT_API_URL, and the forms know it too"
        )
    ours = running is not None and given in (None, running.url)
    server = running if ours and running else Running(given or "", {})
    environment = {
        **QUIET, **(LOOPBACK if ours else {}), **os.environ, "PREFECT_API_URL": server.url, **server.variables,
    }  # fmt: skip
    command = [sys.executable, "-m", "deployments.cli.registering", "--forms", store_url]
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"the Prefect server at {server.url} does not answer: publish again once it does, and the forms know it too"
    if done.returncode == ANOTHER_STORE:
        return f"flows of the server at {server.url} use another store, {done.stdout.strip()}: its forms are as they were"
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"the forms at {server.url} are as they were: {why}"
    return f"the forms at {server.url} know it now"
