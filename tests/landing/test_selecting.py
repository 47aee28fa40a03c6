"""Which requests are made tonight, by what earlier nights have committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from house_rig import singles, tidied
from landing_rig import NIGHT, RECIPE, Rig
from overtaken_store import overtaken

from tasks.landing.selecting import selection
from tasks.landing.settling import own_manifest
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import NightpressError
from tasks.storing.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = {"a": "apples", "b": "pears", "c": "plums"}
SECOND = {"a": "apples", "b": "quinces", "d": "figs"}


def second_night(night: Rig, only: str, **changes: Any) -> dict[str, Any]:
    return night.night(night.table(SECOND), run="second", run_date=NIGHT.replace(day=1), only=only, **changes)


@pytest.mark.parametrize(
    ("only", "made"), [("all", {"a", "b", "d"}), ("new", {"d"}), ("changed", {"b", "d"})]
)
def test_a_night_makes_all_new_or_changed_requests(
    rig: Callable[..., Rig], only: str, made: set[str]
) -> None:
    night = rig()
    night.night(night.table(FIRST), run="first")
    manifest = second_night(night, only)
    assert {row["request_id"] for row in night.rows("outputs") if row["run"] == "second"} == made
    assert (manifest["rows"]["requests"], manifest["rows"]["unchanged"]) == (len(made), 3 - len(made))


def test_a_run_started_again_selects_the_same_though_it_has_committed(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(FIRST), run="first")
    second_night(night, "changed")
    done = night.begin(night.table(SECOND), run="second", run_date=NIGHT.replace(day=1), only="changed")
    assert done.way == "done"


def test_rows_that_failed_are_still_to_be_made(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "bad_request", "prompt": "apples", "first": 1}])
    assert night.night(night.table(FIRST), run="first")["rows"]["failed"] == 1
    second_night(night, "new")
    assert {row["request_id"] for row in night.rows("outputs") if row["run"] == "second"} == {"a", "d"}


def test_another_recipes_outputs_do_not_count(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(FIRST), run="first")
    other = load_recipe(RECIPE.replace("recipe: short", "recipe: other"))
    assert second_night(night, "changed", recipe=other)["rows"]["made"] == 3


def test_the_order_of_columns_and_another_place_in_the_table_are_no_change(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table({}, '{"request_id": "a", "topic": "apples", "extra": 1}'), run="first")
    table = night.table({"z": "new"}, '{"extra": 1, "topic": "apples", "request_id": "a"}')
    manifest = night.night(table, run="second", run_date=NIGHT.replace(day=1), only="changed")
    assert manifest["rows"]["unchanged"] == 1


def test_the_limit_counts_what_is_made_and_not_what_is_left_out(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(FIRST), run="first")
    manifest = second_night(night, "changed", limit=1)
    assert (manifest["rows"]["made"], manifest["rows"]["unchanged"]) == (1, 1)


@pytest.mark.parametrize("only", ["new", "changed"])
def test_a_night_that_starts_while_outputs_are_joined_leaves_out_what_is_made(
    rig: Callable[..., Rig], only: str
) -> None:
    night = rig()
    singles(night, 3)
    store = overtaken(night.store, "outputs", lambda: tidied(night.store))
    requests = night.table({"r0": "topic 0", "r1": "topic 1", "r2": "topic 2", "x": "topic x"})
    begun = Rig(store, night.url, night.folder).begin(requests, run="second", only=only)
    assert len(night.store.list("outputs")) == 1
    assert (begun.plan.requests, begun.plan.unchanged) == (1, 3)


def test_rows_that_leave_a_joined_part_after_it_was_listed_count_as_made(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    night.begin(night.table({"r1": "topic 1"}), run="pipeline-1", replace=True)
    store = overtaken(night.store, "outputs", lambda: own_manifest(night.store, "pipeline-1"))
    wanted = selection(store, "new", recipe="short", run="second")
    assert len(night.store.list("outputs")) == 2
    requests = [Request(f"r{number}", 1, {"topic": f"topic {number}"}) for number in range(4)]
    assert [wanted(each) for each in requests] == [False, False, False, True]


def test_a_part_that_is_listed_and_never_there_is_an_error_and_not_left_out(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(FIRST), run="first")
    (part,) = night.store.list("outputs")
    store = overtaken(night.store, "outputs", lambda: night.store.delete([part]), part)
    with pytest.raises(NightpressError, match=part):
        selection(store, "new", recipe="short", run="second")
