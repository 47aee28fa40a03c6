"""Lessons: what reviewers teach one night is kept, bounded, and told to the team of the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployments.simulator.config import Script
from tasks.calling.catalog import load_catalog
from tasks.landing.lessons import (
    KEPT,
    LONGEST,
    OFFERED,
    PER_SHARD,
    forget_lessons,
    keep_lessons,
    known_lessons,
    offered,
    taught,
    taught_recipes,
)
from tasks.patterns.notes import Lesson
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  lead: {{provider: sim, id: lead, price: {{input: 100, output: 200}}}}
  writer: {{provider: sim, id: writer, price: {{input: 100, output: 200}}}}
  critic: {{provider: sim, id: critic, family: c, price: {{input: 100, output: 200}}}}
"""
TEAM = """
recipe: crew
request: {topic: {type: str}}
quality: {criteria: [accuracy]}
make:
  team:
    coordinator: lead
    specialists: {writer: writer}
    reviewer: critic
    feedback: {quality_threshold: 0.9, max_iterations: 1, auto_improvement: true}
"""
PLAN = {"subtasks": [{"id": "text", "role": "writer", "task": "Write it.", "needs": []}]}
TOPICS = {f"r{number}": f"topic {number}" for number in range(5)}


def lesson(text: str, score: float = 0.5, times: int = 1) -> dict[str, Any]:
    return {"text": text, "score": score, "times": times}


def texts(store: Store, recipe: str = "crew") -> list[str]:
    return [each["text"] for each in known_lessons(store, recipe)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def reviewing(simulate: Callable[..., RunningSimulator]) -> RunningSimulator:
    """A reviewer who teaches the same of every text but that on topic 3."""

    return simulate(
        scripts=[
            {"model": "critic", "replies": review(0.95, lesson="Begin with the result.")},
            {"model": "critic", "prompt": "topic 3", "replies": review(0.2, lesson="Name  your\nsources.")},
            {"model": "lead", "replies": [{"answer": PLAN}]},
        ]
    )


def review(score: float, **more: str) -> list[dict[str, Any]]:
    return [{"answer": {"scores": {"accuracy": {"reason": "seen", "score": score}}, "feedback": "", **more}}]


def wishes(night: Rig, recipe: str = TEAM) -> dict[str, Any]:
    return {"recipe": load_recipe(recipe), "catalog": load_catalog(MODELS.format(url=night.url))}


def said_to(simulator: RunningSimulator, model: str) -> list[str]:
    return [str(each["body"]["messages"]) for each in simulator.requests() if each["body"]["model"] == model]


def test_a_committed_night_keeps_each_lesson_once_with_how_often_and_of_what_it_was_said(
    rig: Callable[..., Rig], reviewing: RunningSimulator, small_shards: None
) -> None:
    night = rig(reviewing)
    night.night(night.table(TOPICS), **wishes(night))
    assert known_lessons(night.store, "crew") == [
        lesson("Begin with the result.", 0.95, 4) | {"runs": ["night"]},
        lesson("Name your sources.", 0.2, 1) | {"runs": ["night"]},
    ]


def test_the_next_nights_team_is_told_them_and_the_first_was_not(
    rig: Callable[..., Rig], reviewing: RunningSimulator
) -> None:
    night = rig(reviewing)
    night.night(night.table(TOPICS), **wishes(night))
    assert all("Begin with the result" not in said for said in said_to(reviewing, "lead"))
    before = len(said_to(reviewing, "lead"))
    night.night(night.table(TOPICS), run="second", **wishes(night))
    later = said_to(reviewing, "lead")[before:]
    assert len(later) == len(TOPICS)
    assert all("- Begin with the result.\\n- Name your sources." in said for said in later)
    assert all("Begin with the result" in said for said in said_to(reviewing, "writer")[before:])


def test_a_committed_run_started_again_is_done_although_it_has_taught_something(
    rig: Callable[..., Rig], reviewing: RunningSimulator
) -> None:
    night = rig(reviewing)
    requests = night.table(TOPICS)
    night.night(requests, **wishes(night))
    assert offered(night.store, load_recipe(TEAM)) != []
    assert night.begin(requests, **wishes(night)).way == "done"


def test_a_run_goes_on_with_the_lessons_that_it_was_started_with(
    rig: Callable[..., Rig], reviewing: RunningSimulator
) -> None:
    night = rig(reviewing)
    requests = night.table(TOPICS)
    keep_lessons(night.store, "crew", "earlier", [lesson("Give times in UTC.")])
    begun = night.begin(requests, **wishes(night))
    keep_lessons(night.store, "crew", "meanwhile", [lesson("Something else.", times=9)])
    resumed = night.begin(requests, **wishes(night))
    assert (resumed.way, resumed.plan.lessons) == ("resume", ["Give times in UTC."])
    assert resumed.plan.hash == begun.plan.hash
    assert night.state(resumed).setting.lessons == ("Give times in UTC.",)


@pytest.mark.parametrize(
    "recipe",
    [
        TEAM.replace("auto_improvement: true", "auto_improvement: false"),
        "recipe: crew\nrequest: {topic: {type: str}}\nmake: {ask: {model: writer, prompt: '{{ request.topic }}'}}",
    ],
    ids=["switched off", "no team"],
)
def test_a_recipe_that_does_not_learn_is_offered_no_lessons_and_keeps_none(
    rig: Callable[..., Rig], reviewing: RunningSimulator, recipe: str
) -> None:
    night = rig(reviewing)
    reviewing.script(Script.model_validate({"model": "critic", "replies": review(0.95)}))
    keep_lessons(night.store, "crew", "earlier", [lesson("Give times in UTC.")])
    manifest = night.night(night.table({"r1": "topic 1"}), **wishes(night, recipe))
    assert manifest["rows"]["made"] == 1
    assert offered(night.store, load_recipe(recipe)) == []
    assert texts(night.store) == ["Give times in UTC."]
    everything = " ".join(str(each["body"]) for each in reviewing.requests())
    assert "UTC" not in everything
    assert "lesson" not in everything


def test_a_team_deep_inside_a_recipe_learns_too(store: Store) -> None:
    keep_lessons(store, "crew", "earlier", [lesson("Give times in UTC.")])
    inner = TEAM.split("make:\n")[1].replace("\n  ", "\n        ").strip()
    deep = TEAM.split("make:", maxsplit=1)[0] + f"make:\n  pipeline:\n    - name: work\n      {inner}\n"
    assert offered(store, load_recipe(deep)) == ["Give times in UTC."]


def test_keeping_a_runs_lessons_twice_changes_nothing(store: Store) -> None:
    lessons = [lesson("A.", 0.4, 2), lesson("B.", 0.2)]
    assert keep_lessons(store, "crew", "one", lessons) == 2
    kept = known_lessons(store, "crew")
    assert keep_lessons(store, "crew", "one", lessons) == 0
    assert known_lessons(store, "crew") == kept


def test_another_run_that_teaches_the_same_adds_to_it_whatever_its_case(store: Store) -> None:
    keep_lessons(store, "crew", "one", [lesson("Name ports.", 0.6, 2)])
    assert keep_lessons(store, "crew", "two", [lesson("name ports.", 0.3, 3)]) == 0
    assert known_lessons(store, "crew") == [lesson("Name ports.", 0.3, 5) | {"runs": ["one", "two"]}]


def test_what_several_shards_of_a_run_teach_alike_is_added_up(store: Store) -> None:
    keep_lessons(store, "crew", "one", [lesson("A.", 0.6, 2), lesson("B.", 0.1), lesson("A.", 0.3, 2)])
    assert [(each["text"], each["times"], each["score"]) for each in known_lessons(store, "crew")] == [
        ("A.", 4, 0.3),
        ("B.", 1, 0.1),
    ]


def test_the_most_frequent_come_first_then_those_of_the_worst_texts(store: Store) -> None:
    lessons = [lesson("often", 0.9, 5), lesson("good", 0.8), lesson("bad", 0.1), lesson("twice", 0.7, 2)]
    keep_lessons(store, "crew", "one", lessons)
    assert texts(store) == ["often", "twice", "bad", "good"]


def test_lessons_are_short_lines_and_bounded_in_number(store: Store) -> None:
    rows = [
        [Lesson(f"{number} two\nlines {'x' * 2 * LONGEST}", 0.5), Lesson(" \n", 0.1)] for number in range(99)
    ]
    found = taught(rows)
    assert len(found) == PER_SHARD
    assert all(len(each["text"]) == LONGEST and "\n" not in each["text"] for each in found)
    for shard in range(4):
        keep_lessons(store, "crew", f"run{shard}", [lesson(f"{shard} {each['text']}") for each in found])
    assert len(texts(store)) == KEPT
    assert offered(store, load_recipe(TEAM)) == texts(store)[:OFFERED]


def test_each_recipe_has_its_own_and_forgetting_one_leaves_the_others(store: Store) -> None:
    for name in ("crew", "other"):
        keep_lessons(store, name, "one", [lesson(f"For {name}."), lesson("For all.")])
    assert taught_recipes(store) == ["crew", "other"]
    assert forget_lessons(store, "crew") == 2
    assert (texts(store, "crew"), len(texts(store, "other"))) == ([], 2)
    assert taught_recipes(store) == ["other"]
    assert forget_lessons(store, "crew") == 0


def test_a_night_without_lessons_leaves_no_file(store: Store) -> None:
    assert keep_lessons(store, "crew", "one", []) == 0
    assert store.list("_recipes") == []
