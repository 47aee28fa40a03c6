"""Whatever the recipe and whatever models answer: a row ends, within the calls foreseen, with a draft or a known error."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_recipes import CATALOG, MODELS, Anybody, TooManyCalls, recipes, setting

from tasks.calling.failures import CallFailed
from tasks.patterns.judge_choice import judges_needed
from tasks.patterns.notes import Notes
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft
from tasks.patterns.worst_case import worst_case

ROW_FAILURES = {"checks_failed", "empty", "quorum", "no_plan"}
MOST = 400


def worked(plain: dict[str, Any], seed: int, well: float) -> tuple[Anybody, Notes, Any]:
    """The asker, the notes, and the draft or the error."""
    recipe = load_recipe(json.dumps(plain))
    judges = tuple(sorted(judges_needed(recipe, CATALOG)))
    most = worst_case(recipe, {}, judges).calls
    assume(most <= MOST)
    asker, notes = Anybody(Random(seed), most, well), Notes()
    making = make_draft(recipe, {"topic": "tides"}, asker, setting(recipe, seed % 2), notes)

    async def bounded() -> Any:
        async with asyncio.timeout(20):
            return await making

    try:
        return asker, notes, asyncio.run(bounded())
    except (CallFailed, RowFailed) as failure:
        return asker, notes, failure


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(recipes(), st.integers(0, 2**32), st.sampled_from([0.5, 0.85, 0.97, 1.0]))
def test_every_row_ends_within_its_worst_case_with_a_draft_or_a_known_error(plain, seed, well):
    asker, notes, ended = worked(plain, seed, well)
    if isinstance(ended, RowFailed):
        assert ended.error_kind in ROW_FAILURES
    elif not isinstance(ended, CallFailed):
        assert ended.content
        assert set(notes.warnings) <= set(ended.metadata.warnings)
        assert ended.score is None or 0 <= ended.score <= 1
    assert all(0 <= each.judgement.score <= 1 for each in notes.judged)
    assert all(set(call.models) <= set(MODELS) and call.models for call in asker.calls)


def test_an_asker_that_is_asked_too_often_would_be_noticed():
    recipe = load_recipe('{"recipe": "r", "make": {"ask": {"model": "alpha", "prompt": "p", "samples": 3}}}')
    making = make_draft(recipe, {}, Anybody(Random(1), 2, 1.0), setting(recipe))
    with pytest.raises(TooManyCalls):
        asyncio.run(making)
