"""How a run starts: anew, where it was left, again, not at all; and under which name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from landing_rig import MODELS, NIGHT, RECIPE

from tasks.calling.catalog import load_catalog
from tasks.landing.plan import plan_hash, read_manifest, read_plan, redo_of
from tasks.landing.run_paths import checked_run_name
from tasks.landing.starting import preview
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import PlanChanged, UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from landing_rig import Rig

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}


def test_a_run_starts_new_resumes_and_is_done(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    first = night.begin(requests)
    assert (first.way, first.plan.generation, first.redo) == ("new", 1, None)
    assert night.begin(requests).way == "resume"
    resumed = night.begin(requests)
    assert resumed.plan == first.plan, "the first start's moment and prices stay"
    manifest = night.commit(resumed, night.produce(resumed))
    done = night.begin(requests)
    assert (done.way, done.manifest) == ("done", manifest)


def test_only_rows_that_may_go_better_are_worked_again(rig: Callable[..., Rig]) -> None:
    night = rig(
        faults=[
            {"kind": "server_error", "prompt": "Outline topic 3", "first": 2},
            {"kind": "bad_request", "prompt": "Outline topic 5"},
        ]
    )
    requests = night.table(TOPICS)
    manifest = night.night(requests)
    assert manifest["rows"] | {"unchanged": 0} == {
        "requests": 8, "made": 6, "failed": 2, "deferred": 0, "rejected": 0, "retryable": 1, "unchanged": 0, "adopted": 0,
    }  # fmt: skip
    again = night.begin(requests)
    assert (again.way, again.plan.generation) == ("again", 2)
    assert again.redo == {0: frozenset({"r3"})} == redo_of(night.store, again.plan)
    assert night.begin(requests).way == "resume", "the second generation was begun and not committed"
    resumed = night.begin(requests)
    assert resumed.redo == again.redo
    manifest = night.commit(resumed, night.produce(resumed))
    assert (manifest["generation"], manifest["rows"]["made"], manifest["rows"]["failed"]) == (2, 7, 1)
    assert night.begin(requests).way == "done", "a bad request stays one"


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("the run date", {"run_date": NIGHT.replace(day=1)}),
        ("the recipe", {"recipe": load_recipe(RECIPE.replace("Outline {{", "Sketch {{"))}),
        ("the models file", {"catalog": load_catalog(MODELS.format(url="http://127.0.0.1:9/v1"))}),
        ("--only", {"only": "new"}),
        ("--limit", {"limit": 7}),
    ],
)
def test_another_plan_under_a_known_name_is_refused_and_says_what_changed(
    rig: Callable[..., Rig], what: str, change: dict[str, object]
) -> None:
    night = rig()
    requests = night.table(TOPICS)
    known = night.begin(requests).plan
    with pytest.raises(PlanChanged, match=what) as refused:
        night.begin(requests, **change)
    assert "--replace" in str(refused.value)
    assert read_plan(night.store, "night") == known
    assert night.begin(requests, replace=True, **change).way == "new"


def test_another_request_table_is_another_plan(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.begin(night.table(TOPICS))
    with pytest.raises(PlanChanged, match="the request table changed"):
        night.begin(night.table({**TOPICS, "r3": "something else"}))


def test_a_recipes_comments_and_layout_are_no_change(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    night.begin(requests)
    same = load_recipe(
        "# nicer\n" + RECIPE.replace("version: 1\nabout: Two steps", "about: Two steps\nversion: 1")
    )
    assert night.begin(requests, recipe=same).way == "resume"


def test_replacing_by_the_same_plan_makes_a_committed_run_anew(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    first = night.night(requests)
    begun = night.begin(requests, replace=True)
    assert (begun.way, begun.plan.generation, begun.redo) == ("new", 2, None)
    manifest = night.commit(begun, night.produce(begun))
    assert manifest["rows"] == first["rows"]
    assert manifest["calls"]["sent"] == first["calls"]["sent"], "the calls are paid and reused"


@pytest.mark.parametrize(
    "run", ["", ".", "..", "a/b", "../a", "a b", "-a", ".a", "a\n", "é", "x" * 121, "a.json"]
)
def test_a_name_that_is_no_file_name_everywhere_is_refused(rig: Callable[..., Rig], run: str) -> None:
    night = rig()
    with pytest.raises(UserError, match="cannot name a run"):
        night.begin(night.table(TOPICS), run=run)
    assert night.store.list() == []


@pytest.mark.parametrize("run", ["a", "A.b-c_d", "0", "technical-blog-2026-01-31", "x" * 120, "json"])
def test_a_plain_name_is_taken(run: str) -> None:
    assert checked_run_name(run) == run


def test_a_preview_says_what_would_be_done_and_writes_nothing(rig: Callable[..., Rig]) -> None:
    night = rig()
    wish = night.wish(night.table(TOPICS, '{"topic": null}'))
    said = "night (new): 8 requests in 1 shard, 1 rejected, 0 left out as unchanged; models one; expected to cost $"
    assert preview(night.store, wish).startswith(said)
    assert preview(night.store, wish).endswith("(no past run: prior)")
    assert night.store.list() == []
    night.begin(wish.requests)
    before = night.store.list()
    assert preview(night.store, wish).startswith("night (known):")
    assert preview(night.store, replace(wish, limit=1)).startswith(
        "night (known with another plan): 1 requests"
    )
    assert night.store.list() == before


def test_a_budget_or_a_providers_limit_needs_every_price(rig: Callable[..., Rig]) -> None:
    night = rig()
    models = (
        "providers: {p: {api: openai, base_url: 'https://example.org/v1'}}\n"
        "models: {one: {provider: p, id: nobody-knows-me}}"
    )
    unpriced = load_catalog(models)
    limited = load_catalog(models.replace("/v1'", "/v1', usd_per_run: 5"))
    requests = night.table(TOPICS)
    with pytest.raises(UserError, match="nobody knows the price of one"):
        night.begin(requests, catalog=unpriced, budgeted=True)
    with pytest.raises(UserError, match="nobody knows the price of one"):
        night.begin(requests, catalog=limited)
    assert night.begin(requests, catalog=unpriced).plan.prices == {"one": None}


def test_the_plans_hash_follows_each_of_its_inputs() -> None:
    def hashed(**changes: object) -> str:
        inputs: dict[str, object] = {
            "run_date": NIGHT, "recipe": {"a": 1}, "models": {}, "fingerprint": "f", "only": "all", "limit": None,
        }  # fmt: skip
        return plan_hash(**{**inputs, **changes})  # type: ignore[arg-type]

    day: date = NIGHT.replace(day=1)
    others = [
        hashed(run_date=day), hashed(recipe={"a": 2}), hashed(models={"m": 1}), hashed(fingerprint="g"),
        hashed(only="new"), hashed(limit=1),
    ]  # fmt: skip
    assert hashed() == hashed()
    assert len({hashed(), *others}) == 7


def test_a_start_removes_what_a_killed_commit_left(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    begun = night.begin(requests)
    records = night.produce(begun)
    open_part = night.store.list("_ledger/open")[0]
    calls = night.store.read(open_part)
    night.commit(begun, records)
    night.store.write(open_part, calls)
    assert night.begin(requests, replace=True, limit=3).way == "new"
    assert night.store.list("_ledger/open") == [], "landed calls would count twice in what was spent"
    assert read_manifest(night.store, "night") is not None
