"""The pattern `pipeline`, over the wire: who is asked, in which order, and with what."""

from __future__ import annotations

import json

import pytest

from deployments.simulator.config import Fault, Script, Scripted
from tasks.calling.failures import CallFailed
from tasks.patterns.ran import RowFailed

THREE = """
recipe: three
about: Notes for sailors
request: {topic: {type: str}, audience: {default: sailors}}
make:
  pipeline:
    - name: outline
      ask: {model: gpt, prompt: "Outline {{ request.topic }}"}
    - name: draft
      role: writer
      expects: two paragraphs
      ask: {model: claude, prompt: "Write the text.", system: "Be plain."}
    - name: polish
      ask: {model: gemini, prompt: "Polish it:\\n{{ draft }}"}
"""


def steps(*lines: str, rest: str = "") -> str:
    listed = "".join(f"    - {line}\n" for line in lines)
    return f"recipe: r\nrequest: {{topic: {{default: null}}}}\nmake:\n  pipeline:\n{listed}{rest}"


def step(name: str, model: str, prompt: str, more: str = "") -> str:
    return f"{{name: {name}, ask: {{model: {model}, prompt: {json.dumps(prompt)}}}{more}}}"


@pytest.fixture
def three(rig):
    for model, text in [("gpt", "1. Moon"), ("claude", "The moon pulls."), ("gemini", "The Moon pulls.")]:
        rig.answers(model, text)
    return rig


def test_the_steps_are_asked_in_order_and_the_last_is_the_draft(three):
    made = three.make(THREE, topic="tides")
    assert [question.model for question in three.questions()] == ["gpt", "claude", "gemini"]
    assert made.draft.content == "The Moon pulls."
    assert made.tally.models == ["gpt", "claude", "gemini"]
    assert [each["path"] for each in made.tally.steps] == ["outline", "draft", "polish"]
    assert [each["role"] for each in made.tally.steps] == [None, "writer", None]


def test_a_first_step_is_asked_with_its_prompt_alone(three):
    three.make(THREE, topic="tides")
    first = three.questions()[0]
    assert (first.system, first.texts) == ("", ("Outline tides",))


def test_a_step_that_does_not_quote_the_previous_one_is_given_it_in_the_form_its_model_likes(three):
    three.make(THREE, topic="tides", audience="anglers", internal="c-17")
    second = three.questions()[1]
    assert second.texts == ("Write the text.",)
    assert second.system == (
        "Be plain.\n\n<role>\nYou are the writer.\n</role>\n<expected_format>\ntwo paragraphs\n</expected_format>\n"
        "<task>\nNotes for sailors\ntopic: tides\naudience: anglers\n</task>\n"
        "<previous_output_outline>\n1. Moon\n</previous_output_outline>"
    )


def test_a_step_that_quotes_the_previous_one_is_not_given_it_twice(three):
    three.make(THREE, topic="tides")
    third = three.questions()[2]
    assert third.texts == ("Polish it:\nThe moon pulls.",)
    assert json.loads(third.system) == {"task": "Notes for sailors\ntopic: tides\naudience: sailors"}


def test_a_system_text_may_quote_the_previous_step_too(three):
    three.make(THREE.replace("Be plain.", "Keep to {{ outline }}."), topic="tides")
    second = three.questions()[1]
    assert second.system.startswith("Keep to 1. Moon.\n\n<role>")
    assert second.system.count("1. Moon") == 1


def test_what_a_model_wrote_is_never_taken_for_a_template(three):
    three.answers("gpt", "{{ request.topic }}{% raw %}")
    three.make(steps(step("a", "gpt", "p"), step("b", "claude", "{{ a }}")))
    assert three.questions()[1].texts == ("{{ request.topic }}{% raw %}",)


def test_a_step_whose_condition_does_not_hold_is_not_asked_and_is_empty(rig):
    rig.answers("gpt", "A")
    rig.answers("claude", "C")
    recipe = steps(
        step("a", "gpt", "p"),
        step("b", "gemini", "p", ", when: request.topic is not none and 'tides' in request.topic"),
        step("c", "claude", "{{ b }}|{% if not b %}{{ a }}{% endif %}"),
    )
    assert rig.make(recipe).draft.content == "C"
    assert [(question.model, question.texts) for question in rig.questions()] == [
        ("gpt", ("p",)),
        ("claude", ("|A",)),
    ]
    rig.simulator.reset()
    rig.make(recipe, topic="tides")
    assert [question.model for question in rig.questions()] == ["gpt", "gemini", "claude"]


def test_the_draft_is_that_of_the_last_step_that_ran(rig):
    rig.answers("gpt", "A")
    assert (
        rig.make(steps(step("a", "gpt", "p"), step("b", "claude", "p", ", when: 'false'"))).draft.content
        == "A"
    )
    assert [question.model for question in rig.questions()] == ["gpt"]


def test_a_row_for_which_no_step_ran_fails_as_empty(rig):
    with pytest.raises(RowFailed, match="no step of the recipe ran") as failure:
        rig.make(steps(step("a", "gpt", "p", ", when: 'false'")))
    assert failure.value.error_kind == "empty"
    assert rig.questions() == []


def test_an_optional_step_may_fail_is_empty_then_and_the_row_says_so(rig):
    rig.simulator.script(Script(model="gpt", replies=(Scripted(fault=Fault(kind="refusal")),)))
    rig.answers("claude", "C")
    made = rig.make(
        steps(
            step("a", "gpt", "p", ", optional: true"), step("b", "claude", "{{ a | default('none', true) }}")
        )
    )
    assert made.draft.content == "C"
    assert rig.questions()[1].texts == ("none",)
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("step a: is optional and failed: ")
    assert "refusal" in warning


def test_a_step_that_is_not_optional_fails_the_row_and_later_ones_are_not_asked(rig):
    rig.simulator.script(Script(model="gpt", replies=(Scripted(fault=Fault(kind="refusal")),)))
    with pytest.raises(CallFailed):
        rig.make(steps(step("a", "gpt", "p"), step("b", "claude", "{{ a }}")))
    assert [question.model for question in rig.questions()] == ["gpt"]


def test_pipelines_nest_and_inner_steps_see_outer_ones_but_not_the_other_way_round(rig):
    rig.answers("gpt", "A")
    rig.answers("claude", "C")
    rig.answers("gemini", "G")
    inner = f"{{name: inner, pipeline: [{step('c', 'claude', '{{ a }} {{ request.topic }}')}]}}"
    made = rig.make(steps(step("a", "gpt", "p"), inner, step("g", "gemini", "{{ inner }}")), topic="tides")
    assert [question.texts for question in rig.questions()] == [("p",), ("A tides",), ("C",)]
    assert [each["path"] for each in made.tally.steps] == ["a", "inner/c", "g"]
    assert made.draft.content == "G"


def test_the_result_chooses_content_and_data_from_all_steps_of_the_pattern(rig):
    rig.answers("gpt", "A")
    rig.answers("claude", "C")
    rest = "  result: {content: '{{ b }}, after {{ a }}', data: {plan: '{{ a }}', whole: '{{ draft }}'}}\n"
    draft = rig.make(steps(step("a", "gpt", "p"), step("b", "claude", "{{ a }}"), rest=rest)).draft
    assert (draft.content, draft.data) == ("C, after A", {"plan": "A", "whole": "C"})


def test_a_cut_answer_of_any_step_warns_the_row(rig):
    rig.answers("gpt", "Half a", finish="length")
    rig.answers("claude", "C")
    made = rig.make(steps(step("a", "gpt", "p"), step("b", "claude", "{{ a }}")))
    assert made.draft.metadata.warnings == ("step a: the answer was cut off at max_tokens",)


def test_a_later_run_is_served_what_a_step_may_reuse_and_asks_what_it_may_not(rig):
    recipe = steps(
        step("a", "gpt", "p"),
        step("b", "claude", "q {{ a }}", ", cache: off"),
        step("c", "gemini", "r {{ b }}"),
    )
    for model in ("gpt", "claude", "gemini"):
        rig.answers(model, model)
    first = rig.process("monday")
    paid = first.make(recipe).tally
    first.upload()
    second = rig.process("tuesday").make(recipe).tally
    assert [question.model for question in rig.questions()] == ["gpt", "claude", "gemini", "claude"]
    assert (paid.cached, second.cached) == (0, 2)
    assert [each["usd"] > 0 for each in second.steps] == [False, True, False]
