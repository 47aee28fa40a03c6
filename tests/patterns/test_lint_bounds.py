"""The linter's sums hold in real runs: calls after one another, calls per model, tokens read and written, the least."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_recipes import CATALOG, MODELS, Anybody, recipes

from tasks.calling.call import Call, Completion
from tasks.calling.failures import CallFailed
from tasks.calling.prices import Price
from tasks.patterns.judge_choice import judges_needed
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer
from tasks.patterns.worst_case import WorstCase, worst_case
from tests.calling.virtual_time import now, run_virtually

MOST = 300
READ, WRITTEN = Price(input=1e6, output=0), Price(input=0, output=1e6)
ASK = {"ask": {"model": "alpha", "prompt": "{{ request.topic }}"}}
MEMBERS = [{"name": name, **ASK} for name in "abc"]
ROUTED = {"to": {"sea": ASK}, "general": {"pipeline": MEMBERS}}


@dataclass
class Timed:
    """Passes calls on; each takes a second, and its answer is cut off at max_tokens."""

    asker: Any
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Completion:
        self.calls.append(call)
        await asyncio.sleep(1)
        completion = await self.asker(call)
        return replace(completion, text=completion.text[: 4 * call.ask.max_tokens])


@dataclass
class Best:
    """Answers everything as well as can be, prose always new."""

    count: int = 0

    async def __call__(self, call: Call) -> Completion:
        self.count += 1
        text = f"{self.count}. The tide follows the moon, which takes longer than a day. " * 9
        if isinstance(call.ask.format, dict):
            text = json.dumps(self._fitting(call.ask.format))
        return Completion(text, "stop", "c", call.models[0], 0.0, 0.0, 1, 1, cached=False, simulated=True)

    def _fitting(self, schema: dict[str, Any]) -> Any:
        properties = schema.get("properties", {})
        if "subtasks" in properties:
            return {"subtasks": [{"id": "a", "role": "writer", "task": "Write.", "needs": []}]}
        if "claims" in properties:
            return {"claims": [{"claim": "Tides.", "made_by": [1, 2, 3], "disputed_by": []}]}
        if schema.get("type") == "object":
            return {name: self._fitting(each) for name, each in properties.items()}
        return 1 if schema.get("type") == "number" else schema.get("enum", ["x"])[0]


def foreseen(plain: dict[str, Any], price: Price = READ) -> WorstCase:
    recipe = load_recipe(json.dumps(plain))
    return worst_case(recipe, dict.fromkeys(MODELS, price), tuple(sorted(judges_needed(recipe, CATALOG))))


def worked(plain: dict[str, Any], asker: Any) -> tuple[list[Call], float]:
    """The calls of one row, and the seconds that they took."""
    recipe, timed = load_recipe(json.dumps(plain)), Timed(asker)

    async def run() -> float:
        began = now()
        with suppress(CallFailed, RowFailed):
            await make_draft(recipe, {"topic": "tides"}, timed, setting_of(recipe, Renderer(), CATALOG))
        return now() - began

    return timed.calls, run_virtually(run())


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(recipes(), st.integers(0, 2**32), st.sampled_from([0.5, 0.9, 1.0]))
def test_no_run_of_any_recipe_is_longer_or_reads_or_writes_more_than_foreseen(plain, seed, well):
    worst = foreseen(plain)
    assume(worst.calls <= MOST)
    calls, seconds = worked(plain, Anybody(Random(seed), MOST, well))
    assert seconds <= worst.sequential
    for model in MODELS:
        assert sum(model in call.models for call in calls) <= worst.models.get(model, 0)
    assert sum(len(each.content) for call in calls for each in call.ask.messages) / 4 <= worst.usd
    assert sum(call.ask.max_tokens for call in calls) <= foreseen(plain, WRITTEN).usd


@pytest.mark.parametrize(
    "make",
    [
        ASK,
        {"pipeline": MEMBERS, "checks": [{"min_words": 1}]},
        {
            "ask": {
                **ASK["ask"],
                "format": {"schema": {"type": "object", "properties": {"x": {"enum": ["y"]}}}},
            }
        },
        {"ensemble": {"members": MEMBERS}},
        {"ensemble": {"members": MEMBERS, "combine": ["merge", "consensus"], "max_rounds": 3}},
        {"ensemble": {"members": MEMBERS, "combine": "merge"}},
        {"ensemble": {"members": MEMBERS, "by": "similarity", "max_rounds": 2}},
        {"route": {"rules": [{"if": "request.topic", "to": "sea"}], **ROUTED}},
        {"route": {"classifier": "beta", **ROUTED}},
        {"refine": {"start": ASK, "stages": MEMBERS}},
        {"repeat": {"body": {"pipeline": MEMBERS}}},
        {"team": {"coordinator": "alpha", "specialists": {"writer": "beta"}, "general": ASK}},
    ],
)
def test_a_run_in_which_all_goes_well_takes_the_least(make):
    plain = {"recipe": "r", "request": {"topic": {}}, "make": make}
    calls, _ = worked(plain, Best())
    assert len(calls) == foreseen(plain).least
