"""Failures: what each provider's errors mean, how long to wait, and that no key is repeated."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.calling.failures import CallFailed, parse_retry_after, scrub, unusable
from tasks.calling.wire import WIRES, Reply, Usage

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def oa(message: str = "m", **more: object) -> dict:
    return {
        "error": {"message": message, "type": "invalid_request_error", "param": None, "code": None, **more}
    }


def an(kind: str, message: str = "m", **more: object) -> dict:
    return {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_1"}


def ge(status: str, message: str = "m", *details: dict) -> dict:
    return {"error": {"code": 0, "message": message, "status": status, "details": list(details)}}


def reason(text: str) -> dict:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": text, "domain": "googleapis.com"}


def quota(name: str) -> dict:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}

TABLE = [
    # wait
    ("openai", 429, oa("Rate limit reached", type="tokens", code="rate_limit_exceeded"), "wait", "rate_limit"),
    ("openai", 429, oa("slow down", type="rate_limit_error", code="slow_down"), "wait", "rate_limit"),
    ("openai", 503, oa("The engine is currently overloaded"), "wait", "overloaded"),
    ("openai", 503, oa(type="service_unavailable_error", code="server_is_overloaded"), "wait", "overloaded"),
    ("anthropic", 429, an("rate_limit_error"), "wait", "rate_limit"),
    ("anthropic", 529, an("overloaded_error", "Overloaded"), "wait", "overloaded"),
    ("gemini", 429, ge("RESOURCE_EXHAUSTED", "m", quota("GenerateRequestsPerMinutePerProjectPerModel"), RETRY), "wait", "rate_limit"),
    ("gemini", 429, ge("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."), "wait", "rate_limit"),
    ("gemini", 503, ge("UNAVAILABLE", "The model is overloaded."), "wait", "overloaded"),
    # retry
    ("openai", 500, oa(type="server_error"), "retry", "server_error"),
    ("anthropic", 500, an("api_error"), "retry", "server_error"),
    ("anthropic", 504, an("timeout_error"), "retry", "server_error"),
    ("gemini", 500, ge("INTERNAL"), "retry", "server_error"),
    ("gemini", 504, ge("DEADLINE_EXCEEDED"), "retry", "server_error"),
    # next model
    ("openai", 404, oa("The model `x` does not exist", code="model_not_found"), "next_model", "model_missing"),
    ("openai", 403, oa("Project does not have access to model", code="model_not_found"), "next_model", "model_missing"),
    ("openai", 403, oa("Country not supported"), "next_model", "forbidden"),
    ("openai", 400, oa("This model's maximum context length is 16384 tokens.", code="context_length_exceeded"), "next_model", "context_too_long"),
    ("openai", 400, {"object": "error", "message": "This model's maximum context length is 6048 tokens.", "type": "BadRequestError", "code": 400}, "next_model", "context_too_long"),
    ("openai", 400, oa("You passed 1015 input tokens. However, the model's context length is only 1024 tokens", type="BadRequestError", code=400), "next_model", "context_too_long"),
    ("openai", 400, oa("the request exceeds the available context size", type="exceed_context_size_error", code=400), "next_model", "context_too_long"),
    ("openai", 429, oa("Request too large for gpt-4o on tokens per min (TPM): Limit 30000", code="rate_limit_exceeded", type="tokens"), "next_model", "context_too_long"),
    ("openai", 400, {"error": {"message": "The response was filtered", "type": None, "param": "prompt", "code": "content_filter", "status": 400}}, "next_model", "content_filter"),
    ("openai", 400, oa("m", code="400", innererror={"code": "ResponsibleAIPolicyViolation"}), "next_model", "content_filter"),
    ("openai", 404, {"error": {"code": "DeploymentNotFound", "message": "m"}}, "next_model", "model_missing"),
    ("openai", 404, {"error": "model 'x' not found"}, "next_model", "model_missing"),
    ("anthropic", 404, an("not_found_error", "model: x"), "next_model", "model_missing"),
    ("anthropic", 403, an("permission_error"), "next_model", "forbidden"),
    ("anthropic", 413, an("request_too_large"), "next_model", "context_too_long"),
    ("anthropic", 400, an("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), "next_model", "context_too_long"),
    ("anthropic", 400, an("invalid_request_error", "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000"), "next_model", "context_too_long"),
    ("anthropic", 400, an("invalid_request_error", "Output blocked by content filtering policy"), "next_model", "content_filter"),
    ("gemini", 404, ge("NOT_FOUND"), "next_model", "model_missing"),
    ("gemini", 403, ge("PERMISSION_DENIED"), "next_model", "forbidden"),
    ("gemini", 400, ge("INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."), "next_model", "context_too_long"),
    ("gemini", 400, ge("FAILED_PRECONDITION", "User location is not supported for the API use."), "next_model", "forbidden"),
    ("gemini", 429, ge("RESOURCE_EXHAUSTED", "m", RETRY, quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")), "next_model", "rate_limit"),
    # row fails
    ("openai", 400, oa("'messages' is too short"), "row_fails", "bad_request"),
    ("openai", 422, {"detail": [{"loc": ["body"], "msg": "bad"}]}, "row_fails", "bad_request"),
    ("anthropic", 400, an("invalid_request_error", "max_tokens: Field required"), "row_fails", "bad_request"),
    ("gemini", 400, ge("INVALID_ARGUMENT", "Invalid JSON payload"), "row_fails", "bad_request"),
    # close provider
    ("openai", 401, oa("Incorrect API key provided", code="invalid_api_key"), "close_provider", "bad_key"),
    ("openai", 401, {"message": "Unauthorized"}, "close_provider", "bad_key"),
    ("openai", 402, oa("Insufficient Balance"), "close_provider", "no_credit"),
    ("openai", 429, oa("You exceeded your current quota", type="insufficient_quota", code="insufficient_quota"), "close_provider", "no_credit"),
    ("openai", 429, oa("You exceeded your current quota", type="insufficient_quota", code=None), "close_provider", "no_credit"),
    ("openai", 429, oa("No credits", type="insufficient_quota", code="credit_balance_exhausted"), "close_provider", "no_credit"),
    ("openai", 429, oa(code="project_spend_limit_exceeded"), "close_provider", "no_credit"),
    ("openai", 400, oa("Billing hard limit has been reached", code="billing_hard_limit_reached"), "close_provider", "no_credit"),
    ("openai", 400, oa(code="blocked_api_access"), "close_provider", "no_credit"),
    ("anthropic", 401, an("authentication_error", "invalid x-api-key"), "close_provider", "bad_key"),
    ("anthropic", 402, an("billing_error"), "close_provider", "no_credit"),
    ("anthropic", 400, an("invalid_request_error", "Your credit balance is too low to access the Anthropic API."), "close_provider", "no_credit"),
    ("anthropic", 400, an("invalid_request_error", "You have reached your specified API usage limits."), "close_provider", "no_credit"),
    ("anthropic", 429, an("rate_limit_error", "m", details={"error_code": "enforced_spend_limit_reached"}), "close_provider", "no_credit"),
    ("anthropic", 400, an("invalid_request_error", "This organization has been disabled."), "close_provider", "bad_key"),
    ("gemini", 400, ge("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", reason("API_KEY_INVALID")), "close_provider", "bad_key"),
    ("gemini", 401, ge("UNAUTHENTICATED"), "close_provider", "bad_key"),
    ("gemini", 403, ge("PERMISSION_DENIED", "m", reason("API_KEY_SERVICE_BLOCKED")), "close_provider", "bad_key"),
    ("gemini", 403, ge("PERMISSION_DENIED", "Your API key was reported as leaked."), "close_provider", "bad_key"),
    ("gemini", 403, ge("PERMISSION_DENIED", "m", reason("BILLING_DISABLED")), "close_provider", "no_credit"),
]  # fmt: skip


def read(api: str, status: int, body: object, headers: dict[str, str] | None = None) -> CallFailed:
    return WIRES[api].failure(status, headers or {}, orjson.dumps(body))


@pytest.mark.parametrize(("api", "status", "body", "kind", "error_kind"), TABLE)
def test_every_documented_error_has_its_consequence(api, status, body, kind, error_kind):
    failure = read(api, status, body)
    assert (failure.kind, failure.error_kind, failure.status) == (kind, error_kind, status)


@pytest.mark.parametrize("api", WIRES)
@pytest.mark.parametrize(
    ("status", "kind", "error_kind"),
    [
        (200, "retry", "bad_body"),
        (301, "next_model", "model_missing"),
        (400, "row_fails", "bad_request"),
        (401, "close_provider", "bad_key"),
        (402, "close_provider", "no_credit"),
        (403, "next_model", "forbidden"),
        (404, "next_model", "model_missing"),
        (408, "retry", "server_error"),
        (413, "next_model", "context_too_long"),
        (418, "row_fails", "bad_request"),
        (422, "row_fails", "bad_request"),
        (429, "wait", "rate_limit"),
        (500, "retry", "server_error"),
        (502, "retry", "server_error"),
        (503, "wait", "overloaded"),
        (504, "retry", "server_error"),
        (524, "retry", "server_error"),
        (529, "wait", "overloaded"),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b'{"error":', b"[]", b"null", b"\xff\xfe"]
)
def test_without_a_code_the_status_decides(api, status, kind, error_kind, body):
    failure = WIRES[api].failure(status, {}, body)
    assert (failure.kind, failure.error_kind) == (kind, error_kind)
    assert failure.message


def test_words_in_a_servers_error_are_not_taken_for_the_clients_fault():
    assert read("openai", 500, oa("context window of the cache overflowed")).kind == "retry"


def test_an_unsupported_parameter_says_what_to_write_in_the_models_file():
    said = read(
        "anthropic", 400, an("invalid_request_error", "temperature is deprecated for this model.")
    ).message
    assert "temperature: null" in said
    said = read("openai", 400, oa("Unsupported parameter: use 'max_completion_tokens' instead.")).message
    assert "max_tokens_field: max_completion_tokens" in said


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT", "date": "Mon, 23 Nov 2026 12:00:20 GMT"}, 10),
        ({"retry-after": "86400"}, 300),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_both_forms_of_retry_after_are_honoured_within_reason(headers, seconds):
    assert parse_retry_after(headers, None, NOW) == seconds


def test_googles_delay_is_read_from_the_body_and_a_header_wins():
    body = ge("RESOURCE_EXHAUSTED", "m", quota("x"), RETRY)
    assert parse_retry_after({}, body, NOW) == pytest.approx(34.07)
    assert parse_retry_after({}, [body], NOW) == pytest.approx(34.07)
    assert parse_retry_after({"retry-after": "3"}, body, NOW) == 3
    assert read("gemini", 429, body).retry_after == pytest.approx(34.07)


def test_a_failure_carries_the_wait_of_its_response():
    assert read("anthropic", 529, an("overloaded_error"), {"retry-after": "12"}).retry_after == 12


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcdefgh12345678.",
        "key AIzaSyA1234567890abcdef is wrong",
        "Authorization: Bearer abcdefgh12345678abcd",
        "sk-ant-api03-abcdefgh12345678",
        "gsk_abcdefgh12345678",
    ],
)
def test_nothing_shaped_like_a_key_is_repeated(text):
    assert "12345678" not in CallFailed("close_provider", "bad_key", text).message
    assert "***" in scrub(text, ())


def test_the_key_itself_is_hidden_whatever_its_shape():
    failure = read("openai", 401, oa("bad key hunter2-of-the-house!")).hide(["hunter2-of-the-house!"])
    assert "hunter2" not in str(failure)
    assert "hunter2" not in repr(pickle.loads(pickle.dumps(failure)).__dict__)


def test_a_key_cut_by_the_bound_is_hidden_too():
    assert "secret" not in scrub("x" * 495 + "secretsecret", ["secretsecret"])


def test_messages_are_one_bounded_line():
    message = CallFailed("retry", "bad_body", "a\n" * 100_000).message
    assert len(message) == 500
    assert "\n" not in message


def test_a_failure_survives_pickling_with_all_it_carries():
    failure = CallFailed(
        "wait",
        "rate_limit",
        "slow",
        status=429,
        retry_after=2.5,
        usage=Usage(1, 2, 3),
        provider="p",
        model="m",
    )
    copy = pickle.loads(pickle.dumps(failure))
    assert copy.__dict__ == failure.__dict__
    assert str(copy) == "p: m: rate_limit (HTTP 429): slow"


def replied(text: str, finish: str) -> CallFailed | None:
    return unusable(Reply(text, finish, Usage(5, 6, 0), simulated=False, model_id=None))


@pytest.mark.parametrize(
    ("text", "finish", "kind", "error_kind"),
    [
        ("I cannot help", "refusal", "row_fails", "refusal"),
        ("half", "content_filter", "next_model", "content_filter"),
        ("", "stop", "row_fails", "empty"),
        (" \n", "length", "row_fails", "empty"),
    ],
)
def test_an_answer_that_is_none_fails_and_its_tokens_count(text, finish, kind, error_kind):
    failure = replied(text, finish)
    assert failure is not None
    assert (failure.kind, failure.error_kind, failure.usage) == (kind, error_kind, Usage(5, 6, 0))


@pytest.mark.parametrize("finish", ["stop", "length", "other"])
def test_text_is_an_answer(finish):
    assert replied("text", finish) is None


WORDS = [
    "error", "code", "message", "type", "status", "details", "choices", "content", "finish_reason", "usage",
    "candidates", "parts", "text", "promptFeedback", "blockReason", "stop_reason", "usageMetadata", "innererror",
    "violations", "prompt_tokens", "prompt_tokens_details", "cached_tokens", "retryDelay", "refusal",
]  # fmt: skip

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    body=json_values,
    status=st.sampled_from([200, 302, 400, 401, 429, 500, 529]),
    api=st.sampled_from(sorted(WIRES)),
)
def test_no_body_however_odd_is_more_than_a_reply_or_a_failure(body, status, api):
    assert isinstance(WIRES[api].failure(status, {}, orjson.dumps(body)), CallFailed)
    try:
        reply = WIRES[api].reply(body)
    except CallFailed:
        return
    assert isinstance(reply.text, str)
