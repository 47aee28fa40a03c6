"""What a night would ask anew is known before it is asked: why, and for how much."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from landing_rig import MODELS, NIGHT, RECIPE

from tasks.calling.catalog import load_catalog
from tasks.calling.past_calls import PastCalls
from tasks.landing.explaining import Explained, Wanted, explain
from tasks.patterns.recipe import load_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

TOPICS = {f"r{number}": f"topic {number}" for number in range(4)}
FOUR = """
recipe: short
request: {topic: {type: str}}
make:
  pipeline:
    - {name: outline, ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}}
    - {name: facts, ask: {model: one, max_tokens: 60, prompt: "Facts on {{ request.topic }}"}}
    - {name: draft, ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }} from {{ outline }}"}}
    - {name: review, ask: {model: one, max_tokens: 60, prompt: "Review {{ draft }}"}}
"""


def explained(night: Rig, recipe: str, *, days: float = 0, models: str = MODELS, **changes: Any) -> Explained:
    past = PastCalls(night.store)
    past.refresh()
    wanted = Wanted(
        load_recipe(recipe), load_catalog(models.format(url=night.url)), str(night.folder / "requests.jsonl"), NIGHT,
        datetime.now(UTC) + timedelta(days=days), **changes,
    )  # fmt: skip
    return asyncio.run(explain(past, wanted))


def anew(told: Explained) -> dict[str, dict[str, int]]:
    return {path: dict(step.reasons) for path, step in told.steps.items() if step.anew}


def test_a_night_that_changes_nothing_is_served(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
):
    simulator = simulate()
    night = rig(simulator)
    night.recipe = FOUR
    night.night(night.table(TOPICS))
    sent = simulator.stats()["calls"]
    told = explained(night, FOUR)
    assert (told.total.calls, told.total.hits, told.total.usd) == (16, 16, 0.0)
    assert told.ended == {"made": 4}
    assert simulator.stats()["calls"] == sent
    assert night.store.list("_ledger/open") == []


def test_an_edited_prompt_invalidates_its_step_and_what_sees_it_and_costs_what_the_night_then_costs(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
):
    simulator = simulate()
    night = rig(simulator)
    night.recipe = FOUR
    requests = night.table(TOPICS)
    night.night(requests)
    edited = FOUR.replace("Write about", "Write plainly about")
    told = explained(night, edited)
    assert anew(told) == {"draft": {"prompt": 4}, "review": {"depends on a new answer": 4}}
    assert (told.edited, told.after) == (["draft"], ["review"])
    (change,) = told.examples["draft", "prompt"][0].changes
    assert change.then.startswith("user: Write about topic 0 from ")
    assert change.now.startswith("Write plainly about topic 0 from ")
    before = simulator.stats()
    night.recipe = edited
    night.night(requests, run="next")
    after = simulator.stats()
    assert after["calls"] - before["calls"] == told.total.anew
    assert told.total.usd == pytest.approx(after["usd"] - before["usd"], rel=0.1)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('max_tokens: 60, prompt: "Review', 'max_tokens: 50, prompt: "Review', "max_tokens"),
        ('prompt: "Review', 'temperature: 0.5, prompt: "Review', "temperature"),
        ('model: one, max_tokens: 60, prompt: "Review', 'model: two, max_tokens: 60, prompt: "Review', "model"),
        ('prompt: "Review', 'format: json, prompt: "Review', "format"),
        ("name: review", "name: judgement", ""),
    ],
)  # fmt: skip
def test_the_part_of_the_key_that_changed_is_named(rig: Callable[..., Rig], old: str, new: str, reason: str):
    night = rig()
    night.recipe = FOUR
    night.night(night.table({"a": "tides"}))
    models = MODELS + "  two: {{provider: sim, id: two, price: {{input: 1, output: 2}}}}\n"
    told = explained(night, FOUR.replace(old, new), models=models)
    assert [each for step in anew(told).values() for each in step] == ([reason] if reason else [])


def test_what_the_table_of_calls_does_not_hold_is_found_by_elimination(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table({"a": "tides"}))
    told = explained(night, RECIPE, models=MODELS.replace("id: one,", "id: one, params: {{top_p: 0.5}},"))
    assert anew(told)["outline"] == {"model params or wire version": 1}
    warm = RECIPE.replace("model: one,", "model: one, temperature: 0.7,")
    night.recipe = warm
    night.night(night.table({"a": "tides"}), run="warm")
    told = explained(night, warm + "variants: per_request\n")
    assert anew(told)["outline"] == {"variants": 1}


def test_time_to_live_and_caching_off_are_told_apart(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table({"a": "tides"}))
    late = explained(night, RECIPE, days=8)
    assert anew(late) == {"outline": {"too old": 1}, "draft": {"too old": 1}}
    assert late.examples["outline", "too old"][0].age_seconds == pytest.approx(8 * 86400, abs=60)
    assert anew(explained(night, RECIPE + "cache: off\n"))["outline"] == {"cache off": 1}


def test_a_request_nobody_asked_before_stops_and_the_rest_is_counted_from_past_runs(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table(TOPICS))
    night.table({**TOPICS, "new": "a new topic"})
    told = explained(night, RECIPE)
    assert anew(told) == {"outline": {"never asked": 1}}
    assert told.ended == {"made": 4, "stopped": 1}
    assert told.edited == []
    assert told.steps["draft"].not_reached == pytest.approx(1)
    assert (told.steps["draft"].usd or 0) > 0
    assert told.blind == 0


def test_a_table_of_new_requests_is_priced_by_what_past_nights_took(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
):
    simulator = simulate()
    night = rig(simulator)
    night.night(night.table(TOPICS))
    requests = night.table({f"n{number}": f"topic {number} anew" for number in range(4)})
    told = explained(night, RECIPE)
    assert told.blind == 0
    before = simulator.stats()["usd"]
    night.night(requests, run="next")
    assert told.total.usd == pytest.approx(simulator.stats()["usd"] - before, rel=0.25)


def test_without_any_past_run_that_is_said(rig: Callable[..., Rig]):
    night = rig()
    night.table({"a": "tides"})
    told = explained(night, RECIPE)
    assert (told.blind, told.steps["outline"].guessed) == (1, 1)


def test_a_new_step_is_an_edit_and_what_follows_is_counted_from_past_runs(rig: Callable[..., Rig]):
    night = rig()
    night.recipe = FOUR
    night.night(night.table({"a": "tides"}))
    extra = '    - {name: angle, ask: {model: one, max_tokens: 60, prompt: "Angle on {{ outline }}"}}\n    - {name: draft,'
    told = explained(
        night, FOUR.replace("    - {name: draft,", extra).replace("Review {{", "Review {{ angle }} {{")
    )
    assert anew(told) == {"angle": {"never asked": 1}}
    assert (told.edited, told.after) == (["angle"], ["draft", "review"])
    assert told.steps["review"].not_reached == pytest.approx(1)


def test_rows_that_ask_the_same_are_asked_once(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
):
    simulator = simulate()
    night = rig(simulator)
    requests = night.table({"a": "tides", "b": "tides", "c": "clocks"})
    night.night(requests)
    edited = RECIPE.replace("Outline", "Sketch")
    told = explained(night, edited)
    before = simulator.stats()["calls"]
    night.recipe = edited
    night.night(requests, run="next")
    assert told.total.anew == simulator.stats()["calls"] - before == 4


def test_the_night_before_may_have_been_served_itself(rig: Callable[..., Rig]):
    """Its calls are hits without text; what they were asked stands with the calls that answered them."""
    night = rig()
    requests = night.table({"a": "tides"})
    night.night(requests)
    night.night(requests, run="second")
    told = explained(night, RECIPE.replace("Write about", "Write on"))
    assert anew(told) == {"draft": {"prompt": 1}}
    assert told.steps["draft"].tokens_out > 0
    assert not told.steps["draft"].guessed


def test_members_of_a_panel_are_held_against_their_own_calls(rig: Callable[..., Rig]):
    """A judge asks several times in one place; the text that changed is found, and nothing else."""
    panel = """
recipe: short
request: {topic: {type: str}}
quality: {judge: one}
make:
  ensemble:
    members:
      - {name: calm, ask: {model: one, max_tokens: 60, prompt: "Calmly on {{ request.topic }}"}}
      - {name: loud, ask: {model: one, max_tokens: 60, prompt: "Loudly on {{ request.topic }}"}}
    by: judge
"""
    night = rig()
    night.recipe = panel
    night.night(night.table({"a": "tides"}))
    assert explained(night, panel).total.anew == 0
    told = explained(night, panel.replace("Loudly", "Very loudly"))
    assert anew(told).pop("loud") == {"prompt": 1}
    rest = [each for path, step in anew(told).items() if path != "loud" for each in step.items()]
    assert rest == [("depends on a new answer", 1)]


def test_a_column_more_gives_other_ids_and_the_requests_are_known_all_the_same(rig: Callable[..., Rig]):
    night = rig()
    table = night.folder / "requests.jsonl"
    table.write_text('{"topic": "tides"}\n{"topic": "clocks"}\n')
    night.night(str(table))
    wider = RECIPE.replace("topic: {type: str}", "topic: {type: str}\n  tone: {type: str, default: dry}")
    told = explained(night, wider.replace("Write about", "Write {{ request.tone }} words about"))
    assert told.steps["outline"].hits == 2
    assert anew(told) == {"draft": {"prompt": 2}}
