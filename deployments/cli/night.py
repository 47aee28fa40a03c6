"""`nightpress run`, the far side: `python -m deployments.cli.night PARAMETERS` runs one `nightly`.

Prints progress and the summary; exits 0 (committed and healthy), 1 (not), 2 (wrong use), 130 (interrupted).
"""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

import orjson
from rich.console import Console

from blocks.places import open_store, store_place
from deployments.cli.bar import watch
from deployments.cli.complaining import complain
from deployments.cli.lifeline import wait_for_go
from deployments.cli.precheck import precheck
from flows.night_summary import summary
from flows.nightly import NOTHING_LEFT, nightly, scheduled_date
from tasks.landing.plan import read_manifest
from tasks.storing.errors import NightpressError, UserError


def main() -> int:
    """Run the night whose parameters are the first argument, as soon as the parent says go."""
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(highlight=False)
    parameters: dict[str, Any] = orjson.loads(sys.argv[1])
    try:
        precheck(parameters)
        wait_for_go()
        return _night(parameters, console)
    except UserError as error:
        complain("error", error)
        return 2
    except NightpressError as error:
        complain("failed", error)
        return 1
    except KeyboardInterrupt:
        console.print("stopped; nothing is lost: the same command goes on from here")
        return 130


def _night(parameters: dict[str, Any], console: Console) -> int:
    began = time.monotonic()
    with watch(console):
        state = nightly(**parameters, return_state=True)
    if state.is_failed() or state.is_crashed():
        result = state.result(raise_on_failure=False)
        if isinstance(result, BaseException) and not str(state.message).startswith("unhealthy: "):
            raise result
    message = state.message or ""
    if parameters.get("dry_run"):
        console.print(message, soft_wrap=True)
        return 0
    store = open_store(store_place(parameters.get("store")))
    manifest = read_manifest(store, _run_of(parameters, message))
    if manifest is None:
        raise NightpressError(message or "the run did not commit")
    show(manifest, time.monotonic() - began, store.url, console)
    if NOTHING_LEFT in message:
        console.print("  nothing was left to do: no call was sent this time")
    return 0 if manifest["healthy"] else 1


def _run_of(parameters: dict[str, Any], message: str) -> str:
    return (
        parameters.get("run") or message.removeprefix("unhealthy: ").split(":", 1)[0] or str(scheduled_date())
    )


def show(manifest: dict[str, Any], seconds: float, url: str, console: Console) -> None:
    """Print what a committed run came to."""
    healthy = "[green]committed[/]" if manifest["healthy"] else "[red]committed, unhealthy[/]"
    console.print(f"\n[bold]{manifest['run']}[/]  {healthy}")
    for title, figure in summary(manifest, seconds):
        console.print(f"  {title:<16} {figure}", soft_wrap=True)
    console.print(f"  {'content':<16} {url}/outputs", soft_wrap=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
