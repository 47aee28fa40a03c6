"""Every shipped recipe worked for real: the first requests of its demo table, over the wire, role by role."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from row_rig import RowRig

from deployments.simulator.config import Script, Scripted, SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.patterns.recipe import load_recipe
from tasks.storing.requests import Reject, read_requests

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
TABLES = {"technical-blog": "requests.csv"}
NAMED = {
    "gpt-4": {"provider": "o", "family": "openai"},
    "claude": {"provider": "a", "family": "anthropic"},
    "mistral": {"provider": "o", "family": "mistral"},
    "gemini": {"provider": "g", "family": "google"},
}
CRITERIA = ("accuracy", "completeness", "empathy", "tone")
# What a request's calls look like, by path and in the order they ended.
SHAPES = {
    "technical-blog": r"outline draft review polish",
    "product-copy": r"draft polish",
    "code-system": r"architecture implementation audit( fixed)? optimised documentation metrics",
    "autonomous-team": r"coordinator( (analyst|writer|coder))+( assembly)? reviewer( coordinator.* reviewer){0,2}",
    "fact-check": r"(panel/(evidence|sceptic|wording) ){3}(panel/(evidence|sceptic|wording) ){0,3}note",
    "support-reply": r"analysis( english)? reply/body/answer( reply/body/translated)? reply/judge.*",
    "intelligent-routing": (
        r"classifier (technical/solution technical/objections technical/answer"
        r"|creative/start creative/judge( creative/sharpen creative/judge)?|general/text general/tighten)"
    ),
}


@pytest.fixture(scope="module")
def talkative():
    """Answers as long as the demo's: recipes ask for code, outlines and at least so many words."""
    with RunningSimulator(SimulatorConfig()) as running:
        yield running


@pytest.fixture
def night(rig, talkative):
    talkative.reset()
    return RowRig(rig.engine, rig.store, talkative, models=NAMED).process("night")


def requests_of(recipe, count):
    table = DEPLOYMENTS / "demo" / TABLES.get(recipe.recipe, f"{recipe.recipe}.csv")
    read = read_requests(str(table), recipe.columns, run_date=date(2026, 11, 24))
    found = [each for each in read if not isinstance(each, Reject)]
    return found[:count]


def paths(made):
    return [step["path"] for step in made.tally.steps]


@pytest.mark.parametrize("name", SHAPES)
def test_a_shipped_recipe_makes_its_requests_call_by_call(night, name):
    recipe = load_recipe(DEPLOYMENTS / "recipes" / f"{name}.yaml")
    for request in requests_of(recipe, 3):
        made = night.make(recipe, request.request_id, **request.values)
        assert re.fullmatch(SHAPES[name], " ".join(paths(made))), paths(made)
        assert made.draft.content
        assert made.tally.notes.warnings == []


def judged(score):
    scores = {name: {"reason": "seen", "score": score} for name in CRITERIA}
    return Scripted(text=json.dumps({"scores": scores, "feedback": "Say when the parcel comes."}))


def test_a_support_reply_below_its_threshold_is_written_again_with_the_judges_words(night):
    night.rig.simulator.script(Script(model="gpt-4", replies=(judged(0.5), judged(0.9))))
    recipe = load_recipe(DEPLOYMENTS / "recipes" / "support-reply.yaml")
    request = requests_of(recipe, 1)[0]
    made = night.make(recipe, request.request_id, **request.values)
    assert made.draft.score == pytest.approx(0.9)
    assert [path for path in paths(made) if path == "reply/judge"] == ["reply/judge"] * 2
    again = [each for each in night.rig.questions() if each.model == "claude"][-1]
    assert "Say when the parcel comes." in again.system + "".join(again.texts)


def test_code_without_findings_is_not_fixed(night):
    clean = json.dumps({"findings": [], "summary": "Nothing was found."})
    night.rig.simulator.script(Script(model="gpt-4", prompt="(?i)audit", replies=(Scripted(text=clean),)))
    recipe = load_recipe(DEPLOYMENTS / "recipes" / "code-system.yaml")
    request = requests_of(recipe, 1)[0]
    made = night.make(recipe, request.request_id, **request.values)
    assert "fixed" not in paths(made)
    assert made.draft.content
