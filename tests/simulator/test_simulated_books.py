"""Real limits, the simulator's own bill, its log and its scripts."""

from __future__ import annotations

import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from deployments.simulator.config import Script, Scripted, SimulatorConfig
from deployments.simulator.limits import Bucket
from deployments.simulator.state import State
from deployments.simulator.tokens import count_tokens, cut_to_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Client


def test_requests_beyond_the_minute_get_a_429_that_says_how_long(start: Callable[..., Client]) -> None:
    client = start(models={"slow-*": {"requests_per_minute": 3}})
    responses = [client.send("openai", f"p{n}", "slow-1") for n in range(4)]
    assert [response.status_code for response in responses] == [200, 200, 200, 429]
    assert 15 <= int(responses[3].headers["retry-after"]) <= 21
    assert responses[0].headers["x-ratelimit-limit-requests"] == "3"
    assert client.send("openai", "p", "other").status_code == 200
    assert client.send("openai", "p", "slow-2").status_code == 200


def test_tokens_beyond_the_minute_get_a_429(start: Callable[..., Client]) -> None:
    client = start(default={"tokens_per_minute": 500})
    assert client.send("anthropic", "Write about 200 words on lakes.").status_code == 200
    assert client.send("anthropic", "Write about 200 words on hills. " * 30).status_code == 429


def test_a_bucket_refills_evenly_and_never_beyond_its_size() -> None:
    bucket = Bucket(60, 0.0)
    bucket.take(60)
    assert bucket.wait_seconds(1, 0.0) == pytest.approx(1.0)
    assert bucket.level(10.0) == pytest.approx(10.0)
    assert bucket.level(1e6) == 60


def test_an_input_beyond_the_context_is_refused_as_too_long(start: Callable[..., Client]) -> None:
    client = start(default={"context": 50})
    assert client.send("openai", "short").status_code == 200
    error = client.send("openai", "long " * 100).json()["error"]
    assert error["code"] == "context_length_exceeded"


def ask_at_once(client: Client, count: int) -> list[int]:
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: statuses.append(client.send("openai", f"p{n}").status_code))
        for n in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_concurrency_is_measured_and_capped(start: Callable[..., Client]) -> None:
    open_client = start(default={"latency_seconds": 0.3, "jitter": 0})
    assert ask_at_once(open_client, 4) == [200] * 4
    assert open_client.simulator.stats()["highest_concurrency"] == 4
    capped = start(default={"latency_seconds": 0.3, "jitter": 0, "concurrency": 2})
    assert sorted(ask_at_once(capped, 4)) == [200, 200, 429, 429]
    assert capped.simulator.stats()["running"] == 0


def test_latency_is_the_median_times_a_seeded_jitter_and_the_speed_of_speech(
    start: Callable[..., Client],
) -> None:
    client = start(
        models={"slow": {"latency_seconds": 0.2, "jitter": 0}, "spoken": {"tokens_per_second": 200}}, words=30
    )
    began = time.monotonic()
    client.send("openai", "p", "slow")
    assert 0.2 <= time.monotonic() - began < 0.6
    began = time.monotonic()
    tokens = client.send("openai", "p", "spoken").json()["usage"]["completion_tokens"]
    assert tokens / 200 <= time.monotonic() - began < tokens / 200 + 0.4


def test_the_simulator_keeps_its_own_bill(start: Callable[..., Client]) -> None:
    client = start(default={"price": {"input": 2, "output": 10, "cached": 1}})
    long = "The river sensor manual says many things about water. " * 120
    usages = [client.send("openai", long + f"{n}?").json()["usage"] for n in range(2)]
    due = 0.0
    for usage in usages:
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        due += (usage["prompt_tokens"] - cached) * 2 + cached * 1 + usage["completion_tokens"] * 10
    stats = client.simulator.stats()
    assert stats["tokens_cached"] > 0
    assert stats["usd"] == pytest.approx(due / 1e6)
    assert stats["by_model"]["m"]["usd"] == stats["usd"]


def test_sent_twice_and_paid_twice_are_told_apart(start: Callable[..., Client]) -> None:
    client = start(faults=[{"kind": "server_error", "first": 2}])
    for _ in range(4):
        client.send("openai", "the same")
    client.send("openai", "another")
    client.send("anthropic", "the same")
    stats = client.simulator.stats()
    assert (stats["calls"], stats["answered"], stats["distinct_requests"]) == (6, 4, 3)
    assert (stats["sent_twice"], stats["paid_twice"], stats["most_sent"]) == (3, 1, 4)
    assert stats["by_status"] == {"500": 2, "200": 4}
    assert stats["by_fault"] == {"server_error": 2}


def test_the_same_body_for_another_gemini_model_is_another_request(start: Callable[..., Client]) -> None:
    client = start()
    client.send("gemini", "p", "one")
    client.send("gemini", "p", "two")
    assert client.simulator.stats()["sent_twice"] == 0


def test_reset_forgets_everything_but_the_configured_scripts(start: Callable[..., Client]) -> None:
    client = start(scripts=[{"model": "s", "replies": [{"text": "one"}, {"text": "two"}]}])
    client.simulator.script(Script(model="t", replies=(Scripted(text="added"),)))
    assert [client.text("p", model="s"), client.text("p", model="t")] == ["one", "added"]
    client.simulator.reset()
    assert client.simulator.stats()["calls"] == 0
    assert client.simulator.requests() == []
    assert client.text("p", model="s") == "one"
    assert client.text("p", model="t") != "added"


def test_the_log_shows_requests_but_never_a_key(start: Callable[..., Client]) -> None:
    client = start(keep_requests=3)
    body, url = client.request("openai", "hello", "m", 9)
    for _ in range(5):
        client.http.post(url, json=body, headers={"Authorization": "Bearer sk-secret-1"})
    gemini, address = client.request("gemini", "hello", "m", 9)
    client.http.post(f"{address}?key=sk-secret-2", json=gemini)
    seen = client.simulator.requests()
    assert len(seen) == 3
    assert len(client.simulator.requests(limit=1)) == 1
    assert seen[0]["body"] == body
    assert (seen[0]["method"], seen[0]["path"]) == ("POST", "/v1/chat/completions")
    shown = {name.lower(): value for name, value in seen[0]["headers"].items()}["authorization"]
    assert shown == f"sha256:{sha256(b'sk-secret-1').hexdigest()[:12]}"
    assert "sk-secret" not in str(seen)


def test_a_script_plays_its_replies_in_order_then_repeats_or_steps_aside(
    start: Callable[..., Client],
) -> None:
    client = start()
    replies = (Scripted(text="one"), Scripted(answer={"n": 2}))
    client.simulator.script(
        Script(prompt="repeat", replies=replies), Script(prompt="once", replies=replies, then="exhaust")
    )
    assert [client.text("repeat") for _ in range(3)] == ["one", '{"n":2}', '{"n":2}']
    assert [client.text("once", api) for api in ("anthropic", "gemini")] == ["one", '{"n":2}']
    assert "(simulated)" in client.text("once")


def test_a_script_can_send_raw_responses_and_faults(start: Callable[..., Client]) -> None:
    client = start(scripts=[SCRIPT])
    first, second, third = (client.send("openai", "p") for _ in range(3))
    assert (first.status_code, first.headers["x-extra"], first.json()) == (
        418,
        "yes",
        {"odd": 1, "simulated": True},
    )
    assert (second.status_code, second.text) == (200, "no json at all")
    assert third.status_code == 529
    assert all(response.headers["x-nightpress-simulated"] == "1" for response in (first, second, third))


def test_a_scripted_answer_says_why_it_ended(start: Callable[..., Client]) -> None:
    client = start(scripts=[{"replies": [{"text": "cut", "finish": "length"}]}])
    assert client.send("anthropic", "p").json()["stop_reason"] == "max_tokens"


def test_the_id_wins_over_a_pattern_and_the_first_pattern_over_the_next() -> None:
    config = {"gpt-*": {"words": 1}, "gpt-4o": {"words": 2}, "*": {"words": 3}}
    state = State(SimulatorConfig.model_validate({"models": config}))
    assert [state.profile_of(name).words for name in ("gpt-4o", "gpt-5", "x")] == [2, 1, 3]


@pytest.mark.parametrize("text", ["", "a", "word " * 99, "Straße " * 50, "日本語の文章" * 40])
def test_text_cut_to_tokens_never_counts_more(text: str) -> None:
    for tokens in (0, 1, 7, 50):
        assert count_tokens(cut_to_tokens(text, tokens)) <= tokens
    assert cut_to_tokens(text, 10_000) == text


SCRIPT = {
    "replies": [
        {"status": 418, "body": {"odd": 1}, "headers": {"x-extra": "yes"}},
        {"body": "no json at all"},
        {"fault": {"kind": "overloaded", "status": 529}},
    ]
}
