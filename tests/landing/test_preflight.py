"""A run above its recipe's `max_estimate_usd` does not start, and nothing is written; one that has begun goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import MODELS, RECIPE

from tasks.calling.catalog import load_catalog
from tasks.landing.plan import read_plan
from tasks.landing.preflight import expected_row_usd
from tasks.landing.starting import preview
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}
UNPRICED = MODELS.replace(", price: {{input: 100, output: 200}}", "")


def limited(usd: float) -> Any:
    return load_recipe(RECIPE.replace("make:", f"max_estimate_usd: {usd}\nmake:"))


def test_a_run_above_the_limit_does_not_start_and_writes_nothing(rig: Callable[..., Rig]) -> None:
    night = rig()
    with pytest.raises(UserError) as refused:
        night.begin(night.table(TOPICS), recipe=limited(0.001))
    said = str(refused.value)
    assert said.startswith("max_estimate_usd: 8 rows are expected to cost $")
    assert "(no past run: prior), over the limit of $0.001" in said
    assert all(hint in said for hint in ("nightpress check", "--limit", "raise the limit"))
    assert night.store.list() == []


def test_fewer_rows_may_be_within_the_limit(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    usd = night.begin(requests, run="free").plan.estimate["usd"]
    recipe = limited(usd / 4)
    with pytest.raises(UserError, match="over the limit"):
        night.begin(requests, recipe=recipe)
    assert night.begin(requests, recipe=recipe, limit=1).way == "new"


def test_a_run_that_has_begun_goes_on_whatever_is_estimated_by_now(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    night = rig()
    requests, recipe = night.table(TOPICS), limited(50)
    begun = night.begin(requests, recipe=recipe)
    monkeypatch.setattr("tasks.landing.starting.foreseen", None)  # would fail if it were asked
    assert night.begin(requests, recipe=recipe).way == "resume"
    night.commit(begun, night.produce(begun))
    assert night.begin(requests, recipe=recipe).way == "done"


def test_making_a_run_anew_is_a_new_run(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    night.night(requests)
    before = night.store.list()
    with pytest.raises(UserError, match="over the limit"):
        night.begin(requests, recipe=limited(0.001), replace=True)
    assert night.store.list() == before


def test_a_limit_needs_every_price_and_names_the_model(rig: Callable[..., Rig]) -> None:
    night = rig()
    catalog = load_catalog(UNPRICED.format(url=night.url))
    requests = night.table(TOPICS)
    with pytest.raises(UserError, match="nobody knows the price of one"):
        night.begin(requests, recipe=limited(50), catalog=catalog)
    assert night.store.list() == []
    unlimited = night.begin(requests, catalog=catalog)
    assert unlimited.plan.estimate["usd"] is None, "unknown, not 0"


def test_a_dry_run_says_what_is_expected_and_that_the_run_would_not_start(rig: Callable[..., Rig]) -> None:
    night = rig()
    wish = night.wish(night.table(TOPICS))
    assert "would not start" not in preview(night.store, wish)
    said = preview(night.store, replace(wish, recipe=limited(0.001)))
    assert said.endswith("(no past run: prior), over the limit of $0.001")
    assert "a new run would not start: 8 rows are expected to cost $" in said
    assert night.store.list() == []


def test_the_estimate_is_kept_in_the_plan_and_decides_nothing_of_it(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    manifest = night.night(requests)
    plan = read_plan(night.store, "night")
    kept = plan.estimate
    assert kept["rows"] == 8
    assert 0 < kept["usd_low"] < kept["usd"] < kept["usd_high"] <= kept["usd_worst"]
    assert expected_row_usd(plan) == kept["row_usd"] == pytest.approx(kept["usd"] / 8)
    assert manifest["estimate"] == kept
    later = night.begin(requests, run="later").plan
    assert later.estimate["runs"] == ["night"]
    assert later.estimate["usd"] != kept["usd"]
    assert later.hash == plan.hash


def test_a_limit_is_held_against_what_past_runs_took(rig: Callable[..., Rig]) -> None:
    night = rig()
    spent = night.night(night.table(TOPICS))["usd"]["spent"]
    supposed = read_plan(night.store, "night").estimate["usd"]
    assert spent > 1.3 * supposed, "or this proves nothing"
    with pytest.raises(UserError, match="1 past run, 8 rows"):
        night.begin(night.table(TOPICS), run="later", recipe=limited((spent + supposed) / 2 * 0.95))
