"""A move that nobody can end stops the runs that it names, says which file it is, and lets all others go on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson
import pytest
from failing_store import Died, failing
from house_rig import check_manifests, copied, house, singles, sorted_rows, table, tidied
from landing_rig import Rig

from tasks.landing.moves import OPEN
from tasks.landing.settling import own_manifest
from tasks.storing.errors import UserError
from tasks.storing.records import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.storing.filesystem import Store

LEFT = "_housekeeping/open/ffffffffffff.json"
NEWER = {
    "id": "f" * 12, "kind": "fold", "run_date": "2026-01-31", "runs": ["pipeline-0"], "parts": {}, "before": None,
    "depth": 3,
}  # fmt: skip


@pytest.fixture(autouse=True)
def lock_runs_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.landing.store_lock.EXPIRES_SECONDS", -1.0)


def lose_a_part(store: Store) -> str:
    """A join of all runs was killed, and then somebody removed one of its parts by hand; the move's file."""
    with pytest.raises(Died):
        house(failing(store, 6)).tidy()
    (path,) = store.list(OPEN)
    sources = orjson.loads(store.read(path))["parts"]["model_metrics"]
    store.delete(sources[:1])
    return path


def leave_a_newer_move(store: Store) -> str:
    write_json(store, LEFT, NEWER)
    return LEFT


def leave_half_a_move(store: Store) -> str:
    store.write(LEFT, b'{"id": "ffff')
    return LEFT


@pytest.mark.parametrize("spoil", [lose_a_part, leave_a_newer_move, leave_half_a_move])
def test_another_run_starts_and_commits_and_the_log_names_the_file(
    rig: Callable[..., Rig], caplog: pytest.LogCaptureFixture, spoil: Callable[[Store], str]
) -> None:
    night = rig()
    singles(night, 3)
    path = spoil(night.store)
    with caplog.at_level(logging.WARNING):
        assert night.night(table(night, 9), run="another")["rows"]["made"] == 1
    assert [path in each.getMessage() for each in caplog.records] == [True]
    assert night.store.exists(path)


@pytest.mark.parametrize("spoil", [lose_a_part, leave_a_newer_move])
def test_a_run_that_the_move_names_does_not_start(
    rig: Callable[..., Rig], spoil: Callable[[Store], str]
) -> None:
    night = rig()
    singles(night, 3)
    path = spoil(night.store)
    plan = night.store.read("_runs/pipeline-0/plan.json")
    with pytest.raises(UserError, match=path) as caught:
        night.begin(table(night, 7), run="pipeline-0", replace=True)
    assert "\n" not in str(caught.value)
    assert night.store.read("_runs/pipeline-0/plan.json") == plan


@pytest.mark.parametrize("spoil", [leave_a_newer_move, leave_half_a_move])
def test_a_committed_run_that_it_may_name_does_not_commit_again(
    rig: Callable[..., Rig], spoil: Callable[[Store], str]
) -> None:
    night = rig()
    singles(night, 3)
    begun = night.begin(table(night, 7), run="pipeline-0", replace=True)
    records = night.produce(begun)
    path, before = spoil(night.store), sorted_rows(night.store)
    with pytest.raises(UserError, match=path):
        night.commit(begun, records)
    assert sorted_rows(night.store) == before
    night.store.delete([path])
    night.commit(begun, records)
    check_manifests(night.store)


def test_a_joined_run_that_it_does_not_name_is_made_anew(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    leave_a_newer_move(night.store)
    night.night(night.table({"x": "topic x"}), run="pipeline-1", replace=True)
    assert sorted(row["request_id"] for row in night.rows("outputs")) == ["r0", "r2", "x"]
    check_manifests(night.store)


def test_the_moves_after_one_that_cannot_end_are_ended(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    before = sorted_rows(night.store)
    first = "_housekeeping/open/000000000000.json"
    write_json(night.store, first, {**NEWER, "runs": ["long-gone"]})
    store = copied(night.store, "killed")
    store.delete([first])
    with pytest.raises(Died):
        house(failing(store, 6)).tidy()
    write_json(store, first, {**NEWER, "runs": ["long-gone"]})
    Rig(store, night.url, night.folder).begin(table(night, 9), run="another")
    assert store.list(OPEN) == [first]
    assert sorted_rows(store) == before
    assert own_manifest(store, "pipeline-1") is not None


def test_housekeeping_says_which_file_keeps_it(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    path = leave_a_newer_move(night.store)
    with pytest.raises(UserError, match=path):
        tidied(night.store)
