"""A cascade over the wire: the next model is asked only while the answer scores too low."""

from __future__ import annotations

import json

import pytest
from row_rig import Made

from tasks.calling.failures import CallFailed
from tasks.patterns.recipe import load_recipe, models_needed
from tasks.storing.errors import UserError


def recipe(model: str, more: str = "", top: str = "") -> str:
    return f"""
recipe: r
request: {{topic: {{default: tides}}}}
quality: {{judge: spare, criteria: [accuracy]}}
{top}
make:
  ask: {{model: {model}, prompt: "On {{{{ request.topic }}}}" {more}}}
"""


def judged(*scores: float) -> list[str]:
    return [
        json.dumps({"scores": {"accuracy": {"reason": "r", "score": score}}, "feedback": "f"})
        for score in scores
    ]


def asked(rig) -> list[str]:
    return [question.model for question in rig.questions()]


CHAIN = "{cascade: [gemini, claude, gpt], accept: 0.8}"


@pytest.mark.parametrize(
    ("scores", "models", "content"),
    [
        ([0.9], ["gemini", "spare"], "cheap"),
        ([0.5, 0.8], ["gemini", "spare", "claude", "spare"], "mid"),
        ([0.5, 0.7], ["gemini", "spare", "claude", "spare", "gpt"], "strong"),
    ],
)
def test_the_judge_says_how_far_a_row_goes_and_the_last_answer_is_taken_as_it_is(
    rig, scores, models, content
):
    rig.answers("gemini", "cheap")
    rig.answers("claude", "mid")
    rig.answers("gpt", "strong")
    rig.answers("spare", *judged(*scores))
    made = rig.make(recipe(CHAIN))
    assert asked(rig) == models
    assert made.draft.content == content
    assert made.draft.score == (None if content == "strong" else scores[-1])


def test_each_model_but_the_last_may_have_a_threshold_of_its_own(rig):
    rig.answers("spare", *judged(0.85, 0.5))
    rig.make(recipe("{cascade: [gemini, claude, gpt], accept: [0.9, 0.4]}"))
    assert asked(rig) == ["gemini", "spare", "claude", "spare"]


def test_with_several_samples_their_agreement_decides_and_no_judge_is_asked(rig):
    rig.answers("gemini", "42", "42", "41", "42")
    made = rig.make(recipe("{cascade: [gemini, gpt], accept: 0.7}", ", samples: 4"))
    assert asked(rig) == ["gemini"] * 4
    assert made.draft.content == "42"


def test_samples_that_do_not_agree_ask_the_next(rig):
    rig.answers("gemini", "42", "41", "40")
    rig.answers("gpt", "7", "8", "7")
    made = rig.make(recipe("{cascade: [gemini, gpt], accept: 0.7}", ", samples: 3"))
    assert asked(rig) == ["gemini"] * 3 + ["gpt"] * 3
    assert made.draft.content == "7"


def test_failed_checks_ask_the_next_whatever_the_scorer(rig):
    text = recipe("{cascade: [gemini, gpt], by: checks}") + "  checks: [{min_words: 3}]\n"
    rig.answers("gemini", "Too short")
    rig.answers("gpt", "This is long enough")
    assert rig.make(text).draft.content == "This is long enough"
    assert asked(rig) == ["gemini", "gpt"]


def test_the_confidence_that_an_answer_states_can_decide(rig):
    answers = [json.dumps({"content": "A", "confidence": sure}) for sure in (0.6, 0.95)]
    rig.answers("gemini", answers[0])
    rig.answers("gpt", answers[1])
    made = rig.make(recipe("{cascade: [gemini, gpt], by: confidence}", ", format: json"))
    assert (made.draft.metadata.confidence, asked(rig)) == (0.95, ["gemini", "gpt"])


def test_a_judge_that_is_down_accepts_nothing(rig):
    rig.fails("spare", "model_missing")
    made = rig.make(recipe("{cascade: [gemini, gpt]}"))
    assert asked(rig) == ["gemini", "spare", "gpt"]
    assert "nobody could judge" in str(made.draft.metadata.warnings)


def test_a_model_that_cannot_serve_is_passed_over_with_a_warning(rig):
    rig.fails("gemini", "model_missing")
    rig.answers("claude", "mid")
    made = rig.make(recipe("{cascade: [gemini, claude]}"))
    assert made.draft.content == "mid"
    assert "gemini gave no answer" in str(made.draft.metadata.warnings)


def test_the_best_earlier_answer_is_taken_where_the_last_model_cannot_serve(rig):
    rig.answers("gemini", "cheap")
    rig.answers("spare", *judged(0.4))
    rig.fails("claude", "model_missing")
    assert rig.make(recipe("{cascade: [gemini, claude]}")).draft.content == "cheap"


def test_a_row_fails_where_no_model_of_the_cascade_answers(rig):
    rig.fails("gemini", "model_missing")
    rig.fails("claude", "model_missing")
    with pytest.raises(CallFailed):
        rig.make(recipe("{cascade: [gemini, claude]}"))


def test_in_an_explored_row_every_model_answers_and_is_scored_and_the_best_counts(rig):
    rig.answers("gemini", "cheap")
    rig.answers("gpt", "strong")
    rig.answers("spare", *judged(0.95, 0.6))
    made: Made = rig.make(recipe("{cascade: [gemini, gpt]}", top="explore: 1"))
    assert asked(rig) == ["gemini", "spare", "gpt", "spare"]
    assert made.draft.content == "cheap"
    scored = {each["model"]: each["quality"] for each in made.tally.steps}
    assert (scored["gemini"], scored["gpt"]) == (0.95, 0.6)


def test_a_replay_goes_on_in_the_middle_of_a_cascade_without_asking_again(rig):
    rig.fails("gemini", "model_missing")
    rig.answers("spare", *judged(0.1))
    text = recipe("{cascade: [gemini, claude, gpt]}")
    dead = rig.process()
    dead.make(text)
    dead.upload()
    dead.die()
    before = asked(rig)
    rig.process().make(text)
    assert asked(rig) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (recipe("{cascade: [a, b, c], accept: [0.5]}"), "give one number, or 2"),
        (recipe("{cascade: [a, b], accept: 2}"), "accept"),
        (
            "recipe: r\nquality: {judge: {cascade: [a, b]}}\nmake: {ask: {model: m, prompt: p}}",
            "for the model of an ask",
        ),
        (
            "recipe: r\nmake: {repeat: {body: {ask: {model: m, prompt: p}}, judge: {cascade: [a, b]}}}",
            "for the model of an ask",
        ),
    ],
)
def test_a_cascade_that_cannot_be_meant_is_refused(text, said):
    with pytest.raises(UserError, match=said):
        load_recipe(text)


def test_the_default_judge_of_a_cascade_is_among_the_models_that_a_run_needs(rig):
    text = "recipe: r\nmake: {ask: {model: {cascade: [gemini, claude]}, prompt: p}}"
    assert models_needed(load_recipe(text), rig.catalog) == {"gemini", "claude", "gpt"}
    unjudged = text.replace("[gemini, claude]", "[gemini, claude], by: checks")
    assert models_needed(load_recipe(unjudged), rig.catalog) == {"gemini", "claude"}
