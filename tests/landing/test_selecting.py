"""Which requests are made tonight, by what earlier nights have committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import NIGHT, RECIPE

from tasks.patterns.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

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
