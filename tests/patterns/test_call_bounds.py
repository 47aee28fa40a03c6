"""Any tree of asks and pipelines ends within its bound of calls, whatever the models answer. Pure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.calling.call import Completion
from tasks.calling.catalog import Catalog
from tasks.calling.failures import CallFailed
from tasks.patterns.draft import Draft
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import Recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer, RenderFailed

if TYPE_CHECKING:
    from tasks.calling.call import Call

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
CATALOG = Catalog.model_validate(
    {
        "providers": {"p": {"api": "openai", "base_url": "http://127.0.0.1:9/v1"}},
        "models": {
            name: {"provider": "p", "id": name, "handoff": name} for name in ("markdown", "xml", "json")
        },
    }
)
PROMPTS = st.sampled_from(
    ["p", "{{ feedback }}", "{{ round }}", "{{ request.topic }}", "{{ request.topic.x }}", "{{ missing }}"]
)
ASKS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["markdown", "xml", ["json", "xml"]]),
        "prompt": PROMPTS,
        "format": st.sampled_from(["text", "json", {"schema": SCHEMA}]),
        "samples": st.integers(1, 3),
    }
)
AROUND = st.fixed_dictionaries(
    {},
    optional={
        "checks": st.lists(
            st.sampled_from([{"min_words": 2}, {"is_json": True}, {"mentions": ["a"]}]), max_size=2
        ),
        "when": st.sampled_from(["true", "false", "request.topic", "missing"]),
        "optional": st.booleans(),
        "role": st.just("editor"),
    },
)


def named(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**step, "name": f"s{number}"} for number, step in enumerate(steps)]


STEPS = st.recursive(
    st.builds(lambda ask, around: {"ask": ask, **around}, ASKS, AROUND),
    lambda inner: st.builds(
        lambda steps, around: {"pipeline": named(steps), **around},
        st.lists(inner, min_size=1, max_size=3),
        AROUND,
    ),
    max_leaves=6,
)
ANSWERS = st.lists(
    st.sampled_from(["", " ", "a", "a b c", "{}", '{"a": 1}', '{"content": ""}', '{"content": "a b"}', "[", "{{ x }}"])
    | st.text(max_size=6),
    min_size=1,
    max_size=8,
)  # fmt: skip


def most_calls(step: dict[str, Any]) -> int:
    if "ask" in step:
        most = step["ask"]["samples"] * (1 if step["ask"]["format"] == "text" else 2)
    else:
        most = sum(map(most_calls, step["pipeline"]))
    return most * (2 if step.get("checks") else 1)


class Answers:
    """Says these in turn, again and again; some calls fail."""

    def __init__(self, texts: list[str], failing: int) -> None:
        self.texts = texts
        self.failing = failing
        self.calls = 0

    async def __call__(self, call: Call) -> Completion:
        number = self.calls
        self.calls += 1
        if self.failing and number % self.failing == self.failing - 1:
            raise CallFailed("row_fails", "refusal", "no")
        finish = "length" if number % 5 == 4 else "stop"
        text = self.texts[number % len(self.texts)]
        return Completion(
            text, finish, str(number), call.models[0], 0.0, 0.0, 1, 1, cached=False, simulated=True
        )


def ended(step: dict[str, Any], answers: Answers) -> Draft | str:
    recipe = Recipe.model_validate({"recipe": "r", "request": {"topic": {}}, "make": step})
    try:
        return asyncio.run(
            make_draft(recipe, {"topic": "t"}, answers, setting_of(recipe, Renderer(), CATALOG))
        )
    except (CallFailed, RowFailed, RenderFailed) as failure:
        return str(failure)


@settings(max_examples=200, deadline=None)
@given(STEPS, ANSWERS, st.integers(0, 6))
def test_any_tree_ends_in_a_draft_or_a_failure_of_its_row_within_its_bound_of_calls(step, texts, failing):
    answers = Answers(texts, failing)
    end = ended(step, answers)
    assert answers.calls <= most_calls(step)
    assert end


@settings(max_examples=50, deadline=None)
@given(STEPS, ANSWERS, st.integers(0, 6))
def test_equal_answers_lead_to_an_equal_end_by_equal_calls(step, texts, failing):
    first, second = Answers(texts, failing), Answers(texts, failing)
    assert ended(step, first) == ended(step, second)
    assert first.calls == second.calls
