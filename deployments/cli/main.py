"""`nightpress`: the command line. Light: a command imports Prefect only in the process that runs flows."""

from __future__ import annotations

import os
import signal
import sys

from deployments.cli.arguments import parser
from deployments.cli.commands import run_command
from deployments.cli.complaining import complain
from deployments.cli.prefect_server import QUIET
from tasks.storing.errors import NightpressError, UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when a run is not healthy, 2 for wrong use, 130 when interrupted."""
    given = parser().parse_args(arguments)
    for name, value in QUIET.items():  # before a command imports Prefect, which reads them then
        os.environ.setdefault(name, value)
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    try:
        return run_command(given)
    except UserError as error:
        complain("error", error)
        return 2
    except NightpressError as error:
        complain("failed", error)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
