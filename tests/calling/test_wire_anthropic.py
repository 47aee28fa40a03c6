"""Anthropic messages against the documented requests and responses."""

from __future__ import annotations

import pytest

from tasks.calling.catalog import Model, Provider
from tasks.calling.failures import CallFailed
from tasks.calling.wire import WIRES, Ask, Message, Reply, Usage

WIRE = WIRES["anthropic"]
PROVIDER = Provider(api="anthropic", base_url="https://api.anthropic.com")
MODEL = Model(provider="anthropic", id="claude-sonnet-4-5")
HELLO = Ask((Message("user", "Hello, world"),), max_tokens=1024)

DOCUMENTED = {
    "id": "msg_013Zva2CMHLNnjNjJJKqJ2EF",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Hi! My name is Claude."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 50,
        "cache_creation_input_tokens": 248,
        "cache_read_input_tokens": 100000,
        "output_tokens": 503,
        "service_tier": "standard",
    },
}


def answered(*blocks: object, stop: object = "end_turn", **more: object) -> dict:
    return {"type": "message", "content": list(blocks), "stop_reason": stop, **more}


def test_the_request_is_the_documented_one():
    assert PROVIDER.base_url + WIRE.path(MODEL) == "https://api.anthropic.com/v1/messages"
    assert WIRE.headers("sk-ant-abc", PROVIDER, MODEL) == {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": "sk-ant-abc",
    }
    assert WIRE.body(MODEL, HELLO) == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hello, world"}],
    }


def test_system_messages_become_the_top_level_system_ahead_of_the_messages():
    ask = Ask((Message("user", "a"), Message("system", "s"), Message("system", "t")), temperature=0.5)
    body = WIRE.body(MODEL, ask)
    assert body["system"] == "s\n\nt"
    assert body["messages"] == [{"role": "user", "content": "a"}]
    assert body["temperature"] == 0.5
    assert list(body).index("system") < list(body).index("messages")


def test_a_schema_is_sent_as_documented_closed_and_without_bounds_it_refuses():
    schema = {
        "type": "object",
        "properties": {
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "maximum": {"type": "string", "minLength": 3, "enum": ["a"], "default": {"minimum": 1}},
            "notes": {"type": "array", "minItems": 2, "items": {"type": "object", "properties": {}}},
        },
        "required": ["score"],
    }
    body = WIRE.body(MODEL, Ask(HELLO.messages, format=schema))
    assert body["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {
                    "score": {"type": "number"},
                    "maximum": {"type": "string", "enum": ["a"], "default": {"minimum": 1}},
                    "notes": {
                        "type": "array",
                        "items": {"type": "object", "properties": {}, "additionalProperties": False},
                    },
                },
                "required": ["score"],
                "additionalProperties": False,
            },
        }
    }
    assert schema["properties"]["score"] == {"type": "number", "minimum": 0, "maximum": 1}


def test_json_without_a_schema_is_asked_for_in_words():
    body = WIRE.body(MODEL, Ask((Message("system", "s"), *HELLO.messages), format="json"))
    assert body["system"].startswith("s\n\nAnswer with one JSON value")
    assert "output_config" not in body


def test_params_merge_beside_the_schema_and_null_takes_the_temperature_out():
    params = {"output_config": {"effort": "low"}, "temperature": None}
    ask = Ask(HELLO.messages, temperature=1.0, format={"type": "object"})
    body = WIRE.body(Model(provider="p", id="m", params=params), ask)
    assert body["output_config"].keys() == {"format", "effort"}
    assert "temperature" not in body


def test_the_documented_reply_is_understood_and_all_input_counts():
    assert WIRE.reply(DOCUMENTED) == Reply(
        text="Hi! My name is Claude.",
        finish="stop",
        usage=Usage(tokens_in=100298, tokens_out=503, tokens_cached=100000, tokens_written=248),
        simulated=False,
        model_id="claude-sonnet-4-5-20250929",
    )


@pytest.mark.parametrize(
    ("given", "finish"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("model_context_window_exceeded", "length"), ("refusal", "refusal"), ("tool_use", "other"), ("pause_turn", "other"), (None, "other")],
)  # fmt: skip
def test_every_reason_to_stop_has_its_meaning(given, finish):
    assert WIRE.reply(answered({"type": "text", "text": "x"}, stop=given)).finish == finish


def test_a_refusal_without_text_gives_the_reason():
    details = {"type": "refusal", "category": "cyber", "explanation": "not this"}
    assert WIRE.reply(answered(stop="refusal", stop_details=details)).text == "not this"


def test_text_blocks_are_joined_and_thinking_is_left_out():
    reply = WIRE.reply(
        answered(
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "a"},
            {"type": "text", "text": "b"},
            simulated=True,
        )
    )
    assert (reply.text, reply.simulated, reply.usage) == ("ab", True, None)


@pytest.mark.parametrize(
    "body", [{}, [], None, {"content": "x"}, {"content": None}, answered({"type": "text"})]
)
def test_a_body_without_an_answer_is_asked_for_again(body):
    with pytest.raises(CallFailed) as caught:
        WIRE.reply(body)
    assert (caught.value.kind, caught.value.error_kind) == ("retry", "bad_body")


def test_an_error_sent_under_200_is_an_error():
    with pytest.raises(CallFailed) as caught:
        WIRE.reply({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    assert (caught.value.kind, caught.value.error_kind, caught.value.status) == ("wait", "overloaded", 200)
