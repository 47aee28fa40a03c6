"""What is pruned is not reused any more, whatever housekeeping does after; everything else is as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from house_rig import forget_journals, house, singles, table
from landing_rig import rows_of

from tasks.landing.ledger_contents import contents_sheet, ledger_contents
from tasks.landing.pruning import Unwanted, prune
from tasks.landing.store_lock import StoreBusy, store_lock
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

TOPICS = {f"r{number}": f"topic {number}" for number in range(4)}


def now() -> datetime:
    return datetime.now(UTC)


def hits(night: Rig, run: str) -> int:
    return sum(row["cached"] for row in night.rows("calls") if row["run"] == run)


def test_a_pruned_call_is_asked_anew_and_its_row_stays(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
):
    simulator = simulate()
    night = rig(simulator)
    requests = night.table(TOPICS)
    night.night(requests)
    calls = rows_of(night.store, "calls")
    told = prune(night.store, Unwanted(now(), run="night"), dry_run=False)
    assert (told.keys, told.runs) == (8, ["night"])
    assert rows_of(night.store, "calls") == calls
    night.night(requests, run="next")
    assert simulator.stats()["calls"] == 16
    assert hits(night, "next") == 0
    night.night(requests, run="third")
    assert simulator.stats()["calls"] == 16  # what was asked after is reused


def test_a_dry_run_counts_the_same_and_changes_nothing(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table(TOPICS))
    files = {path: night.store.read(path) for path in night.store.list()}
    would = prune(night.store, Unwanted(now(), recipe="short"), dry_run=True)
    assert {path: night.store.read(path) for path in night.store.list()} == files
    assert would.keys == prune(night.store, Unwanted(now(), recipe="short"), dry_run=False).keys == 8


def test_only_what_all_conditions_say_goes(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table(TOPICS))
    week_ago = now() - timedelta(days=7)
    assert prune(night.store, Unwanted(week_ago, recipe="short"), dry_run=False).keys == 0
    assert prune(night.store, Unwanted(now(), recipe="another"), dry_run=False).runs == []
    assert ledger_contents(night.store).keys == 8
    assert prune(night.store, Unwanted(now(), simulated=True), dry_run=False).keys == 8
    assert ledger_contents(night.store).keys == 0


def test_what_is_pruned_does_not_come_back_when_parts_are_joined(rig: Callable[..., Rig]):
    """Joining makes keys from `calls` anew."""
    night = rig()
    names = singles(night, 4)
    assert prune(night.store, Unwanted(now(), run=names[0]), dry_run=False).keys == 2
    house(night.store).tidy()
    assert len(night.store.list("calls")) == 1
    assert ledger_contents(night.store).keys == 6
    night.night(table(night, 0), run="next")
    night.night(table(night, 1), run="after")
    assert (hits(night, "next"), hits(night, "after")) == (0, 2)


def test_a_run_that_may_go_on_keeps_its_calls_unless_it_is_named(rig: Callable[..., Rig]):
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic 3"}])
    night.night(night.table(TOPICS))
    told = prune(night.store, Unwanted(now(), recipe="short"), dry_run=False)
    assert (told.keys, told.spared) == (0, ["night"])
    assert prune(night.store, Unwanted(now(), run="night"), dry_run=False).keys == 6


def test_a_run_in_the_middle_is_refused_clearly(rig: Callable[..., Rig]):
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic 3"}])
    requests = night.table(TOPICS)
    with pytest.raises(UserError, match="no committed run 'night'"):
        prune(night.store, Unwanted(now(), run="night"), dry_run=True)
    night.night(requests)
    begun = night.begin(requests)  # again, for the row that failed
    assert begun.way == "again"
    with pytest.raises(UserError, match="is being worked"):
        prune(night.store, Unwanted(now(), run="night"), dry_run=False)


def test_beside_another_process_that_moves_rows_it_gives_up(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tasks.landing.pruning.WAIT_SECONDS", 0.0)
    night = rig()
    night.night(night.table(TOPICS))
    with store_lock(night.store), pytest.raises(StoreBusy):
        prune(night.store, Unwanted(now(), run="night"), dry_run=False)
    assert ledger_contents(night.store).keys == 8


def test_the_contents_say_what_is_held_and_what_it_saved(rig: Callable[..., Rig]):
    night = rig()
    requests = night.table(TOPICS)
    night.night(requests)
    night.night(requests, run="second")
    forget_journals(night)
    told = ledger_contents(night.store)
    (row,) = contents_sheet(told).rows
    spent = sum(row["usd"] for row in night.rows("calls"))
    assert (told.keys, told.files, told.open_calls) == (8, 2, 0)
    assert row[:1] + row[3:7] == ("short", "1", "8", "8", "–")
    assert row[7] == f"${spent:.4f}"
