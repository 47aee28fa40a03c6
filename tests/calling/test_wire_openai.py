"""OpenAI chat completions against the documented requests and responses."""

from __future__ import annotations

import pytest

from tasks.calling.catalog import Model, Provider
from tasks.calling.failures import CallFailed
from tasks.calling.wire import WIRES, Ask, Message, Reply, Usage

WIRE = WIRES["openai"]
PROVIDER = Provider(api="openai", base_url="https://api.openai.com/v1")
MODEL = Model(provider="openai", id="gpt-4o", params={"max_tokens_field": "max_completion_tokens"})
HELLO = Ask((Message("system", "You are a helpful assistant."), Message("user", "Hello!")), max_tokens=100)

DOCUMENTED = {
    "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
    "object": "chat.completion",
    "created": 1741569952,
    "model": "gpt-4o-2024-08-06",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hello! How can I assist you today?",
                "refusal": None,
                "annotations": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 1219,
        "completion_tokens": 310,
        "total_tokens": 1529,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 300, "audio_tokens": 0},
    },
    "service_tier": "default",
}


def answered(message: object, finish: object = "stop", **more: object) -> dict:
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}


def test_the_request_is_the_documented_one():
    assert PROVIDER.base_url + WIRE.path(MODEL) == "https://api.openai.com/v1/chat/completions"
    assert WIRE.headers("sk-abc", PROVIDER, MODEL) == {
        "content-type": "application/json",
        "authorization": "Bearer sk-abc",
    }
    assert WIRE.body(MODEL, HELLO) == {
        "model": "gpt-4o",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Hello!"},
        ],
        "max_completion_tokens": 100,
    }


def test_compatible_servers_get_max_tokens_and_no_key_they_did_not_ask_for():
    model = Model(provider="local", id="mistral-small")
    assert WIRE.body(model, HELLO)["max_tokens"] == 100
    assert "authorization" not in WIRE.headers(None, PROVIDER, model)


def test_system_messages_come_first():
    turns = [("user", "a"), ("assistant", "b"), ("system", "s"), ("user", "c")]
    body = WIRE.body(MODEL, Ask(tuple(Message(role, text) for role, text in turns)))
    assert [(each["role"], each["content"]) for each in body["messages"]] == [
        ("system", "s"),
        ("user", "a"),
        ("assistant", "b"),
        ("user", "c"),
    ]


def test_json_is_asked_for_as_documented():
    schema = {"type": "object", "properties": {"score": {"type": "number"}}}
    body = WIRE.body(MODEL, Ask(HELLO.messages, format=schema))
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema},
    }
    body = WIRE.body(MODEL, Ask((Message("user", "Give JSON."),), format="json"))
    assert body["response_format"] == {"type": "json_object"}
    assert [each["content"] for each in body["messages"]] == ["Give JSON."]


def test_json_mode_always_has_the_word_json_in_a_message():
    body = WIRE.body(MODEL, Ask((Message("user", "Give me a list."),), format="json"))
    assert "JSON" in body["messages"][0]["content"]
    assert body["messages"][0]["role"] == "system"


def test_params_of_the_model_win_and_null_takes_a_field_out():
    params = {"temperature": None, "reasoning_effort": "low", "max_tokens_field": "max_tokens"}
    body = WIRE.body(Model(provider="p", id="m", params=params), Ask(HELLO.messages, temperature=0.2))
    assert "temperature" not in body
    assert body["reasoning_effort"] == "low"
    assert "max_tokens_field" not in body
    assert WIRE.body(MODEL, Ask(HELLO.messages, temperature=0.0))["temperature"] == 0.0


def test_no_more_is_asked_for_than_the_model_can_give():
    model = Model(provider="p", id="m", max_output=50)
    assert WIRE.body(model, HELLO)["max_tokens"] == 50


def test_the_documented_reply_is_understood():
    assert WIRE.reply(DOCUMENTED) == Reply(
        text="Hello! How can I assist you today?",
        finish="stop",
        usage=Usage(tokens_in=1219, tokens_out=310, tokens_cached=1024),
        simulated=False,
        model_id="gpt-4o-2024-08-06",
    )


@pytest.mark.parametrize(
    ("given", "finish"),
    [("stop", "stop"), ("length", "length"), ("model_length", "length"), ("content_filter", "content_filter"), ("tool_calls", "other"), (None, "other"), (7, "other")],
)  # fmt: skip
def test_every_reason_to_stop_has_its_meaning(given, finish):
    assert WIRE.reply(answered({"content": "x"}, given)).finish == finish


def test_a_refusal_is_one_though_the_model_stopped_normally():
    reply = WIRE.reply(
        answered({"content": None, "refusal": "I'm sorry, I cannot assist with that request."})
    )
    assert (reply.finish, reply.text) == ("refusal", "I'm sorry, I cannot assist with that request.")


def test_text_parts_are_joined_and_thinking_is_left_out():
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}, {"type": "text", "text": "b"}]  # fmt: skip
    assert WIRE.reply(answered({"content": parts})).text == "ab"


def test_what_the_provider_does_not_say_is_unknown():
    assert WIRE.reply(answered({"content": "x"})).usage is None
    assert WIRE.reply(answered({"content": "x"}, usage={"prompt_tokens": "7"})).usage == Usage(
        None, None, None
    )
    hit = {"prompt_tokens": 9, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}
    assert WIRE.reply(answered({"content": "x"}, usage=hit)).usage == Usage(9, 1, 4)


def test_what_was_written_to_the_cache_is_told_apart_where_the_provider_says_it():
    usage = {"prompt_tokens": 9, "completion_tokens": 1}
    usage |= {"prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 5}}
    assert WIRE.reply(answered({"content": "x"}, usage=usage)).usage == Usage(9, 1, 2, 5)


def test_a_simulated_answer_says_so():
    assert WIRE.reply(answered({"content": "x"}, simulated=True)).simulated
    assert not WIRE.reply(answered({"content": "x"}, simulated="yes")).simulated


@pytest.mark.parametrize(
    "body",
    [{}, [], None, "x", {"choices": []}, {"choices": None}, {"choices": [3]}, answered(None), answered("text"), answered({"content": 5})],
)  # fmt: skip
def test_a_body_without_an_answer_is_asked_for_again(body):
    with pytest.raises(CallFailed) as caught:
        WIRE.reply(body)
    assert (caught.value.kind, caught.value.error_kind) == ("retry", "bad_body")


@pytest.mark.parametrize(
    ("body", "kind", "error_kind"),
    [
        ({"error": {"code": 502, "message": "Provider returned error"}}, "retry", "server_error"),
        ({"error": {"code": 429, "message": "slow"}}, "wait", "rate_limit"),
        ({"error": {"code": "insufficient_quota", "message": "pay"}}, "close_provider", "no_credit"),
        ({"error": "boom"}, "retry", "server_error"),
        ({"choices": [{"finish_reason": "error", "message": {"content": ""}, "error": {"code": 403, "message": "flagged"}}]}, "next_model", "forbidden"),
    ],
)  # fmt: skip
def test_an_error_sent_under_200_is_an_error(body, kind, error_kind):
    with pytest.raises(CallFailed) as caught:
        WIRE.reply(body)
    assert (caught.value.kind, caught.value.error_kind, caught.value.status) == (kind, error_kind, 200)
