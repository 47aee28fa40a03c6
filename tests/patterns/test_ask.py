"""The pattern `ask`, over the wire."""

from __future__ import annotations

import pytest
from row_rig import PRICE

from deployments.simulator.config import Fault, Script, Scripted
from tasks.calling.failures import CallFailed
from tasks.patterns.templates import RenderFailed

SCHEMA = "{type: object, required: [city], properties: {city: {type: string}}}"


def one(ask: str, more: str = "") -> str:
    return f"recipe: r\nrequest: {{topic: {{default: null}}}}\nmake:\n  ask: {{{ask}}}\n{more}"


@pytest.mark.parametrize("model", ["gpt", "claude", "gemini"])
def test_a_lone_prompt_is_sent_as_it_is_and_without_a_system_text(rig, model):
    rig.answers(model, "  An answer.\n")
    made = rig.make(one(f'model: {model}, prompt: "On {{{{ request.topic }}}}"'), topic="tides {{ 1 }}")
    (question,) = rig.questions()
    assert (question.model, question.system, question.texts) == (model, "", ("On tides {{ 1 }}",))
    assert made.draft.content == "An answer."
    assert (made.draft.data, made.draft.score, made.draft.metadata.confidence) == ({}, None, None)


def test_parameters_are_sent_as_the_recipe_says(rig):
    rig.make(one("model: gpt, prompt: p, system: Be brief., temperature: 0.3, max_tokens: 77"))
    (question,) = rig.questions()
    assert (question.system, question.body["temperature"], question.body["max_tokens"]) == (
        "Be brief.",
        0.3,
        77,
    )


def test_what_the_recipe_leaves_out_is_left_to_the_provider_but_for_the_length(rig):
    rig.make(one("model: gpt, prompt: p"))
    (question,) = rig.questions()
    assert "temperature" not in question.body
    assert question.body["max_tokens"] == 2048


def test_a_row_pays_what_its_calls_cost(rig):
    tally = rig.make(one("model: gpt, prompt: p")).tally
    assert tally.usd == pytest.approx(
        (tally.tokens_in * PRICE["input"] + tally.tokens_out * PRICE["output"]) / 1e6
    )
    assert tally.usd > 0
    assert tally.simulated
    assert (tally.calls, tally.models) == (1, ["gpt"])


def test_the_list_is_tried_in_order_when_a_model_cannot_serve(rig):
    gone = Scripted(fault=Fault(kind="model_missing"))
    rig.simulator.script(Script(model="claude", replies=(gone,)))
    made = rig.make(one("model: [claude, gemini], prompt: p"))
    assert [question.model for question in rig.questions()] == ["claude", "gemini"]
    assert made.tally.models == ["gemini"]


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```', ' \n{"a": 1}\n'])
def test_json_is_parsed_fenced_or_not(rig, text):
    rig.answers("gpt", text)
    made = rig.make(one("model: gpt, prompt: p, format: json"))
    assert made.draft.data == {"a": 1}
    assert rig.questions()[0].body["response_format"] == {"type": "json_object"}


def test_an_answer_in_our_standard_form_is_taken_apart(rig):
    rig.answers(
        "gpt", '{"content": " It is. ", "confidence": 0.7, "sources": ["a"], "warnings": "w", "extra": [1]}'
    )
    draft = rig.make(one("model: gpt, prompt: p, format: json")).draft
    assert (draft.content, draft.data) == ("It is.", {"extra": [1]})
    assert (draft.metadata.confidence, draft.metadata.sources, draft.metadata.warnings) == (
        0.7,
        ("a",),
        ("w",),
    )


@pytest.mark.parametrize(
    ("form", "bad", "said"),
    [
        ("json", "Sure! {", "it is not valid JSON"),
        ("json", '{"content": "  "}', "its content is empty"),
        ("json", "[" * 400 + "]" * 400, "it is nested too deeply"),
        (f"{{schema: {SCHEMA}}}", '{"town": "Oslo"}', "'city' is a required property"),
        (f"{{schema: {SCHEMA}}}", '{"city": 4}', "city: 4 is not of type 'string'"),
    ],
)
def test_an_unusable_answer_is_asked_for_once_more_with_what_was_wrong(rig, form, bad, said):
    rig.answers("gpt", bad, '{"city": "Oslo"}')
    made = rig.make(one(f"model: gpt, prompt: Which city?, format: {form}"))
    first, second = rig.questions()
    assert first.texts == ("Which city?",)
    assert second.texts[:2] == ("Which city?", bad)
    assert said in second.texts[2]
    assert second.body["response_format"] == first.body["response_format"]
    assert made.draft.data == {"city": "Oslo"}
    assert made.tally.calls == 2


@pytest.mark.parametrize(("form", "bad"), [("json", "no"), (f"{{schema: {SCHEMA}}}", '{"town": 1}')])
def test_a_second_unusable_answer_fails_the_row_as_no_parse(rig, form, bad):
    rig.answers("gpt", bad)
    with pytest.raises(CallFailed, match="make gave no usable JSON: it ") as failure:
        rig.make(one(f"model: gpt, prompt: p, format: {form}"))
    assert (failure.value.kind, failure.value.error_kind) == ("row_fails", "no_parse")
    assert len(rig.questions()) == 2


@pytest.mark.parametrize(("form", "bad"), [("json", "no"), (f"{{schema: {SCHEMA}}}", '{"town": 1}')])
def test_an_answer_that_did_not_parse_is_not_reused_the_next_night(rig, form, bad):
    recipe = one(f"model: gpt, prompt: p, format: {form}")
    rig.answers("gpt", bad)
    with pytest.raises(CallFailed):
        rig.make(recipe)
    rig.processes[-1].upload()
    rig.answers("gpt", '{"city": "Oslo"}')
    assert rig.make(recipe).draft.data == {"city": "Oslo"}
    assert len(rig.questions()) == 3


def test_the_schema_is_sent_to_the_provider(rig):
    rig.make(one(f"model: gpt, prompt: p, format: {{schema: {SCHEMA}}}"))
    sent = rig.questions()[0].body["response_format"]["json_schema"]["schema"]
    assert sent["properties"] == {"city": {"type": "string"}}


def test_samples_are_separate_calls_and_all_are_kept(rig):
    rig.answers("gpt", "one", "two", "three")
    made = rig.make(one("model: gpt, prompt: p, samples: 3"))
    assert sorted(made.draft.data["samples"]) == ["one", "three", "two"]
    assert made.draft.content == made.draft.data["samples"][0]
    assert made.tally.calls == 3
    assert {question.texts for question in rig.questions()} == {("p",)}


def test_samples_are_listed_in_the_order_in_which_they_are_numbered(rig):
    rig.answers("gpt", "one", "two", "three", "four")
    process = rig.process("night")
    made = process.make(one("model: gpt, prompt: p, samples: 4"))
    process.upload()
    rows = sorted(rig.call_rows("night"), key=lambda row: row["sample"])
    assert [row["response"] for row in rows] == made.draft.data["samples"]


def test_samples_of_json_keep_the_first_ones_fields(rig):
    rig.answers("gpt", '{"a": 1}')
    draft = rig.make(one("model: gpt, prompt: p, format: json, samples: 2")).draft
    assert draft.data["a"] == 1
    assert len(draft.data["samples"]) == 2


def test_samples_that_parse_are_paid_once_even_when_another_fails_the_row(rig):
    rig.answers("gpt", '{"a": 1}', "bad")
    process = rig.process()
    recipe = one("model: gpt, prompt: p, format: json, samples: 2")
    with pytest.raises(CallFailed, match="JSON"):
        process.make(recipe)
    sent = len(rig.questions())
    with pytest.raises(CallFailed, match="JSON"):
        process.make(recipe)
    assert len(rig.questions()) == sent == 3


def test_a_sample_that_fails_leaves_none_of_the_others_on_its_way(rig):
    refused = Scripted(fault=Fault(kind="refusal"))
    slow = Scripted(text="late", latency_seconds=0.2)
    rig.simulator.script(Script(model="gpt", replies=(refused, slow)))
    process = rig.process()
    with pytest.raises(CallFailed, match="refusal"):
        process.make(one("model: gpt, prompt: p, samples: 2"))
    assert process.calls.counters.in_flight == 0
    assert process.calls.counters.tokens_out > 0


def test_a_cut_answer_is_used_and_the_row_is_warned(rig):
    rig.answers("gpt", "Half an ans", finish="length")
    draft = rig.make(one("model: gpt, prompt: p")).draft
    assert draft.content == "Half an ans"
    assert draft.metadata.warnings == ("make: the answer was cut off at max_tokens",)


def test_a_cut_answer_that_was_corrected_leaves_no_warning(rig):
    replies = (Scripted(text="Too", finish="length"), Scripted(text="Long enough now."))
    rig.simulator.script(Script(replies=replies))
    draft = rig.make(one("model: gpt, prompt: p", "  checks: [{min_words: 3}]\n")).draft
    assert (draft.content, draft.metadata.warnings) == ("Long enough now.", ())


@pytest.mark.parametrize("kind", ["refusal", "empty"])
def test_an_answer_that_is_none_fails_the_row_without_asking_again(rig, kind):
    rig.simulator.script(Script(replies=(Scripted(fault=Fault(kind=kind)),)))
    with pytest.raises(CallFailed) as failure:
        rig.make(one("model: gpt, prompt: p"))
    assert failure.value.error_kind == kind
    assert len(rig.questions()) == 1


def test_a_prompt_that_cannot_be_filled_in_asks_nothing(rig):
    with pytest.raises(RenderFailed, match=r"there is no field 'day' here"):
        rig.make("recipe: r\nrequest: {day: {}}\nmake: {ask: {model: gpt, prompt: '{{ request.day }}'}}")
    assert rig.questions() == []
