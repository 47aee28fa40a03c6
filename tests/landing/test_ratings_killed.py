"""Taking ratings in, killed after any of its steps: no rating is lost, and whoever comes next puts the figures right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from failing_store import Died, failing
from house_rig import check_manifests, copied, forget_journals, singles, sorted_rows, tidied
from rating_rig import TODAY, TOMORROW, TOPICS, rated, read_table, satisfied, seen, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from tasks.storing.filesystem import Store

MOST_CHANGES = 80
AFTER = {
    "the same file again": 0,
    "housekeeping": 1,
    "a night": 2,
}  # who comes next, after every third change


@pytest.fixture(autouse=True)
def lock_runs_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.landing.store_lock.EXPIRES_SECONDS", -1.0)


def dies(store: Store, path: str, **given: Any) -> bool:
    try:
        rated(store, path, **given)
    except Died:
        return True
    return False


def swapping(night: Rig) -> tuple[str, str]:
    """Two files: the second moves ann's rating to tomorrow's part and bob's to today's, and brings a new one."""
    first = written(
        night.folder, f"r0,ann,down,{TODAY}", "r1,bob,down,", f"r2,cid,up,{TOMORROW}", name="first.csv"
    )
    second = written(
        night.folder, f"r0,ann,up,{TOMORROW}", f"r1,bob,up,{TODAY}", "r3,dan,up,", name="second.csv"
    )
    return first, second


@pytest.mark.parametrize("after", AFTER)
def test_ratings_killed_after_any_step(rig: Callable[..., Rig], after: str) -> None:
    night = rig()
    night.night(night.table(TOPICS))
    forget_journals(night)
    first, second = swapping(night)
    rated(night.store, first)
    whole = copied(night.store, f"whole-{after[:3]}")
    rated(whole, second)
    raters = {("r0", "ann"), ("r1", "bob"), ("r2", "cid")}
    for changes in range(AFTER[after], MOST_CHANGES, len(AFTER)):
        store = copied(night.store, f"killed-{after[:3]}-{changes}")
        if not dies(failing(store, changes), second):
            assert changes > 12
            return
        assert {each[:1] + each[2:3] for each in seen(store)} >= raters, (
            f"a rating is gone after {changes} changes"
        )
        if after == "the same file again":
            rated(store, second)
            assert seen(store) == seen(whole)
            assert satisfied(store) == satisfied(whole)
        elif after == "housekeeping":
            tidied(store)
        else:
            begun_as(night, store)
        assert len(seen(store)) == len({each[:3] for each in seen(store)}), f"twice, after {changes} changes"
        mean = read_table(store)["rating"].mean()
        assert satisfied(store) == [("made", pytest.approx(mean), len(seen(store)))]
        check_manifests(store)
        assert store.list("_housekeeping/open") == []
    pytest.fail("it has more steps than this test tries")


def begun_as(night: Rig, store: Store) -> None:
    """The same night is started again on that store: it is done, and settles what was left."""
    again = type(night)(store, night.url, night.folder)
    assert again.begin(night.table(TOPICS)).way == "done"


def test_ratings_of_a_joined_run_killed_after_any_step(rig: Callable[..., Rig]) -> None:
    night = rig()
    names = singles(night, 2)
    tidied(night.store)
    path = written(night.folder, "r1,ann,up,")
    whole = copied(night.store, "whole")
    rated(whole, path, run=names[1])
    for changes in range(0, MOST_CHANGES, 2):
        store = copied(night.store, f"killed-{changes}")
        if not dies(failing(store, changes), path, run=names[1]):
            assert changes > 8
            return
        rated(store, path, run=names[1])
        assert sorted_rows(store) == sorted_rows(whole)
        check_manifests(store)
    pytest.fail("it has more steps than this test tries")
