"""Old texts and old calls go, from the tables and from the ledger; nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from house_rig import check_manifests, forget_journals, house, singles, sorted_rows, table, tidied
from landing_rig import row_groups

from tasks.calling.engine import Engine
from tasks.landing.allowances import ShardMoney
from tasks.landing.joinable import TABLES_OF_RUN
from tasks.landing.shards import work_shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

BOTH = pytest.mark.parametrize("joined", [True, False], ids=["joined", "parts of one run"])
NEVER = 1000


def kept(night: Rig, joined: bool, **upkeep: Any) -> Any:
    return tidied(night.store, compact_after_days=2 if joined else NEVER, **upkeep)


def others(night: Rig) -> dict[str, list[Any]]:
    rows = sorted_rows(night.store)
    return {name: rows[name] for name in TABLES_OF_RUN if name != "calls"}


@BOTH
def test_untold_housekeeping_lets_no_call_out_of_sight_however_old(
    rig: Callable[..., Rig], joined: bool
) -> None:
    night = rig()
    singles(night, 3)
    compact = 2 if joined else 9999
    tidied(night.store, days=4000, compact_after_days=compact)
    assert night.night(table(night, 1), run="tomorrow")["calls"]["cached"] == 2
    told = tidied(night.store, days=4000, compact_after_days=compact, keep_keys_days=3999)
    assert told["ledger keys"].before.rows > told["ledger keys"].after.rows == 0


@BOTH
def test_texts_that_are_too_old_are_blanked_and_not_served_any_more(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator], joined: bool
) -> None:
    simulator = simulate()
    night = rig(simulator)
    singles(night, 3)
    before, tables = sorted_rows(night.store)["calls"], others(night)
    told = kept(night, joined, keep_prompts_days=5)
    after = sorted_rows(night.store)["calls"]
    assert {(row["prompt"], row["response"]) for row in after} == {(None, None)}
    texts = {"prompt": None, "response": None}
    assert sorted(after, key=str) == sorted(({**row, **texts} for row in before), key=str)
    assert others(night) == tables
    assert told["texts of calls"].before.rows == 6
    assert told["ledger keys"].after.rows == 0
    assert night.store.list("_ledger/keys") == []
    check_manifests(night.store)
    sent = simulator.stats()["calls"]
    manifest = night.night(table(night, 1), run="tomorrow")
    assert (manifest["calls"]["sent"], manifest["calls"]["cached"]) == (2, 0)
    assert simulator.stats()["calls"] == sent + 2
    assert told["texts of calls"].before.rows
    assert kept(night, joined, keep_prompts_days=11)["texts of calls"].before.rows == 0


def test_a_run_in_progress_that_indexed_a_call_does_not_get_it_without_its_text(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate()
    night = rig(simulator)
    singles(night, 2)
    past = Engine.current().past_calls(night.store)
    past.refresh(older_than=0)
    assert len(past) >= 4
    kept(night, False, keep_prompts_days=5)
    manifest = night.night(table(night, 1), run="tomorrow")
    assert (manifest["calls"]["sent"], manifest["calls"]["cached"]) == (2, 0)
    assert manifest["rows"]["made"] == 1


def test_a_run_being_made_anew_does_not_get_its_own_calls_without_their_texts(
    rig: Callable[..., Rig],
) -> None:
    night = rig()
    singles(night, 2)
    tidied(night.store)
    begun = night.begin(table(night, 1), run="pipeline-1", replace=True)
    state = night.state(begun)
    tidied(night.store, keep_prompts_days=5)
    (shard,) = [number for number, rows in enumerate(begun.plan.shard_rows) if rows]
    record = Engine.current().wait(work_shard(state, shard, 1, ShardMoney()))
    Engine.current().wait(state.stop(journal_is_landed=False))
    assert record.made == 1
    manifest = night.commit(begun, [record])
    assert manifest["calls"]["sent"] == 4, "two that it had paid, and two anew"
    (output,) = [row for row in night.rows("outputs") if row["run"] == "pipeline-1"]
    assert output["content"]


def test_a_run_made_anew_after_its_texts_were_blanked_asks_again(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 2)
    kept(night, True, keep_prompts_days=5)
    manifest = night.night(table(night, 1), run="pipeline-1", replace=True)
    assert manifest["rows"]["made"] == 1
    assert manifest["calls"]["sent"] == 4, "the two it lost, and those it made anew"
    check_manifests(night.store)


def test_texts_within_their_time_stay_and_row_groups_keep_their_number(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 2)
    tidied(night.store)
    (path,) = night.store.list("calls")
    groups, before = row_groups(night.store, path), night.store.read(path)
    tidied(night.store, keep_prompts_days=11, keep_calls_days=11)
    assert night.store.read(path) == before
    tidied(night.store, keep_prompts_days=9)
    assert row_groups(night.store, path) == groups


@BOTH
def test_calls_that_are_too_old_go_with_their_keys_and_nothing_else_does(
    rig: Callable[..., Rig], joined: bool
) -> None:
    night = rig()
    singles(night, 3)
    tables = others(night)
    told = kept(night, joined, keep_calls_days=5)
    assert night.store.list("calls") == night.store.list("_ledger/keys") == []
    assert others(night) == tables
    assert (told["calls removed"].before.rows, told["texts of calls"].before.rows) == (6, 0)
    check_manifests(night.store)
    manifest = night.night(table(night, 1), run="pipeline-1", replace=True)
    assert manifest["calls"]["sent"] == 2
    check_manifests(night.store)
    assert night.begin(table(night, 2), run="pipeline-2").way == "done"


def test_a_run_that_is_worked_keeps_its_calls_until_it_has_committed(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 2)
    begun = night.begin(table(night, 1), run="pipeline-1", replace=True)
    before = [row for row in sorted_rows(night.store)["calls"] if row["run"] == "pipeline-1"]
    kept(night, False, keep_calls_days=5)
    assert sorted_rows(night.store)["calls"] == before
    night.commit(begun, night.produce(begun))
    check_manifests(night.store)


def test_a_dry_run_counts_what_would_go(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 2)
    before = night.store.list()
    told = {each.what: each for each in house(night.store, keep_prompts_days=5, dry_run=True).tidy()}
    assert told["texts of calls"].before.rows == 4
    told = {each.what: each for each in house(night.store, keep_calls_days=5, dry_run=True).tidy()}
    assert told["calls removed"].before.rows == 4
    assert night.store.list() == before
    assert all(row["prompt"] for row in night.rows("calls"))


def test_a_call_that_is_paid_again_as_its_text_is_gone_is_counted_again(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate()
    night = rig(simulator)
    singles(night, 2)
    kept(night, True, keep_prompts_days=5)
    for times in (1, 2):
        manifest = night.night(table(night, 1), run="pipeline-1", replace=True)
        assert manifest["calls"]["sent"] == 4, f"made anew {times} times: the second time from the ledger"
        calls = night.rows("calls")
        assert len({row["call_id"] for row in calls}) == len(calls)
        assert sum(row["usd"] for row in calls) == pytest.approx(simulator.stats()["usd"])
        assert sum(bool(row["response"]) for row in calls) == 2
        forget_journals(night)
    check_manifests(night.store)
