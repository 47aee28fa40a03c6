"""A model chosen by what a step needs, over the wire."""

from __future__ import annotations

import pytest

from tasks.calling.failures import CallFailed
from tasks.choosing.estimates import Observed, learnt

LOOKS_HARD = (
    "which of the tides is not higher than the average of each month, if no storm is counted and less than half of all "
    "measurements are left, and by how many percent more it rises per year than the total of the other ones"
)
CHEAP = {"input": 0.1, "output": 0.4}


def one(need: str, more: str = "") -> str:
    return f'recipe: r\nrequest: {{topic: {{default: "tides"}}, kind: {{default: null}}}}\n{more}\nmake:\n  ask: {{model: {need}, prompt: "On {{{{ request.topic }}}}"}}\n'


@pytest.fixture
def able(rig):
    """`gpt` is best at analysis, `claude` nearly so and cheap, `gemini` cheaper yet and weak."""
    rig.models = {
        "gpt": {"strengths": {"analysis": 0.95}, "fallback": []},
        "claude": {"strengths": {"analysis": 0.9}, "price": CHEAP, "family": "a"},
        "gemini": {"strengths": {"analysis": 0.5}, "price": {"input": 0, "output": 0}, "family": "g"},
    }
    return rig


def asked(rig) -> list[str]:
    return [question.model for question in rig.questions()]


@pytest.mark.parametrize(
    ("need", "model"),
    [
        ("{for: analysis}", "gpt"),
        ("{for: analysis, quality: 0.85}", "claude"),
        ("{for: analysis, complexity: 1}", "claude"),
        ("{for: analysis, quality: 0.3}", "gemini"),
        ("{for: analysis, usd_per_call: 0.001}", "claude"),
        ("{for: analysis, quality: 0.93}", "gpt"),
    ],
)
def test_a_floor_takes_the_cheapest_that_reaches_it_and_no_floor_the_best(able, need, model):
    made = able.make(one(need))
    assert asked(able) == [model]
    assert made.tally.models == [model]


@pytest.mark.parametrize(
    ("topic", "model"),
    [
        ("tides", "gemini"),
        (LOOKS_HARD, "gpt"),
    ],
)
def test_a_request_that_looks_hard_goes_to_a_stronger_model_than_an_easy_one(able, topic, model):
    able.models["claude"]["strengths"] = {"analysis": 0.55}
    able.make(one("{for: analysis, complexity: auto}"), topic=topic)
    assert asked(able) == [model]


def test_what_past_nights_saw_counts_more_than_what_the_catalog_says(able):
    able.estimates = learnt([Observed("gemini", "analysis", judged=200, quality=0.97)], 1)
    able.make(one("{for: analysis, quality: 0.85}"))
    assert asked(able) == ["gemini"]


def test_what_past_nights_saw_of_this_type_of_request_counts_more_yet(able):
    seen = [
        Observed("claude", "analysis", "legal", judged=100, quality=0.4),
        Observed("claude", "analysis", "news", judged=300, quality=0.95),
    ]
    able.estimates = learnt(seen, 2)
    recipe = one("{for: analysis, quality: 0.85}", "request_type: kind")
    able.make(recipe, kind="legal")
    able.make(recipe, kind="news")
    assert asked(able) == ["gpt", "claude"]


def test_none_that_reaches_the_floor_gives_the_closest_and_a_warning(able):
    made = able.make(one("{for: analysis, quality: 0.99}"))
    assert asked(able) == ["gpt"]
    assert "no model is known to reach 0.99 for analysis; gpt comes closest (0.95)" in str(
        made.draft.metadata.warnings
    )


def test_a_need_that_nobody_can_fill_fails_the_row_and_says_why_of_each(able):
    able.models = {name: {**model, "context": 100} for name, model in able.models.items()} | {
        "spare": {"context": 100}
    }
    with pytest.raises(CallFailed, match=r"gpt: .* tokens do not fit its window of 100") as failed:
        able.make(one("{for: analysis}"))
    assert failed.value.error_kind == "no_model"
    assert asked(able) == []


def test_a_question_that_is_too_long_for_one_goes_to_the_next_whose_window_it_fits(able):
    able.models["gpt"]["context"] = 3000
    able.make(one("{for: analysis}"), topic="a long story " * 400)
    assert asked(able) == ["claude"]


def test_if_the_chosen_model_cannot_serve_the_next_best_does(able):
    able.fails("claude", "model_missing")
    made = able.make(one("{for: analysis, quality: 0.85}"))
    assert asked(able) == ["claude", "gpt"]
    assert made.tally.models == ["gpt"]


def test_with_a_step_the_model_that_works_best_after_its_writer_is_taken(able):
    recipe = """
recipe: r
make:
  pipeline:
    - {name: draft, ask: {model: spare, prompt: p}}
    - {name: check, ask: {model: {for: analysis, with: draft}, prompt: "{{ draft }}"}}
"""
    able.make(recipe)
    able.compatibility = {"spare": {"gpt": 0.3, "claude": 0.95}}
    able.make(recipe)
    assert asked(able) == ["spare", "gpt", "spare", "claude"]


def test_a_judge_by_need_is_of_another_family_than_the_writer_if_there_is_one(able):
    able.models["gpt"]["family"] = "o"
    able.models["spare"] = {"family": "o"}
    able.make("""
recipe: r
quality: {judge: {for: analysis}, target: 0}
make: {refine: {start: {ask: {model: spare, prompt: p}}, stages: [{name: better, ask: {model: spare, prompt: q}}]}}
""")
    assert asked(able) == ["spare", "claude"]


def test_a_replay_asks_whom_the_dead_process_chose_whatever_is_known_by_then(able):
    dead = able.process()
    dead.make(one("{for: analysis}"))
    dead.upload()
    dead.die()
    able.models["gpt"]["strengths"] = {"analysis": 0.1}
    made = able.process().make(one("{for: analysis}"))
    assert asked(able) == ["gpt"]
    assert made.tally.models == ["gpt"]


def test_nothing_is_explored_unless_the_recipe_says_so(able):
    for number in range(20):
        able.make(one("{for: analysis}"), topic=f"topic {number}")
    assert set(asked(able)) == {"gpt"}


def test_a_share_of_the_rows_tries_models_of_which_little_is_known_and_a_replay_the_same_ones(able):
    recipe = one("{for: analysis}", "explore: 1\ncache: off")
    first = able.process("one")
    for number in range(30):
        first.make(recipe, f"r{number}", topic=f"topic {number}")
    tried = asked(able)
    assert {"gpt", "claude", "spare"} <= set(tried)
    assert tried.count("gpt") > tried.count("spare")
    again = able.process("two")
    for number in range(30):
        again.make(recipe, f"r{number}", topic=f"topic {number}")
    assert asked(able)[30:] == tried


def test_a_judge_by_need_that_nobody_can_be_costs_a_warning_not_the_row(able):
    able.models["gemini"]["context"] = 100
    made = able.make("""
recipe: r
quality: {judge: {for: analysis, usd_per_call: 0.000001}}
make: {repeat: {body: {ask: {model: gpt, prompt: p}}, max_iterations: 1}}
""")
    assert made.draft.content
    assert "nobody could judge this" in str(made.draft.metadata.warnings)
    assert asked(able) == ["gpt"]
