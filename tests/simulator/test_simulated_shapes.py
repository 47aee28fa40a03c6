"""The three wire formats as their providers publish them, and the mark on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Client

PROMPT = "Topic: water sensors in small rivers\nWrite about 120 words."


def test_an_openai_answer_has_the_published_shape(shared: Client) -> None:
    body = shared.send("openai", PROMPT, "gpt-4o").json()
    choice = body["choices"][0]
    usage = body["usage"]
    assert (body["object"], body["model"], body["simulated"]) == ("chat.completion", "gpt-4o", True)
    assert body["id"].startswith("chatcmpl-")
    assert (choice["index"], choice["finish_reason"]) == (0, "stop")
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["refusal"] is None
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == 0


def test_an_anthropic_answer_has_the_published_shape(shared: Client) -> None:
    body = shared.send("anthropic", PROMPT, "claude-sonnet-4-5").json()
    assert (body["type"], body["role"], body["model"]) == ("message", "assistant", "claude-sonnet-4-5")
    assert (body["stop_reason"], body["stop_sequence"]) == ("end_turn", None)
    assert body["content"][0]["type"] == "text"
    assert body["usage"]["input_tokens"] > 0
    assert body["usage"]["cache_read_input_tokens"] == body["usage"]["cache_creation_input_tokens"] == 0
    assert body["simulated"] is True


def test_a_gemini_answer_has_the_published_shape(shared: Client) -> None:
    body = shared.send("gemini", PROMPT, "gemini-2.5-flash").json()
    candidate = body["candidates"][0]
    usage = body["usageMetadata"]
    assert (candidate["finishReason"], candidate["content"]["role"]) == ("STOP", "model")
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]
    assert (body["modelVersion"], body["simulated"]) == ("gemini-2.5-flash", True)


def test_ids_are_never_given_twice(shared: Client) -> None:
    ids = {shared.send("openai", PROMPT).json()["id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1beta/models/m:streamGenerateContent", 404),
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/messages/nothing", 404),
        ("POST", "/v1/chat/completions", 400),
        ("GET", "/_simulator/stats", 200),
        ("GET", "/_simulator/nothing", 404),
        ("POST", "/_simulator/script", 400),
    ],
)
def test_every_response_says_that_it_is_simulated(
    shared: Client, method: str, path: str, status: int
) -> None:
    response = shared.http.request(method, shared.simulator.url + path)
    assert response.status_code == status
    assert response.headers["x-nightpress-simulated"] == "1"
    assert response.json()["simulated"] is True


@pytest.mark.parametrize("prefix", ["/v1", "", "/some/proxy/v1", "/openai/deployments/x"])
def test_openai_is_spoken_below_any_prefix(shared: Client, prefix: str) -> None:
    body, _ = shared.request("openai", PROMPT, "m", 50)
    assert shared.http.post(f"{shared.simulator.url}{prefix}/chat/completions", json=body).status_code == 200


OPENAI_MISTAKES: list[dict[str, Any]] = [
    {"messages": []},
    {"messages": "hello"},
    {"messages": [{"role": "robot", "content": "x"}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
    {"model": None},
    {"max_tokens": 0},
    {"max_tokens": "many"},
    {"max_completion_tokens": 5, "max_tokens": 5},
    {"temperature": 3},
    {"stream": True},
    {"response_format": {"type": "xml"}},
    {"response_format": {"type": "json_schema"}},
    {"response_format": {"type": "json_object"}},
]


@pytest.mark.parametrize("mistake", OPENAI_MISTAKES)
def test_a_wrong_openai_body_gets_openais_400(shared: Client, mistake: dict[str, Any]) -> None:
    response = shared.send("openai", "hello there", **mistake)
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "mistake",
    [
        {"messages": []},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": "  "}]},
        {"max_tokens": None},
        {"max_tokens": 0},
        {"model": 7},
        {"temperature": 1.5},
        {"output_config": {"format": {"type": "json_schema"}}},
    ],
)
def test_a_wrong_anthropic_body_gets_anthropics_400(shared: Client, mistake: dict[str, Any]) -> None:
    response = shared.send("anthropic", "hello", **mistake)
    assert response.status_code == 400
    assert response.json()["type"] == "error"
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "mistake",
    [
        {"contents": []},
        {"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]},
        {"contents": [{"parts": []}]},
        {"contents": [{"parts": [{"inlineData": {}}]}]},
        {"generationConfig": {"maxOutputTokens": 0}},
        {"generationConfig": {"responseSchema": {"type": "OBJECT"}}},
    ],
)
def test_a_wrong_gemini_body_gets_googles_400(shared: Client, mistake: dict[str, Any]) -> None:
    response = shared.send("gemini", "hello", **mistake)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_a_400(shared: Client, content: bytes) -> None:
    assert (
        shared.http.post(f"{shared.simulator.anthropic_url}/v1/messages", content=content).status_code == 400
    )


@pytest.mark.parametrize(
    ("api", "header"), [("openai", "Authorization"), ("anthropic", "x-api-key"), ("gemini", "x-goog-api-key")]
)
def test_a_missing_key_is_a_401_only_where_keys_are_required(
    start: Callable[..., Client], shared: Client, api: str, header: str
) -> None:
    strict = start(require_key=True)
    body, url = strict.request(api, PROMPT, "m", 50)
    assert strict.http.post(url, json=body).status_code == 401
    assert strict.http.post(url, json=body, headers={header: "Bearer sk-1"}).status_code == 200
    assert shared.send(api, PROMPT).status_code == 200


@pytest.mark.parametrize(
    ("api", "path", "cut"),
    [
        ("openai", ("choices", 0, "finish_reason"), "length"),
        ("anthropic", ("stop_reason",), "max_tokens"),
        ("gemini", ("candidates", 0, "finishReason"), "MAX_TOKENS"),
    ],
)
def test_an_answer_keeps_within_max_tokens_and_says_that_it_was_cut(
    shared: Client, api: str, path: tuple[Any, ...], cut: str
) -> None:
    body = shared.send(api, "Write about rivers and lakes.", max_tokens=50).json()
    found: Any = body
    for step in path:
        found = found[step]
    assert found == cut
    out = {"openai": ("usage", "completion_tokens"), "anthropic": ("usage", "output_tokens")}
    group, key = out.get(api, ("usageMetadata", "candidatesTokenCount"))
    assert 30 <= body[group][key] <= 50


def test_a_long_prefix_seen_before_counts_as_cached(start: Callable[..., Client]) -> None:
    client = start()
    long = "The river sensor manual says many things about water. " * 120
    first = client.send("openai", long + "One?").json()["usage"]
    second = client.send("openai", long + "Two?").json()["usage"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert 1024 <= second["prompt_tokens_details"]["cached_tokens"] < second["prompt_tokens"]


def test_anthropic_reads_up_to_the_last_known_mark_and_writes_up_to_the_last_mark(
    start: Callable[..., Client],
) -> None:
    client = start()
    rule, story = ("The river sensor manual says many things about water. " * 120 for _ in range(2))
    ephemeral = {"cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": rule, **ephemeral}]

    def usage(story: str) -> dict[str, Any]:
        content = [{"type": "text", "text": story, **ephemeral}, {"type": "text", "text": "So?"}]
        messages = [{"role": "user", "content": content}]
        found: dict[str, Any] = client.send("anthropic", "", system=system, messages=messages).json()["usage"]
        return found

    first, other, again = (usage(story + each) for each in ("One.", "Two.", "One."))
    assert first["cache_read_input_tokens"] == 0
    assert first["cache_creation_input_tokens"] > other["cache_creation_input_tokens"] > 1024
    assert again["cache_creation_input_tokens"] == 0
    assert again["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert again["input_tokens"] < 20


def test_anthropic_takes_four_marks_at_most(start: Callable[..., Client]) -> None:
    block = {"type": "text", "text": "Rule.", "cache_control": {"type": "ephemeral"}}
    response = start().send("anthropic", "Why?", system=[block] * 5)
    assert response.status_code == 400
    assert "maximum of 4 blocks" in response.json()["error"]["message"]


def test_anthropic_caches_only_what_is_marked(start: Callable[..., Client]) -> None:
    client = start()
    long = "The river sensor manual says many things about water. " * 120
    marked: dict[str, Any] = {
        "system": [{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}]
    }
    plain = [client.send("anthropic", "One?", system=long).json()["usage"] for _ in range(2)]
    first, second = (client.send("anthropic", f"{n}?", model="c", **marked).json()["usage"] for n in range(2))
    assert [usage["cache_read_input_tokens"] for usage in plain] == [0, 0]
    assert first["cache_creation_input_tokens"] >= 1024
    assert first["cache_read_input_tokens"] == 0
    assert second["cache_read_input_tokens"] >= 1024
