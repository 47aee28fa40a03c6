"""Housekeeping that dies after any of its steps hides no row, and whoever comes next ends what it had begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from failing_store import Died, failing
from house_rig import check_manifests, copied, house, singles, sorted_rows, table, tidied
from landing_rig import Rig

from tasks.calling.engine import Engine
from tasks.calling.past_calls import PastCalls
from tasks.landing.commit import Commit
from tasks.landing.joinable import TABLES_OF_RUN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.storing.filesystem import Store

MOST_CHANGES = 200


@pytest.fixture(autouse=True)
def lock_runs_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.landing.store_lock.EXPIRES_SECONDS", -1.0)


def dies(work: Callable[[], Any]) -> bool:
    try:
        work()
    except Died:
        return True
    return False


def contains(rows: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> bool:
    return all(all(row in rows[name] for row in wanted[name]) for name in TABLES_OF_RUN)


def every_call_is_found(store: Store) -> bool:
    """By a process that starts now, as an answer that it may serve."""
    past = PastCalls(store)
    past.refresh()

    def is_found(row: dict[str, Any]) -> bool:
        for place in past.places(bytes.fromhex(row["key"])):
            if Engine.current().wait(past.rows(place, row["key"])):
                return True
        return False

    return all(is_found(row) for row in sorted_rows(store)["calls"] if not row["cached"])


def test_joining_killed_after_any_of_its_steps(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    before = sorted_rows(night.store)
    whole = copied(night.store, "whole")
    tidied(whole)
    for changes in range(MOST_CHANGES):
        store = copied(night.store, f"killed-{changes}")
        if not dies(house(failing(store, changes)).tidy):
            assert changes > 30
            return
        seen = sorted_rows(store)
        assert contains(seen, before), f"a row is missing after {changes} changes"
        assert all(all(row in before[name] for row in seen[name]) for name in TABLES_OF_RUN)
        assert every_call_is_found(store)
        if changes % 2:
            tidied(store)
        else:
            Rig(store, night.url, night.folder).begin(table(night, 9), run="another")
        assert sorted_rows(store) == before, f"after {changes} changes"
        check_manifests(store)
        assert every_call_is_found(store)
        tidied(store)
        assert len(store.list("outputs")) == 1
        assert store.list("_housekeeping/open") == []
    pytest.fail("housekeeping has more steps than this test tries")


def test_a_commit_that_takes_its_rows_out_killed_after_any_of_its_steps(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    others = [row for row in sorted_rows(night.store)["outputs"] if row["run"] != "pipeline-1"]
    begun = night.begin(night.table({"x": "topic x"}), run="pipeline-1", replace=True)
    records = night.produce(begun)

    def commit(store: Store) -> dict[str, Any]:
        return Commit(store, begun.plan, records, None, 0.5).run()

    whole = copied(night.store, "whole")
    commit(whole)
    after = sorted_rows(whole)
    for changes in range(MOST_CHANGES):
        store = copied(night.store, f"killed-{changes}")
        if not dies(lambda store=store, changes=changes: commit(failing(store, changes))):
            assert changes > 20
            return
        seen = sorted_rows(store)["outputs"]
        assert [row for row in seen if row["run"] != "pipeline-1"] == others
        assert {row["request_id"] for row in seen if row["run"] == "pipeline-1"} in ({"r1"}, {"x"})
        again = Rig(store, night.url, night.folder).begin(night.table({"x": "topic x"}), run="pipeline-1")
        if again.way == "resume":
            commit(store)
        assert sorted_rows(store) == after, f"after {changes} changes"
        check_manifests(store)
    pytest.fail("a commit has more steps than this test tries")


@pytest.mark.parametrize(
    "upkeep",
    [{"keep_prompts_days": 5}, {"keep_calls_days": 5}, {"keep_calls_days": 5, "keep_prompts_days": 3}],
)
@pytest.mark.parametrize("joined", [True, False])
def test_retention_killed_after_any_of_its_steps(
    rig: Callable[..., Rig], upkeep: dict[str, int], joined: bool
) -> None:
    night = rig()
    singles(night, 2)
    after_days = 2 if joined else 1000
    if joined:
        tidied(night.store, days=3)
    whole = copied(night.store, "whole")
    tidied(whole, compact_after_days=after_days, **upkeep)
    after = sorted_rows(whole)
    assert after != sorted_rows(night.store)
    for changes in range(MOST_CHANGES):
        store = copied(night.store, f"killed-{changes}")
        work = house(failing(store, changes), compact_after_days=after_days, **upkeep).tidy
        if not dies(work):
            assert changes > 5
            return
        seen = sorted_rows(store)
        assert all(seen[name] == after[name] for name in TABLES_OF_RUN if name != "calls")
        tidied(store, compact_after_days=after_days, **upkeep)
        assert sorted_rows(store) == after
        check_manifests(store)
    pytest.fail("housekeeping has more steps than this test tries")
