"""Each path that a recipe's calls are made at is known beforehand, with its task and with whose text it works from."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_recipes import CATALOG, Anybody, TooManyCalls, recipes

from tasks.calling.failures import CallFailed
from tasks.patterns.notes import Notes
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.step_paths import PATTERNS_OWN, StepPaths, step_paths, within
from tasks.patterns.templates import Renderer

TASKS = {"analysis", "writing", "judging", "classification", "editor"}


def paths_of(make: dict[str, Any], **top: Any) -> StepPaths:
    return step_paths(load_recipe(json.dumps({"recipe": "r", "make": make, **top})), TASKS)


def asking(name: str = "", model: Any = "m", **step: Any) -> dict[str, Any]:
    return {**({"name": name} if name else {}), "ask": {"model": model, "prompt": "p"}, **step}


@settings(
    max_examples=120, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
@given(recipes(), st.integers(0, 2**32))
def test_every_path_that_a_run_asks_at_is_known_beforehand(plain: dict[str, Any], seed: int) -> None:
    recipe = load_recipe(json.dumps(plain))
    known = step_paths(recipe, TASKS)
    asker = Anybody(Random(seed), 300, 0.9)
    setting = setting_of(recipe, Renderer(), CATALOG)
    with suppress(CallFailed, RowFailed, TooManyCalls):
        asyncio.run(make_draft(recipe, {"topic": "tides"}, asker, setting, Notes()))
    for call in asker.calls:
        assert re.sub(r" \d+(?=/|$)", "", call.step) in known.facts, call.step
        assembles = call.step.endswith("assembly")
        assert known.at(call.step).writes == (assembles or call.role not in PATTERNS_OWN), call.step


def test_a_tasks_name_is_what_the_need_is_for_else_a_role_that_is_a_strength() -> None:
    paths = paths_of(
        {
            "pipeline": [
                asking("a", {"for": "analysis", "quality": 0.8}, role="editor"),
                asking("b", role="editor"),
                asking("c", ["m", "n"], role="poet"),
                asking("d", {"cascade": ["m", "n"]}, role="writing"),
            ]
        }
    )
    assert [paths.at(path).task for path in "abcd"] == ["analysis", "editor", None, "writing"]


def test_judges_judge_and_classifiers_classify() -> None:
    paths = paths_of(
        {
            "route": {
                "classifier": "m",
                "to": {"law": {"refine": {"start": asking(), "stages": [asking("polish")], "judge": "m"}}},
                "general": asking(),
            }
        }
    )
    assert paths.at("classifier").task == "classification"
    assert paths.at("law/judge").task == "judging"
    assert not paths.at("law/judge").writes
    assert paths.at("law/start").writes
    assert paths.at("general").writes


def test_a_step_works_from_the_one_before_it_that_ran() -> None:
    paths = paths_of({"pipeline": [asking("a"), asking("b", when="true"), asking("c")]})
    assert paths.at("a").after == ()
    assert paths.at("c").after == ("b", "a")


def test_a_step_works_from_the_one_it_names() -> None:
    inner = {"name": "inner", "pipeline": [asking("x", {"for": "writing", "with": "a"}), asking("y")]}
    paths = paths_of({"pipeline": [asking("a"), asking("b"), inner]})
    assert paths.at("inner/x").after == ("a", "b", "a")
    assert paths.at("inner/y").after == ("inner/x", "b", "a")


def test_members_at_once_all_work_from_what_was_before_them() -> None:
    panel = {"name": "panel", "ensemble": {"members": [asking("a"), asking("b")], "combine": "merge"}}
    paths = paths_of({"pipeline": [asking("first"), panel, asking("last")]})
    assert paths.at("panel/a").after == paths.at("panel/b").after == ("first",)
    assert paths.at("last").after == ("panel", "first")
    assert paths.at("panel/merger").writes


def test_a_loop_works_from_its_own_last_text_then_from_what_was_before_it() -> None:
    loop = {"name": "again", "repeat": {"body": {"pipeline": [asking("x"), asking("y")]}, "judge": "m"}}
    better = {"name": "better", "refine": {"start": asking(), "stages": [asking("polish")], "judge": "m"}}
    paths = paths_of({"pipeline": [asking("first"), loop, better]})
    assert paths.at("again/body/x").after == ("again", "first")
    assert paths.at("again/body/y").after == ("again/body/x", "again", "first")
    assert paths.at("better/start").after == ("again", "first")
    assert paths.at("better/polish").after == ("better", "again", "first")


def test_a_specialists_second_subtask_has_the_same_task() -> None:
    team = {
        "team": {
            "coordinator": "m",
            "specialists": {"writing": "m", "law": {"for": "analysis"}},
            "reviewer": "m",
        }
    }
    paths = paths_of(team)
    assert paths.at("writing 2").task == paths.at("writing").task == "writing"
    assert paths.at("law").task == "analysis"
    assert not paths.at("coordinator").writes
    assert not paths.at("reviewer").writes
    assert paths.at("assembly").writes


def test_a_path_nobody_spelled_out_writes_unless_it_is_a_judges() -> None:
    paths = paths_of(asking())
    assert paths.at("something/new").writes
    assert not paths.at("something/judge").writes


def test_inside_means_below_a_path_and_not_a_longer_name() -> None:
    assert within("a/b", "a")
    assert within("a", "a")
    assert within("a", "")
    assert not within("ab", "a")
    assert not within("a", "a/b")


def test_the_outer_loop_around_a_path_is_known() -> None:
    inner = {"name": "tries", "repeat": {"body": asking("attempt"), "threshold": 0.9}}
    better = {"name": "better", "refine": {"start": inner, "stages": [asking("polish")]}}
    known = paths_of({"pipeline": [asking("plan"), better]})
    assert known.loops == ("better",)
    assert known.loop_around("better/tries/attempt") == "better"
    assert known.loop_around("better/polish") == "better"
    assert known.loop_around("plan") is None
    assert known.loop_around("better2/polish") is None
    assert paths_of({"repeat": {"body": asking(), "threshold": 0.9}}).loop_around("body") == ""
