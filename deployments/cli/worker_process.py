"""`python -m deployments.cli.worker_process POOL`: a Prefect worker that ends, with all it has started, when its parent does."""

from __future__ import annotations

import os
import signal
import sys
from runpy import run_module

from deployments.cli.lifeline import wait_for_go
from deployments.cli.up_parts import descendants, end


def main() -> None:
    """Work until told to stop."""
    wait_for_go(then=_end_flow_runs)
    sys.argv = ["prefect", "worker", "start", "--pool", sys.argv[1], "--type", "process"]
    run_module("prefect", run_name="__main__")


def _end_flow_runs() -> None:
    """A flow run is a process of a session of its own, which would go on, and pay, without us."""
    end(descendants(os.getpid()), signal.SIGKILL)


if __name__ == "__main__":
    main()
