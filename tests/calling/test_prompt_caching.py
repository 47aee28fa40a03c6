"""Marks for the provider's cache: where they stand, what they cost, and that they pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling_rig import Rig, Session

from tasks.calling.attempts import expected
from tasks.calling.call import Call
from tasks.calling.catalog import Model
from tasks.calling.messages import Ask, Message, Usage
from tasks.calling.prompt_caching import MOST_MARKS, marks
from tasks.calling.wire import WIRES

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

GUIDE = "Say what the reader can do, and by when; never what we are proud of. " * 80
PRICE = {"input": 100.0, "output": 200.0, "cached": 10.0}
CLAUDE = {"provider": "anthropic", "price": PRICE}


def guided(question: str, common: int = len(GUIDE), **more: Any) -> Ask:
    return Ask((Message("system", GUIDE, common), Message("user", question)), max_tokens=50, **more)


def body(ask: Ask, api: str = "anthropic", model: str = "claude-sonnet-4-5") -> dict[str, Any]:
    return WIRES[api].body(Model(provider="p", id=model), ask)


def texts(blocks: list[dict[str, Any]]) -> str:
    return "".join(block["text"] for block in blocks)


def marked(blocks: list[dict[str, Any]]) -> list[bool]:
    return ["cache_control" in block for block in blocks]


def test_a_common_system_text_is_a_block_with_a_mark():
    assert body(guided("Why?"))["system"] == [
        {"type": "text", "text": GUIDE, "cache_control": {"type": "ephemeral"}}
    ]


def test_a_mark_stands_where_what_is_common_ends_and_the_blocks_come_to_the_same_text():
    messages = (Message("system", GUIDE + "\n\nThe row's own.", len(GUIDE)), Message("system", "More."))
    ask = Ask((*messages, Message("user", "Why?")))
    plain = Ask(tuple(Message(each.role, each.content) for each in ask.messages))
    blocks = body(ask)["system"]
    assert (marked(blocks), texts(blocks)) == ([True, False, False], body(plain)["system"])
    assert body(ask)["messages"] == body(plain)["messages"]


def test_a_common_beginning_of_the_prompt_is_marked_behind_a_common_system_text():
    ask = Ask((Message("system", GUIDE, len(GUIDE)), Message("user", "Read this. Why?", len("Read this."))))
    (turn,) = body(ask)["messages"]
    assert (marked(turn["content"]), texts(turn["content"])) == ([True, False], "Read this. Why?")
    assert marked(body(ask)["system"]) == [True]


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("claude-sonnet-4-5", 1024), ("claude-haiku-4-5-20251001", 4096), ("claude-opus-4-5", 4096), ("claude-3-5-haiku-latest", 2048)],
)  # fmt: skip
def test_what_is_too_short_for_the_models_cache_is_not_marked(model, tokens):
    for length, found in ((4 * tokens - 1, {}), (4 * tokens, {0: 4 * tokens})):
        assert marks("anthropic", model, Ask((Message("system", "x" * length, length),))) == found


def test_never_more_marks_than_are_allowed_and_the_last_ones_count():
    ask = Ask(tuple(Message("user", GUIDE, len(GUIDE)) for _ in range(6)))
    assert list(marks("anthropic", "claude", ask)) == [2, 3, 4, 5]
    assert len(marks("anthropic", "claude", ask)) == MOST_MARKS


@pytest.mark.parametrize("api", ["openai", "gemini"])
def test_who_caches_by_itself_is_sent_the_same_with_and_without_marks(api):
    assert body(guided("Why?"), api) == body(guided("Why?", common=0), api)


def test_no_block_is_empty_or_blank():
    ask = Ask((Message("system", GUIDE + "\n \n", len(GUIDE)), Message("user", "Why?")))
    assert [block["text"] for block in body(ask)["system"]] == [GUIDE + "\n \n"]


def ask_claude(session: Session, ask: Ask, request_id: str = "r1") -> Any:
    return session.calls.complete(Call(("c",), ask, "draft"), session.row(request_id))


@pytest.fixture
def claude(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> tuple[RunningSimulator, Session]:
    simulator = simulate(default={"price": PRICE, "latency_seconds": 0.05, "jitter": 0})
    return simulator, make_rig(simulator.url, {"c": CLAUDE}).open()


def test_of_calls_at_once_one_writes_the_cache_and_all_others_read_it(claude):
    simulator, session = claude
    session.get_all(ask_claude(session, guided(f"Question {number}?"), f"r{number}") for number in range(8))
    rows = session.rows()
    cached = [row["tokens_cached"] for row in rows]
    assert sorted(each > 1024 for each in cached) == [False] + [True] * 7
    assert simulator.stats()["tokens_cached"] == sum(cached)


def test_what_was_written_and_read_is_paid_as_the_provider_bills_it(claude):
    simulator, session = claude
    session.get_all(ask_claude(session, guided(f"Question {number}?"), f"r{number}") for number in range(3))
    assert sum(row["usd"] for row in session.rows()) == pytest.approx(simulator.stats()["usd"])
    plain = [guided(f"Other question {number}?", common=0) for number in range(3)]
    session.get_all(ask_claude(session, each, f"p{number}") for number, each in enumerate(plain))
    paid, unmarked = (
        sum(row["usd"] for row in session.rows() if row["request_id"][0] == each) for each in "rp"
    )
    assert paid < 0.6 * unmarked


def test_who_waits_for_the_cache_goes_on_when_the_first_call_fails(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
):
    simulator = simulate(faults=[{"kind": "content_filter", "first": 1}])
    session = make_rig(simulator.url, {"c": CLAUDE}).open()
    found = session.get_all(ask_claude(session, guided(f"Question {n}?"), f"r{n}") for n in range(3))
    assert sorted(isinstance(each, Exception) for each in found) == [False, False, True]


def test_a_mark_is_in_no_ledger_key(claude):
    _, session = claude
    first, second = (
        session.rig.engine.wait(ask_claude(session, guided("Why?", common), each))
        for common, each in ((0, "a"), (len(GUIDE), "b"))
    )
    assert (first.cached, second.cached) == (False, True)


def test_a_marked_call_reserves_what_writing_the_cache_costs(claude):
    simulator, session = claude
    route = session.calls.routes["c"]
    plain, marking = (expected(guided("Why?", common), route).reserved_usd for common in (0, len(GUIDE)))
    written = route.usd(Usage(3000, 50, 0, 3000))
    assert None not in (plain, marking, written)
    assert marking > 1.2 * plain
    session.rig.engine.wait(ask_claude(session, guided("Why?")))
    assert simulator.stats()["usd"] <= marking
