"""What a night is expected to cost: from its recipe and table, and from what past runs took; held against real nights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import MODELS, RECIPE

from tasks.calling.catalog import load_catalog
from tasks.landing.night_estimate import expected_of, night_estimate
from tasks.patterns.cell_tokens import cell_tokens
from tasks.patterns.prior import PRIOR_ROWS
from tasks.patterns.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from tasks.landing.night_estimate import NightEstimate

TOPICS = {f"r{number}": f"topic {number}" for number in range(12)}
LONG = dict.fromkeys(TOPICS, "a topic of many words " * 40)
CHEAPER = MODELS.replace("input: 100, output: 200", "input: 50, output: 100")
STEPS = ["outline", "draft"]


def estimated(night: Rig, topics: dict[str, str] = TOPICS, **changes: Any) -> NightEstimate:
    """Of tonight's table, with another recipe text or models text."""
    recipe = load_recipe(changes.get("recipe", RECIPE))
    catalog = load_catalog(changes.get("models", MODELS).format(url=changes.get("url", night.url)))
    tokens = cell_tokens(expected_of(recipe, catalog).cells, ({"topic": each} for each in topics.values()))
    return night_estimate(night.store, recipe, catalog, tokens)


def test_without_a_past_run_the_recipe_and_the_table_tell(rig: Callable[..., Rig]) -> None:
    night = rig()
    short, long = estimated(night), estimated(night, LONG)
    assert (short.basis, short.rows, [line.asked.step for line in short.lines]) == (
        "no past run: prior",
        12,
        STEPS,
    )
    assert [line.calls for line in short.lines] == [1, 1]
    longer = len(LONG["r0"]) / 4 - len("topic 1") / 4
    added = long.lines[0].tokens_in - short.lines[0].tokens_in
    assert added == pytest.approx(longer, abs=0.5)
    assert long.row_worst.tokens_in > short.row_worst.tokens_in + longer
    assert short.run_usd == pytest.approx(12 * short.row_usd)
    low, high = short.interval
    assert 0 <= low < short.run_usd < high <= short.run_worst_usd


def test_the_worst_of_a_run_is_that_of_its_rows_and_not_of_its_longest(rig: Callable[..., Rig]) -> None:
    mixed = {**TOPICS, "r0": LONG["r0"]}
    found = estimated(rig(), mixed)
    each = [estimated(rig(), {"a": topic}).run_worst_usd for topic in mixed.values()]
    assert found.run_worst_usd == pytest.approx(sum(each), rel=0.01)
    assert found.run_worst_usd < 12 * found.row_worst.usd


def test_after_a_night_the_same_table_is_estimated_near_to_what_it_cost(rig: Callable[..., Rig]) -> None:
    night = rig()
    spent = night.night(night.table(TOPICS))["usd"]["spent"]
    found = estimated(night)
    assert found.basis == "1 past run, 12 rows"
    assert found.run_usd == pytest.approx(spent, rel=0.15)
    assert found.interval[0] < spent < found.interval[1]
    assert [line.calls for line in found.lines] == pytest.approx([1, 1])


def test_more_past_rows_weigh_more(rig: Callable[..., Rig]) -> None:
    night = rig()
    spent = night.night(night.table({"r0": "topic 0"}))["usd"]["spent"]
    supposed = estimated(night, {"r0": "topic 0"}, url="http://127.0.0.1:9/v1").run_usd
    blended = (PRIOR_ROWS * supposed + spent) / (PRIOR_ROWS + 1)
    assert estimated(night, {"r0": "topic 0"}).run_usd == pytest.approx(blended, rel=0.01)


def test_tonights_prices_count_and_tonights_longer_cells(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(TOPICS))
    same, cheap, long = estimated(night), estimated(night, models=CHEAPER), estimated(night, LONG)
    assert cheap.run_usd == pytest.approx(same.run_usd / 2)
    longer = (len(LONG["r0"]) - len("topic 1")) / 4
    added = [after.tokens_in - before.tokens_in for after, before in zip(long.lines, same.lines, strict=True)]
    assert added == pytest.approx([longer, longer], rel=0.01)


def test_simulated_rows_tell_nothing_of_models_elsewhere(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(TOPICS))
    assert estimated(night, url="http://127.0.0.1:9/v1").past.rows == 0


def test_failed_attempts_are_in_it(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "truncated_body", "prompt": "Outline", "first": 8}])
    usd = night.night(night.table(TOPICS))["usd"]
    assert usd["failed"] > 0.2 * usd["spent"]
    assert estimated(night).run_usd == pytest.approx(usd["spent"], rel=0.2)


def test_calls_that_the_ledger_served_count_as_if_they_were_sent(rig: Callable[..., Rig]) -> None:
    night = rig()
    requests = night.table(TOPICS)
    spent = night.night(requests)["usd"]["spent"]
    again = night.night(requests, run="later")
    assert (again["usd"]["spent"], again["calls"]["cached"]) == (0, 24)
    found = estimated(night)
    assert found.basis == "2 past runs, 24 rows"
    assert found.run_usd == pytest.approx(spent, rel=0.15)


def test_another_version_of_the_recipe_tells_of_the_steps_that_are_still_there(
    rig: Callable[..., Rig],
) -> None:
    night = rig()
    night.night(night.table(TOPICS))
    newer = RECIPE.replace("version: 1", "version: 2").replace("name: outline", "name: sketch").replace(
        "{{ outline }}", "{{ sketch }}"
    )  # fmt: skip
    found = estimated(night, recipe=newer)
    assert found.basis.endswith("12 rows, when the recipe was another")
    assert [line.asked.step for line in found.lines] == ["sketch", "draft"]
    supposed = estimated(night, recipe=newer, url="http://127.0.0.1:9/v1")
    assert found.lines[0].tokens_out == supposed.lines[0].tokens_out
    assert found.lines[1].tokens_out != supposed.lines[1].tokens_out


def test_its_own_version_goes_before_newer_runs_of_another(rig: Callable[..., Rig]) -> None:
    night = rig()
    night.night(night.table(TOPICS), run="old")
    night.night(
        night.table(TOPICS), run="new", recipe=load_recipe(RECIPE.replace("version: 1", "version: 2"))
    )
    assert estimated(night).past.runs == ["old"]


def test_the_newest_runs_count_and_no_more_of_them_than_it_takes(
    rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.landing.past_runs.ENOUGH_ROWS", 20)
    night = rig()
    for number in range(3):
        night.night(night.table(TOPICS), run=f"night-{number}")
    assert estimated(night).past.runs == ["night-2", "night-1"]


def test_a_price_that_is_not_known_makes_usd_unknown_and_names_the_model(rig: Callable[..., Rig]) -> None:
    unpriced = MODELS.replace(", price: {{input: 100, output: 200}}", "")
    found = estimated(rig(), models=unpriced)
    assert (found.unpriced, found.row_usd, found.run_usd, found.interval, found.run_worst_usd) == (
        ["one"], None, None, None, None,
    )  # fmt: skip
    assert found.lines[0].usd is None
    assert found.as_plan()["usd"] is None


@pytest.mark.parametrize(
    ("quota", "held_by", "seconds"),
    [
        ("requests_per_minute: 12", "the requests per minute of sim", 120),
        ("tokens_per_minute: 600", "the tokens per minute of sim", None),
        ("concurrency: 1", "the concurrency of sim", None),
    ],
)
def test_a_run_takes_as_long_as_its_narrowest_quota(
    rig: Callable[..., Rig], quota: str, held_by: str, seconds: float | None
) -> None:
    found = estimated(rig(), models=MODELS.replace("concurrency: 50", quota))
    assert found.held_by == held_by
    assert found.run_seconds > found.seconds
    if seconds:
        assert found.run_seconds == pytest.approx(seconds + found.seconds)


def test_a_need_is_estimated_as_the_model_that_it_comes_to(rig: Callable[..., Rig]) -> None:
    models = MODELS + (
        "  two: {{provider: sim, id: two, price: {{input: 1, output: 2}}, strengths: {{writing: 0.9}}}}\n"
        "  three: {{provider: sim, id: three, price: {{input: 5, output: 9}}, strengths: {{writing: 0.9}}}}\n"
    )
    recipe = RECIPE.replace(
        "- name: draft\n      ask: {model: one",
        "- name: draft\n      ask: {model: {for: writing, quality: 0.85}",
    )
    found = estimated(rig(), models=models, recipe=recipe)
    assert [line.asked.model for line in found.lines] == ["one", "two"]


def test_no_rows_cost_nothing(rig: Callable[..., Rig]) -> None:
    found = estimated(rig(), {})
    assert (found.rows, found.run_usd, found.run_worst_usd, found.run_seconds) == (0, 0, 0, 0)


def test_a_row_that_was_broken_off_and_went_on_counts_its_calls_once(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "server_error", "prompt": "from", "first": 2}])
    requests = night.table({"r0": "topic 0"})
    night.night(requests)
    begun = night.begin(requests)
    assert begun.way == "again"
    night.commit(begun, night.produce(begun))
    found = estimated(night, {"r0": "topic 0"})
    calls = {line.asked.step: line.calls for line in found.lines}
    assert calls["outline"] == pytest.approx(1), "the second time it came from the ledger"
    assert calls["draft"] == pytest.approx((PRIOR_ROWS + 2) / (PRIOR_ROWS + 1)), "it was sent twice"
