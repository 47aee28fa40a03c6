"""`nightpress recipes lessons`: what reviewers have taught a recipe is shown, and dropped when somebody says so."""

from __future__ import annotations

import pytest

from deployments.cli.main import main
from tasks.landing.lessons import OFFERED, keep_lessons, known_lessons
from tasks.storing.filesystem import Store

SCORE = 0.42


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIGHTPRESS_STORE", str(tmp_path / "store"))
    store = Store.open(str(tmp_path / "store"))
    for run, times in (("monday", 2), ("tuesday", 1)):
        said = {"text": "Name [the] harbour early.", "score": SCORE, "times": times}
        keep_lessons(store, "crew", run, [said])
    keep_lessons(store, "other", "monday", [{"text": "Give times in UTC.", "score": 0.5, "times": 1}])
    return store


def shown(capsys, *command):
    assert main(["recipes", "lessons", *command]) == 0
    return capsys.readouterr().out


def test_every_recipes_lessons_are_shown_with_how_often_of_what_and_when_they_were_said(store, capsys):
    out = shown(capsys)
    assert f"crew: 1 lessons, the first {OFFERED} are offered to the next run" in out
    assert "Name [the] harbour early.\n    said 3 times, of a text at 0.42; monday, tuesday" in out
    assert "Give times in UTC.\n    said once, of a text at 0.50; monday" in out


def test_a_recipe_that_is_named_is_shown_alone(store, capsys):
    out = shown(capsys, "other")
    assert "UTC" in out
    assert "harbour" not in out


def test_forgetting_drops_the_named_recipes_lessons_and_says_how_many(store, capsys):
    assert "crew: 1 lessons forgotten" in shown(capsys, "crew", "--forget")
    assert known_lessons(store, "crew") == []
    assert "harbour" not in shown(capsys)
    assert len(known_lessons(store, "other")) == 1


def test_a_recipe_without_lessons_says_so(store, capsys):
    assert "unknown: 0 lessons" in shown(capsys, "unknown")
