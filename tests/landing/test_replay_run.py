"""A what-if on a past night: recorded answers are served whatever their age, the rest is listed and priced, nothing is sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from landing_rig import MODELS

from tasks.calling.catalog import load_catalog
from tasks.calling.past_calls import PastCalls
from tasks.landing.committed import open_committed
from tasks.landing.replay_run import ReplayedRun, replay_run
from tasks.landing.replay_sheets import ROWS, file_rows, summary
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

TOPICS = {f"r{number}": f"topic {number}" for number in range(4)}
THREE = """
recipe: short
request: {topic: {type: str}}
quality: {judge: two, criteria: [accuracy]}
make:
  pipeline:
    - {name: outline, ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}}
    - name: draft
      refine:
        target: 1
        start: {name: first, ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }} from {{ outline }}"}}
        stages:
          - {name: polish, ask: {model: one, max_tokens: 60, prompt: "Polish {{ draft }}"}}
"""
TWO_MODELS = MODELS + "  two: {{provider: sim, id: two, price: {{input: 1, output: 2}}}}\n"
FIRST = """
recipe: shorter
request: {topic: {type: str}}
make:
  pipeline:
    - {name: outline, ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}}
"""


def replayed(night: Rig, recipe: str, *, days: float = 0, limit: int | None = None) -> ReplayedRun:
    past = PastCalls(night.store)
    past.refresh()
    catalog = load_catalog(TWO_MODELS.format(url=night.url))
    now = datetime.now(UTC) + timedelta(days=days)
    committed = open_committed(night.store, "night")
    return asyncio.run(replay_run(past, committed, load_recipe(recipe), catalog, now, limit))


@pytest.fixture
def night(rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]) -> Rig:
    """A committed night of THREE."""
    made = rig(simulate())
    made.recipe = THREE
    made.night(made.table(TOPICS), catalog=load_catalog(TWO_MODELS.format(url=made.url)))
    return made


def test_the_runs_own_recipe_comes_to_what_it_came_to_however_long_ago(night: Rig):
    files, outputs = night.store.list(), {row["request_id"]: row for row in night.rows("outputs")}
    what_if = replayed(night, THREE, days=400)
    assert {row.request_id: row.came for row in what_if.rows} == dict.fromkeys(TOPICS, "whole")
    for row in what_if.rows:
        then = outputs[row.request_id]
        assert row.draft is not None
        assert (row.draft.content, row.draft.score) == (then["content"], then["quality"])
        assert row.then.content == then["content"]
        assert row.usd == pytest.approx(then["usd"])
    assert (what_if.told.total.anew, what_if.told.total.usd) == (0, 0.0)
    assert "4 of 4 rows known whole from recorded answers: 4 with the same content" in next(summary(what_if))
    assert night.store.list() == files


def test_a_recipe_with_less_in_it_comes_through_for_less(night: Rig):
    what_if = replayed(night, FIRST)
    outlines = {row["request_id"]: row["response"] for row in night.rows("calls") if row["step"] == "outline"}
    assert {row.request_id: row.draft.content for row in what_if.of("whole") if row.draft} == {
        name: text.strip() for name, text in outlines.items()
    }
    assert all(row.usd < row.then.usd for row in what_if.rows)


def test_calls_that_nobody_recorded_are_listed_by_step_and_priced(night: Rig):
    edited = THREE.replace("Polish {{", "Rework {{")
    what_if = replayed(night, edited)
    assert {row.came for row in what_if.rows} == {"missing"}
    assert all(row.draft is None and row.usd is None and row.missing for row in what_if.rows)
    steps = what_if.told.steps
    assert steps["outline"].anew == 0
    assert dict(steps["draft/polish"].reasons) == {"prompt": 4}
    assert steps["draft/polish"].usd
    said = "\n".join(summary(what_if))
    assert said.startswith(
        "0 of 4 rows known whole from recorded answers\nnot recorded: 8 calls of 4 rows, about $"
    )
    assert "what these rows would come to cannot be told" in said


def test_what_only_some_rows_need_is_missing_for_these_alone(night: Rig):
    some = FIRST.replace('prompt: "Outline {{ request.topic }}"', 'prompt: "Outline {{ request.topic if request.topic != \'topic 2\' else \'else\' }}"')  # fmt: skip
    what_if = replayed(night, some)
    assert {row.request_id: row.came for row in what_if.rows} == {
        "r0": "whole", "r1": "whole", "r2": "missing", "r3": "whole",
    }  # fmt: skip
    assert [row["missing_calls"] for row in file_rows(what_if)] == [0, 0, 1, 0]
    assert set(file_rows(what_if)[0]) == set(ROWS.names)
    assert "their figures are not the night's" in "\n".join(summary(what_if))


def test_more_samples_than_were_drawn_are_not_made_up(night: Rig):
    what_if = replayed(night, FIRST.replace("max_tokens: 60", "max_tokens: 60, samples: 3"))
    assert {row.came for row in what_if.rows} == {"missing"}
    assert (what_if.told.total.hits, what_if.told.total.anew) == (4, 8)


def test_a_recorded_answer_that_fails_a_new_check_is_asked_again_and_that_is_missing(night: Rig):
    what_if = replayed(night, FIRST.replace('topic }}"}}', 'topic }}"}, checks: [{min_words: 5000}]}'))
    assert {row.came for row in what_if.rows} == {"missing"}
    assert what_if.told.total.hits == 4


def test_rows_that_fail_on_recorded_answers_alone_are_told_apart(night: Rig):
    what_if = replayed(
        night, FIRST.replace("name: outline,", "name: outline, when: \"request.topic != 'topic 1'\",")
    )
    assert {row.request_id: row.came for row in what_if.rows if row.came != "whole"} == {"r1": "failed"}
    assert "failed on recorded answers alone: 1 row" in list(summary(what_if))


def test_a_column_that_the_run_did_not_have_is_a_mistake_in_the_recipe(night: Rig):
    with pytest.raises(UserError, match=r"the requests of night: .*tone"):
        replayed(night, FIRST.replace("request: {", "request: {tone: {type: str}, "))
    fine = replayed(
        night, FIRST.replace("request: {", "request: {tone: {type: str, default: dry}, "), limit=2
    )
    assert [row.came for row in fine.rows] == ["whole", "whole"]
