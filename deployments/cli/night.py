"""`nightpress run`, the far side: `python -m deployments.cli.night PARAMETERS ...` runs one `nightly` after the other.

Prints progress and the summary; ends with the first night that does not end well. Exits 0 (all committed and healthy),
1 (not), 2 (wrong use), 130 (interrupted).
"""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from pyarrow import ArrowException
from rich.table import Table

from blocks.places import open_store, store_place
from deployments.cli.bar import watch
from deployments.cli.compared import show_arms
from deployments.cli.complaining import complain
from deployments.cli.lifeline import wait_for_go
from deployments.cli.precheck import precheck
from deployments.cli.sheets_shown import tell, wide_console
from flows.compare import compare
from flows.night_date import scheduled_date
from flows.night_summary import money, summary
from flows.night_work import NOTHING_LEFT, UNHEALTHY
from flows.nightly import nightly
from tasks.landing.plan import read_manifest
from tasks.landing.trend_sheets import drift_words
from tasks.landing.trends import last_nights, trend_of
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefect.client.schemas.objects import State
    from rich.console import Console

    from tasks.storing.filesystem import Store


def main() -> int:
    """Run the nights whose parameters are the arguments, as soon as the parent says go."""
    signal.signal(signal.SIGTERM, _interrupt)
    console = wide_console()
    nights: list[dict[str, Any]] = [orjson.loads(each) for each in sys.argv[1:]]
    try:
        for parameters in nights:
            precheck(parameters)
        wait_for_go()
        return _run(nights, console)
    except UserError as error:
        complain("error", error)
        return 2
    except NightpressError as error:
        complain("failed", error)
        return 1
    except KeyboardInterrupt:
        console.print("stopped; nothing is lost: the same command goes on from here")
        return 130


def _run(nights: list[dict[str, Any]], console: Console) -> int:
    ended: list[Ended] = []
    code = 0
    try:
        for parameters in nights:
            night = _night(parameters, console)
            if night is None:
                continue
            ended.append(night)
            code = 0 if night.manifest["healthy"] else 1
            if len(nights) == 1:
                show(night, console)
            if code:
                break
    finally:
        if len(nights) > 1 and ended:
            show_all(ended, console)
    return code


@dataclass(frozen=True)
class Ended:
    """A night that has committed.

    Attributes:
        rerun: it had committed before, and nothing was left to do.
        together: what its pairs say with those of the nights before; empty if nothing.
        drift: what has drifted from the nights before, in words.
    """

    manifest: dict[str, Any]
    seconds: float
    store: str
    rerun: bool
    together: str = ""
    drift: tuple[str, ...] = ()


def _night(parameters: dict[str, Any], console: Console) -> Ended | None:
    """None for a dry run, which has said what it would do."""
    began = time.monotonic()
    with watch(console):
        flow = compare if "against" in parameters else nightly
        state: State[Any] = flow(**parameters, return_state=True)
    if state.name != UNHEALTHY and (state.is_failed() or state.is_crashed()):
        result = state.result(raise_on_failure=False)
        if isinstance(result, BaseException):
            raise result
    message = state.message or ""
    if parameters.get("dry_run"):
        console.print(message, soft_wrap=True)
        return None
    store = open_store(store_place(parameters.get("store")))
    manifest = read_manifest(store, _run_of(parameters, message))
    if manifest is None:
        raise NightpressError(message or "the run did not commit")
    seconds = time.monotonic() - began
    rerun = NOTHING_LEFT in message
    return Ended(manifest, seconds, store.url, rerun, _together(store, manifest), _drift(store, manifest))


def _together(store: Store, manifest: dict[str, Any]) -> str:
    try:
        found = last_nights(store, manifest)
    except (OSError, NightpressError):  # the night is committed, and its report says it as well
        return ""
    return found.words if found else ""


def _drift(store: Store, manifest: dict[str, Any]) -> tuple[str, ...]:
    """The night is committed: nights before it that cannot be read are no mistake of its own."""
    try:
        return tuple(drift_words(trend_of(store, manifest)))
    except (OSError, ValueError, ArrowException, NightpressError):
        return ()


def _run_of(parameters: dict[str, Any], message: str) -> str:
    return parameters.get("run") or message.split(":", 1)[0] or str(scheduled_date())


def show(night: Ended, console: Console) -> None:
    """Print what a committed run came to."""
    manifest, url = night.manifest, night.store
    healthy = "[green]committed[/]" if manifest["healthy"] else "[red]committed, unhealthy[/]"
    console.print(f"\n[bold]{manifest['run']}[/]  {healthy}")
    for title, figure in summary(manifest, night.seconds):
        tell(console, title, figure, room=16)
    if night.together:
        tell(console, "", night.together, room=16)
    console.print(f"  {'content':<16} {url}/outputs", soft_wrap=True)
    for words in night.drift:
        tell(console, "", words)
    show_arms(manifest, console)
    if night.rerun:
        console.print("  nothing was left to do: no call was sent this time")


def show_all(nights: Sequence[Ended], console: Console) -> None:
    """Print what several runs came to, a line each."""
    table = Table(box=None, pad_edge=False)
    table.add_column("run", no_wrap=True)
    for title in ("made", "not made", "calls", "ledger", "spent", "seconds"):
        table.add_column(title, justify="right")
    for night in nights:
        rows, calls = night.manifest["rows"], night.manifest["calls"]
        table.add_row(
            night.manifest["run"] + ("" if night.manifest["healthy"] else "  [red]unhealthy[/]"),
            f"{rows['made']:,}",
            f"{rows['failed'] + rows['deferred'] + rows['rejected']:,}",
            "0" if night.rerun else f"{calls['sent']:,}",
            f"{calls['cached']:,}",
            money(night.manifest["usd"]["spent"]),
            f"{night.seconds:.1f}",
        )
    console.print()
    console.print(table)
    for night in nights:
        uplift = night.manifest.get("uplift")
        said = [*([uplift["words"]] if uplift else []), *night.drift]
        if said:
            console.print(f"\n{night.manifest['run']}", markup=False)
        for words in said:
            tell(console, "", words)
    if nights[-1].together:
        console.print()
        tell(console, "", nights[-1].together)
    if all(night.rerun for night in nights):
        console.print("nothing was left to do: no call was sent this time")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
