"""Gemini generateContent against the documented requests and responses."""

from __future__ import annotations

import pytest

from tasks.calling.catalog import Model, Provider
from tasks.calling.failures import CallFailed
from tasks.calling.wire import WIRES, Ask, Message, Reply, Usage

WIRE = WIRES["gemini"]
PROVIDER = Provider(api="gemini", base_url="https://generativelanguage.googleapis.com")
MODEL = Model(provider="google", id="gemini-2.5-flash")
HELLO = Ask((Message("system", "You are a cat."), Message("user", "Hello there")), max_tokens=800)

DOCUMENTED = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"text": "Meow, ", "thoughtSignature": "EjQKMgEM"}, {"text": "hello."}],
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 1500,
        "cachedContentTokenCount": 1024,
        "candidatesTokenCount": 6,
        "thoughtsTokenCount": 30,
        "totalTokenCount": 1536,
    },
    "modelVersion": "gemini-2.5-flash",
    "responseId": "Il0taoSYJ5Cez7",
}


def answered(parts: object, finish: object = "STOP", **more: object) -> dict:
    return {"candidates": [{"content": {"parts": parts}, "finishReason": finish}], **more}


def test_the_request_is_the_documented_one():
    assert PROVIDER.base_url + WIRE.path(MODEL) == (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
    )
    assert WIRE.headers("AIzaAbc", PROVIDER, MODEL) == {
        "content-type": "application/json",
        "x-goog-api-key": "AIzaAbc",
    }
    assert WIRE.body(MODEL, HELLO) == {
        "systemInstruction": {"parts": [{"text": "You are a cat."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hello there"}]}],
        "generationConfig": {"maxOutputTokens": 800},
    }


@pytest.mark.parametrize(
    ("model_id", "path"),
    [("models/x", "/models/x:generateContent"), ("tunedModels/x-1", "/tunedModels/x-1:generateContent"), ("a b?c", "/models/a%20b%3Fc:generateContent")],
)  # fmt: skip
def test_every_model_id_makes_a_path(model_id, path):
    assert WIRE.path(Model(provider="p", id=model_id)) == path


def test_assistant_turns_are_the_models():
    turns = (Message("user", "a"), Message("assistant", "b"), Message("user", "c"))
    assert [each["role"] for each in WIRE.body(MODEL, Ask(turns))["contents"]] == ["user", "model", "user"]


def test_json_is_asked_for_as_documented():
    schema = {"type": "object", "properties": {"score": {"type": "number"}}}
    settings = WIRE.body(MODEL, Ask(HELLO.messages, format=schema, temperature=0.0))["generationConfig"]
    assert settings == {
        "maxOutputTokens": 2048,
        "temperature": 0.0,
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }
    settings = WIRE.body(MODEL, Ask(HELLO.messages, format="json"))["generationConfig"]
    assert settings == {"maxOutputTokens": 2048, "responseMimeType": "application/json"}


def test_params_merge_into_the_generation_config():
    params = {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}, "temperature": None}}
    body = WIRE.body(Model(provider="p", id="m", params=params), Ask(HELLO.messages, temperature=1.0))
    assert body["generationConfig"] == {"maxOutputTokens": 2048, "thinkingConfig": {"thinkingBudget": 0}}


def test_the_documented_reply_is_understood_and_thoughts_count_as_output():
    assert WIRE.reply(DOCUMENTED) == Reply(
        text="Meow, hello.",
        finish="stop",
        usage=Usage(tokens_in=1500, tokens_out=36, tokens_cached=1024),
        simulated=False,
        model_id="gemini-2.5-flash",
    )


@pytest.mark.parametrize(
    ("given", "finish"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter"), ("RECITATION", "content_filter"), ("PROHIBITED_CONTENT", "content_filter"), ("BLOCKLIST", "content_filter"), ("SPII", "content_filter"), ("MALFORMED_FUNCTION_CALL", "other"), ("OTHER", "other"), (None, "other")],
)  # fmt: skip
def test_every_reason_to_stop_has_its_meaning(given, finish):
    assert WIRE.reply(answered([{"text": "x"}], given)).finish == finish


def test_an_answer_that_was_filtered_away_has_no_content_and_no_output():
    usage = {"promptTokenCount": 10, "totalTokenCount": 10}
    reply = WIRE.reply({"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": usage})
    assert (reply.text, reply.finish, reply.usage) == ("", "content_filter", Usage(10, 0, None))


def test_thought_parts_are_left_out():
    assert WIRE.reply(answered([{"text": "hm", "thought": True}, {"text": "a"}], simulated=True)).text == "a"


def test_a_blocked_prompt_goes_to_the_next_model_and_its_tokens_count():
    body = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 7}}
    with pytest.raises(CallFailed, match="PROHIBITED_CONTENT") as caught:
        WIRE.reply(body)
    assert (caught.value.kind, caught.value.error_kind) == ("next_model", "content_filter")
    assert caught.value.usage == Usage(7, None, None)


@pytest.mark.parametrize(
    "body",
    [{}, [], None, {"candidates": []}, {"candidates": "x"}, answered("x"), answered([{"text": 5}])],
)
def test_a_body_without_an_answer_is_asked_for_again(body):
    with pytest.raises(CallFailed) as caught:
        WIRE.reply(body)
    assert (caught.value.kind, caught.value.error_kind) == ("retry", "bad_body")


def test_an_error_sent_under_200_is_an_error():
    with pytest.raises(CallFailed) as caught:
        WIRE.reply({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}})
    assert (caught.value.kind, caught.value.error_kind, caught.value.status) == ("wait", "overloaded", 200)
