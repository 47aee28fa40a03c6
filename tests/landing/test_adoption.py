"""Rows that a run leaves for want of money are made by the next run of the recipe, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import RECIPE

from tasks.landing.adoption import adoptable
from tasks.landing.claims import claim
from tasks.landing.night_report import read_report
from tasks.landing.plan import read_plan, write_plan
from tasks.landing.starting import preview, start
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

FIRST = {f"a{number}": f"topic {number}" for number in range(6)}
SECOND = {"b0": "tides", "b1": "moors"}


@pytest.fixture
def left(rig: Callable[..., Rig]) -> Rig:
    """A store in which the run `first` has left six rows."""
    night = rig()
    manifest = night.night(night.table(FIRST), allowance=0.0, run="first")
    assert manifest["rows"]["deferred"] == 6
    return night


def ids(night: Rig, table: str, run: str) -> list[str]:
    return [row["request_id"] for row in night.rows(table) if row["run"] == run]


def test_the_next_run_makes_what_the_last_one_left_before_its_own_rows_and_counts_it(left: Rig) -> None:
    manifest = left.night(left.table(SECOND), run="second", adopts=True)
    assert ids(left, "outputs", "second") == [*FIRST, *SECOND]
    counted = {name: manifest["rows"][name] for name in ("requests", "made", "deferred", "adopted")}
    assert counted == {"requests": 8, "made": 8, "deferred": 0, "adopted": 6}
    made = {row["request_id"]: row["request"] for row in left.rows("outputs")}
    assert made["a3"] == '{"topic":"topic 3"}'
    third = left.night(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert (third["rows"]["requests"], third["rows"]["adopted"]) == (1, 0), "nothing is adopted twice"


def test_oldest_first_over_several_runs_and_shards(left: Rig, small_shards: None) -> None:
    left.night(left.table({"a3": "topic 3, changed", "b0": "tides"}), allowance=0.0, run="second")
    begun = left.begin(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert begun.plan.adopted == 7
    assert sum(begun.plan.shard_rows) == 8
    assert len(begun.plan.shard_rows) == 3
    manifest = left.commit(begun, left.produce(begun))
    assert manifest["rows"]["made"] == 8
    made = {row["request_id"]: row["request"] for row in left.rows("outputs")}
    assert made["a3"] == '{"topic":"topic 3, changed"}', "as it was asked for last"


def test_a_run_that_leaves_adopted_rows_again_hands_them_on(left: Rig) -> None:
    second = left.night(left.table(SECOND), allowance=0.0, run="second", adopts=True)
    assert (second["rows"]["deferred"], second["rows"]["adopted"]) == (8, 6)
    third = left.night(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert (third["rows"]["made"], third["rows"]["adopted"]) == (9, 8)


def test_a_night_of_adopted_rows_learns_from_past_runs_as_any_other(left: Rig) -> None:
    left.night(left.table(SECOND), run="second")
    begun = left.begin(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert begun.plan.adopted == 6
    assert begun.plan.estimates["runs"] == 1


def test_a_row_that_tonights_table_has_itself_is_tonights(left: Rig) -> None:
    begun = left.begin(
        left.table({"a1": "mine", "b0": "tides"}, '{"request_id": "a2"}'), run="second", adopts=True
    )
    assert (begun.plan.adopted, begun.plan.requests, begun.plan.rejected) == (4, 7, 1)
    left.commit(begun, left.produce(begun), max_failed=1)
    made = {row["request_id"]: row["request"] for row in left.rows("outputs")}
    assert made["a1"] == '{"topic":"mine"}'
    assert "a2" not in made


def test_the_plan_is_the_same_whatever_there_is_to_adopt_and_a_resumed_run_keeps_what_it_took(
    left: Rig,
) -> None:
    requests = left.table(SECOND)
    begun = left.begin(requests, run="second", adopts=True)
    alone = left.begin(requests, run="alone")
    assert begun.plan.hash == alone.plan.hash
    again = left.begin(left.table(FIRST), run="first")  # makes its own meanwhile
    assert again.way == "done", "they are held by the run that took them"
    resumed = left.begin(left.table(SECOND), run="second", adopts=True)
    assert (resumed.way, resumed.plan.adopted) == ("resume", 6)
    manifest = left.commit(resumed, left.produce(resumed))
    assert manifest["rows"]["made"] == 8


def test_a_run_started_again_works_its_own_rows_but_not_those_that_another_has_settled(left: Rig) -> None:
    left.night(left.table({"a0": "another way", "a1": "another way"}), run="second")
    again = left.begin(left.table(FIRST), run="first")
    assert again.way == "again"
    assert again.redo is not None
    assert sorted(each for shard in again.redo.values() for each in shard) == ["a2", "a3", "a4", "a5"]
    manifest = left.commit(again, left.produce(again))
    rows = manifest["rows"]
    assert (rows["requests"], rows["made"], rows["deferred"]) == (6, 4, 2)
    assert manifest["errors"]["deferred"] == {"made or rejected by another run since": 2}
    assert manifest["healthy"]
    assert left.begin(left.table(FIRST), run="first").way == "done"
    third = left.begin(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert third.plan.adopted == 0


def test_rows_that_two_runs_at_once_would_take_go_to_the_first_for_a_day(left: Rig) -> None:
    second = left.begin(left.table(SECOND), run="second", adopts=True)
    assert second.plan.adopted == 6
    assert left.begin(left.table({"c0": "bogs"}), run="third", adopts=True).plan.adopted == 0
    plan = read_plan(left.store, "second")
    assert plan is not None
    write_plan(left.store, plan.model_copy(update={"first_start": plan.first_start - timedelta(days=2)}))
    assert left.begin(left.table({"d0": "fens"}), run="fourth", adopts=True).plan.adopted == 6


@pytest.mark.parametrize("changes", [{"limit": 1, "adopts": True}, {"adopts": False}])
def test_with_a_limit_or_unwished_nothing_is_adopted(left: Rig, changes: dict[str, Any]) -> None:
    assert left.begin(left.table(SECOND), run="second", **changes).plan.adopted == 0


def test_a_dry_run_says_how_many_would_be_adopted(left: Rig) -> None:
    wish = left.wish(left.table(SECOND), run="second", adopts=True)
    before = left.store.list()
    assert preview(left.store, wish).startswith(
        "second (new): 2 requests in 1 shard, 0 rejected, 0 left out as unchanged, 6 adopted from earlier runs; "
        "models one; expected to cost $"
    )
    assert left.store.list() == before


def test_only_rows_of_the_same_recipe_are_adopted_and_must_fit_it_as_it_is_now(left: Rig) -> None:
    other = load_recipe(RECIPE.replace("recipe: short", "recipe: other"))
    assert left.begin(left.table(SECOND), run="other", recipe=other, adopts=True).plan.adopted == 0
    wider = load_recipe(
        RECIPE.replace("topic: {type: str}", "topic: {type: str}\n  tone: {type: str, default: dry}")
    )
    (left.folder / "requests.jsonl").write_text('{"request_id": "b0", "topic": "tides"}\n')
    begun = left.begin(str(left.folder / "requests.jsonl"), run="wider", recipe=wider, adopts=True)
    assert begun.plan.adopted == 6


def test_an_adopted_row_that_lacks_what_the_recipe_asks_for_by_now_is_rejected_with_its_reason(
    left: Rig,
) -> None:
    stricter = load_recipe(RECIPE.replace("topic: {type: str}", "topic: {type: str}\n  year: {type: int}"))
    (left.folder / "requests.jsonl").write_text('{"request_id": "b0", "topic": "tides", "year": 1}\n')
    begun = left.begin(str(left.folder / "requests.jsonl"), run="strict", recipe=stricter, adopts=True)
    assert (begun.plan.adopted, begun.plan.rejected, begun.plan.requests) == (0, 6, 7)
    left.commit(begun, left.produce(begun))
    reasons = {row["reason"] for row in left.rows("rejects") if row["run"] == "strict"}
    assert reasons == {"left for later by first, and does not fit the recipe any more: year is missing"}
    assert {row["row"] for row in left.rows("rejects") if row["run"] == "strict"} == {None}
    rejected = read_report(left.store, "strict").rejected
    assert [which for which, _ in rejected.first] == list(FIRST), "a row of no table is known by its id alone"
    third = left.begin(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert third.plan.adopted == 0, "what was rejected is settled"


def held_to(usd: float) -> Any:
    return load_recipe(RECIPE.replace("make:", f"max_estimate_usd: {usd}\nmake:"))


def test_a_limit_on_the_estimate_takes_as_many_of_the_oldest_rows_as_it_reaches_and_leaves_the_rest(
    left: Rig,
) -> None:
    """Six rows were left; tonight has two of its own."""
    requests = left.table(SECOND)
    row_usd = left.begin(requests, run="free").plan.estimate["row_usd"]
    wish = left.wish(requests, run="second", adopts=True, recipe=held_to(4.5 * row_usd))
    assert "2 adopted from earlier runs, 4 more left for later nights by max_estimate_usd" in preview(
        left.store, wish
    )
    manifest = left.night(requests, run="second", adopts=True, recipe=wish.recipe)
    assert ids(left, "outputs", "second") == ["a0", "a1", *SECOND]
    assert (manifest["rows"]["adopted"], manifest["rows"]["not_adopted"]) == (2, 4)
    assert manifest["estimate"]["rows"] == 4
    third = left.night(left.table({"c0": "bogs"}), run="third", adopts=True)
    assert (third["rows"]["adopted"], "not_adopted" in third["rows"]) == (4, False)


def test_own_rows_above_the_limit_are_refused_for_themselves_and_just_below_it_adopt_nothing(
    left: Rig,
) -> None:
    requests = left.table(SECOND)
    row_usd = left.begin(requests, run="free").plan.estimate["row_usd"]
    with pytest.raises(UserError, match="2 rows are expected to cost"):
        left.begin(requests, run="second", adopts=True, recipe=held_to(1.5 * row_usd))
    begun = left.begin(requests, run="second", adopts=True, recipe=held_to(2.5 * row_usd))
    assert (begun.plan.adopted, begun.plan.not_adopted) == (0, 6)


def test_the_estimate_of_a_night_of_adopted_rows_rests_on_past_runs(left: Rig) -> None:
    left.night(left.table({"x0": "fens", "x1": "tors"}), run="made")
    begun = left.begin(left.table({"b0": "tides"}), run="second", adopts=True)
    assert begun.plan.adopted == 6
    assert begun.plan.estimate["runs"], "though one row is its own"


def test_of_two_runs_that_start_at_once_the_older_claim_has_the_rows(
    left: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`third` reads what was left and claims it after `second` has read the same and before it claims."""
    others: list[int] = []

    def overtaken(*wanted: Any) -> Any:
        found = adoptable(*wanted)
        monkeypatch.setattr("tasks.landing.starting.adoptable", adoptable)
        others.append(left.begin(left.table({"c0": "bogs"}), run="third", adopts=True).plan.adopted)
        return found

    requests = left.table(SECOND)
    wish = left.wish(requests, run="second", adopts=True)
    monkeypatch.setattr("tasks.landing.starting.adoptable", overtaken)
    begun = start(left.store, wish)
    assert (others, begun.plan.adopted) == ([6], 0)
    assert (begun.plan.requests, sum(begun.plan.shard_rows), begun.plan.estimate["rows"]) == (2, 2, 2)
    assert left.commit(begun, left.produce(begun))["rows"]["made"] == 2


def test_a_run_that_claims_while_another_is_about_to_begin_leaves_it_the_rows(
    left: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[int] = []

    def meanwhile(_: object) -> None:
        monkeypatch.setattr("tasks.landing.claims._let_others_be_seen", lambda _: None)
        others.append(left.begin(left.table({"c0": "bogs"}), run="a-third", adopts=True).plan.adopted)

    requests = left.table(SECOND)
    monkeypatch.setattr("tasks.landing.claims._let_others_be_seen", meanwhile)
    begun = left.begin(requests, run="second", adopts=True)
    assert (others, begun.plan.adopted) == ([0], 6)


def test_a_claim_whose_start_was_killed_holds_its_rows_for_a_moment_only(
    left: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claim(left.store, "killed", "0123456789abcdef", ["a0", "a1"]) == set()
    begun = left.begin(left.table(SECOND), run="second", adopts=True)
    assert begun.plan.adopted == 4
    monkeypatch.setattr("tasks.landing.claims.STARTING", timedelta(0))
    assert left.begin(left.table({"c0": "bogs"}), run="third", adopts=True).plan.adopted == 2
