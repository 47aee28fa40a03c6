"""Checks of a step and the one more time they allow, over the wire; what this version does not run."""

from __future__ import annotations

import pickle

import pytest

from tasks.patterns.ran import RowFailed
from tasks.patterns.templates import RenderFailed

CHECKED = """
recipe: checked
request: {topic: {type: str}}
make:
  pipeline:
    - name: outline
      ask: {model: gpt, prompt: "Outline {{ request.topic }}"}
    - name: draft
      ask: {model: claude, prompt: "Write:\\n{{ outline }}", max_tokens: 99, temperature: 0.5}
      checks: [{min_words: 3}, {mentions: ["{{ request.topic }}"]}]
"""
NESTED = """
recipe: nested
make:
  pipeline:
    - name: a
      ask: {model: gpt, prompt: Plan}
    - name: b
      ask: {model: claude, prompt: "Write {{ a }}"}
  checks: [{min_words: 3}]
"""


def test_a_failed_check_asks_that_stage_once_more_with_what_was_wrong(rig):
    rig.answers("gpt", "1. Moon")
    rig.answers("claude", "Too short", "The tides follow the Moon.")
    made = rig.make(CHECKED, topic="tides")
    assert [question.model for question in rig.questions()] == ["gpt", "claude", "claude"]
    first, second = rig.questions()[1:]
    assert second.texts[:2] == ("Write:\n1. Moon", "Too short")
    assert "- has 2 words, needs at least 3\n- does not mention 'tides'" in second.texts[2]
    assert {name: second.body[name] for name in ("max_tokens", "temperature", "system")} == {
        name: first.body[name] for name in ("max_tokens", "temperature", "system")
    }
    assert made.draft.content == "The tides follow the Moon."


def test_a_check_that_fails_again_fails_the_row_and_says_what_is_still_wrong(rig):
    rig.answers("claude", "Too short", "Three words now")
    with pytest.raises(RowFailed) as failure:
        rig.make(CHECKED, topic="tides")
    assert failure.value.error_kind == "checks_failed"
    assert str(failure.value) == "step draft: does not mention 'tides'"
    assert len(rig.questions()) == 3


def test_a_draft_that_passes_is_not_asked_for_again(rig):
    rig.answers("claude", "All about the tides.")
    rig.make(CHECKED, topic="tides")
    assert len(rig.questions()) == 2


def test_an_optional_step_whose_checks_fail_is_empty(rig):
    rig.answers("gpt", "A")
    rig.answers("claude", "Too short")
    made = rig.make(CHECKED.replace("      checks:", "      optional: true\n      checks:"), topic="tides")
    assert made.draft.content == "A"
    assert made.draft.metadata.warnings == (
        "step draft: is optional and failed: step draft: has 2 words, needs at least 3; does not mention 'tides'",
    )


def test_a_json_answer_is_checked_and_shown_again_as_the_model_gave_it(rig):
    raw = '{"content": "Short", "confidence": 0.5}'
    rig.answers("gpt", raw, '{"content": "It is long enough.", "title": "T"}')
    made = rig.make(
        "recipe: r\nmake:\n  ask: {model: gpt, prompt: p, format: json}\n"
        "  checks: [{is_json: true}, {min_words: 3}, {json_schema: {required: [content]}}]\n"
    )
    first, second = rig.questions()
    assert first.texts == ("p",)
    assert second.texts[1] == raw
    assert "words" in second.texts[2]
    assert "JSON" not in second.texts[2]
    assert (made.draft.content, made.draft.data) == ("It is long enough.", {"title": "T"})


def test_an_answer_may_be_asked_for_anew_for_its_form_and_then_for_its_checks(rig):
    rig.answers("gpt", "no json", '{"content": "Short"}', '{"content": "It is long enough."}')
    process = rig.process()
    process.make(
        "recipe: r\nmake:\n  ask: {model: gpt, prompt: p, format: json}\n  checks: [{min_words: 3}]\n"
    )
    assert len(rig.questions()) == 3
    assert rig.questions()[2].texts[1] == '{"content": "Short"}'


def test_a_failed_check_of_a_pipeline_works_it_once_more_and_tells_its_steps_why(rig):
    rig.answers("gpt", "plan one", "plan two")
    rig.answers("claude", "Too short", "Now it is long enough.")
    made = rig.make(NESTED)
    assert [question.model for question in rig.questions()] == ["gpt", "claude", "gpt", "claude"]
    before, after = rig.questions()[:2], rig.questions()[2:]
    assert all("needs at least 3" not in question.system for question in before)
    assert all("has 2 words, needs at least 3" in question.system for question in after)
    assert after[1].texts == ("Write plan two",)
    assert made.draft.content == "Now it is long enough."


def test_a_pipeline_that_fails_its_checks_twice_fails_the_row(rig):
    rig.answers("claude", "Too short")
    with pytest.raises(RowFailed, match=r"^make: has 2 words, needs at least 3$"):
        rig.make(NESTED)
    assert len(rig.questions()) == 4


def test_a_prompt_may_say_what_was_wrong_and_which_round_it_is(rig):
    rig.answers("claude", "Too short", "Now it is long enough.")
    rig.make(NESTED.replace("Write {{ a }}", "Round {{ round }}: {{ feedback }}"))
    assert [question.texts[0] for question in rig.questions() if question.model == "claude"] == [
        "Round 1: ",
        "Round 2: has 2 words, needs at least 3",
    ]


def test_a_pipeline_of_which_nothing_ran_has_nothing_to_check(rig):
    rig.answers("gpt", "A")
    recipe = """
recipe: r
make:
  pipeline:
    - name: a
      ask: {model: gpt, prompt: p}
    - name: inner
      checks: [{min_words: 100}]
      pipeline: [{name: b, when: "'x' in a", ask: {model: claude, prompt: p}}]
"""
    assert rig.make(recipe).draft.content == "A"


def test_a_condition_that_cannot_be_decided_fails_the_row(rig):
    with pytest.raises(RenderFailed, match="there is no field 'x'"):
        rig.make("recipe: r\nrequest: {x: {}}\nmake: {when: request.x, ask: {model: gpt, prompt: p}}")


def test_a_rows_failure_travels_between_processes():
    failure = pickle.loads(pickle.dumps(RowFailed("checks_failed", "has 2 words")))
    assert (failure.error_kind, str(failure)) == ("checks_failed", "has 2 words")
