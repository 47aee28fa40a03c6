"""The forms in the Prefect UI told of what has changed in the store, from a command that itself needs no Prefect."""

from __future__ import annotations

import os
import subprocess
import sys

from deployments.cli.prefect_server import LOOPBACK, QUIET
from deployments.cli.up_address import address_of_up

PATIENCE_SECONDS = 60.0


def refresh_forms(store_url: str) -> str:
    """Bring drop-downs and recipe forms up to date where a server is known; says what came of it, in a line."""
    url = address_of_up()
    if url is None:
        return (
            "no Prefect server is known here: `nightpress up`, or PREFECT_API_URL, and the forms know it too"
        )
    environment = {
        **QUIET, **LOOPBACK, **os.environ, "PREFECT_API_URL": url, "NIGHTPRESS_STORE": store_url,
    }  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-m", "deployments.cli.registering", "--forms"],
            env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"the Prefect server at {url} does not answer: publish again once it does, and the forms know it too"
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"the forms at {url} are as they were: {why}"
    return f"the forms at {url} know it now"
