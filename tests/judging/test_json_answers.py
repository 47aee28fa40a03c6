"""Answers that must be JSON: read, held against a schema, and asked for once more. A list of answers stands in for models."""

from __future__ import annotations

import asyncio

import pytest

from tasks.calling.call import Call, Completion, any_text
from tasks.calling.failures import CallFailed
from tasks.calling.messages import Ask, Message
from tasks.judging.json_answers import (
    Correction,
    UnusableAnswer,
    ask_for_json,
    fits,
    json_in,
    usable,
    value_in,
)
from tasks.storing.errors import RowDeferred

CITY = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}


class Answers:
    """Gives its texts in order; an exception is raised."""

    def __init__(self, *texts):
        self.texts, self.calls = list(texts), []

    async def __call__(self, call):
        self.calls.append(call)
        found = self.texts.pop(0)
        if isinstance(found, Exception):
            raise found
        return completion(found, f"model{len(self.calls)}")


def completion(text, model="m"):
    return Completion(text, "stop", "id", model, 0.0, 0.0, 1, 1, cached=False, simulated=True)


def call(form="json", round_=1):
    return Call(("m",), Ask((Message("user", "Which?"),), 0.3, 99, form), "step", "judge", round_, 60.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ("```\n[1]```", [1]),
        (' \n"x"\n', "x"),
        ("null", None),
        ('```jsonc-2\n{"a": "```"}\n```\n', {"a": "```"}),
    ],
)
def test_json_is_read_fenced_or_not(text, value):
    assert json_in(text) == value


@pytest.mark.parametrize(
    "text", ["", "no", "```json\n```", "NaN", '{"a": 1} so', 'Sure: {"a": 1}', "[" * 400 + "]" * 400]
)
def test_what_is_not_json_alone_is_an_error(text):
    with pytest.raises(ValueError):
        json_in(text)


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("json", "no", "it is not valid JSON: "),
        (CITY, "no", "it is not valid JSON: "),
        (CITY, '{"town": 1}', "it does not fit the JSON Schema: 'city' is a required property"),
        (CITY, '{"city": "Rome"}', "not Rome"),
    ],
)
def test_an_answer_of_no_use_says_what_is_wrong(form, text, said):
    with pytest.raises(UnusableAnswer) as error:
        value_in(form, text, lambda value: ["not Rome"] if value["city"] == "Rome" else [])
    assert error.value.wrong[0].startswith(said)
    assert not fits(form, lambda value: ["not Rome"])(text)


def test_an_answer_of_use_is_its_value():
    assert value_in(CITY, '{"city": "Oslo"}') == {"city": "Oslo"}
    assert fits(CITY)('{"city": "Oslo"}')
    assert fits("json")("0")


def test_a_first_answer_of_use_asks_nothing_more():
    answers = Answers('{"city": "Oslo"}')
    assert asyncio.run(ask_for_json(answers, call(CITY), "make")) == ({"city": "Oslo"}, "model1")
    assert len(answers.calls) == 1


def test_the_second_time_the_model_sees_its_answer_and_what_was_wrong_with_all_else_the_same():
    answers = Answers('{"town": 1}', '{"city": "Oslo"}')
    assert asyncio.run(ask_for_json(answers, call(CITY, round_=3), "make")) == ({"city": "Oslo"}, "model2")
    first, second = answers.calls
    question, answer, correction = second.ask.messages
    assert question == first.ask.messages[0]
    assert (answer.role, answer.content, correction.role) == ("assistant", '{"town": 1}', "user")
    assert "- it does not fit the JSON Schema: 'city' is a required property" in correction.content
    assert (first.round, second.round) == (3, 4)
    assert (second.step, second.role, second.ttl_seconds, second.models) == ("step", "judge", 60.0, ("m",))
    assert (second.ask.temperature, second.ask.max_tokens, second.ask.format) == (0.3, 99, CITY)


def test_a_second_answer_of_no_use_is_a_failure_of_the_model_that_gave_it():
    answers = Answers("no", "neither", '{"city": "Oslo"}')
    with pytest.raises(CallFailed, match="step x gave no usable JSON: it is not valid JSON") as failure:
        asyncio.run(ask_for_json(answers, call(CITY), "step x"))
    assert (failure.value.kind, failure.value.error_kind, failure.value.model) == (
        "row_fails",
        "no_parse",
        "model2",
    )
    assert len(answers.calls) == 2


@pytest.mark.parametrize("failure", [CallFailed("next_model", "overloaded", "busy"), RowDeferred("closed")])
@pytest.mark.parametrize("before", [(), ("no",)])
def test_a_call_that_fails_is_not_asked_again(failure, before):
    with pytest.raises(type(failure)) as raised:
        asyncio.run(ask_for_json(Answers(*before, failure), call(), "make"))
    assert raised.value is failure


def test_other_calls_answers_are_taken_only_if_they_are_of_use():
    answers = Answers("no", '{"city": "Oslo"}')
    asyncio.run(ask_for_json(answers, call(CITY), "make"))
    for each in answers.calls:
        assert each.accepts is not any_text
        assert (each.accepts('{"city": "Rome"}'), each.accepts('{"town": 1}'), each.accepts("no")) == (
            True,
            False,
            False,
        )


def test_usable_hands_back_the_call_and_the_completion_that_the_value_came_from():
    given = completion("no")
    answers = Answers('{"a": 1}')
    value, made, found = asyncio.run(usable(answers, call(), given, "make"))
    assert (value, made.round, found.text) == ({"a": 1}, 2, '{"a": 1}')
    value, made, found = asyncio.run(usable(Answers(), call(), completion("[]"), "make"))
    assert (value, made.round, found.text) == ([], 1, "[]")


def test_a_correction_lists_every_fault():
    said = Correction("bad", ["one", "two"], 2).messages()[1].content
    assert "\n- one\n- two\n" in said
