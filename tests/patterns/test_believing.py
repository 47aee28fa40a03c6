"""A vote and a cascade by what was learnt of the models together, over the wire."""

from __future__ import annotations

import numpy as np
import pytest
from ensemble_rig import ensemble, member

from tasks.choosing.belief import learnt_belief
from tasks.choosing.estimates import Estimates
from tasks.choosing.panel import Panel, as_said

MODELS = ("gemini", "claude", "gpt")
CASCADE = """
recipe: r
make: {{ask: {{model: {{cascade: [gemini, claude, gpt], by: belief, accept: {accept}}}, prompt: "Which?"}}}}
"""


def seen(copies: float = 0.9, n: int = 600) -> Panel:
    """Three voters over ten answers: gemini and claude are right half the time and mostly say the same, gpt 7 of 10."""
    random = np.random.default_rng(4)
    truth = random.integers(0, 10, n)
    first = np.where(random.random(n) < 0.5, truth, random.integers(0, 10, n))
    other = np.where(random.random(n) < 0.5, truth, random.integers(0, 10, n))
    second = np.where(random.random(n) < copies, first, other)
    third = np.where(random.random(n) < 0.7, truth, random.integers(0, 10, n))
    codes = np.stack([first, second, third], axis=1)
    said = np.array([[as_said(int(code)) for code in row] for row in codes], dtype=object)
    right = (codes == truth[:, None]) * 1.0
    return Panel(MODELS, said, np.full(n, None), np.full((n, 3, 2), np.nan), right)


def learnt(panel: Panel) -> Estimates:
    return Estimates(beliefs=tuple(learnt_belief(panel.of(MODELS[:size])) for size in (1, 2, 3)))


def say(rig, **texts: str) -> None:
    for model, text in texts.items():
        rig.answers(model, text)


def asked(rig) -> list[str]:
    return [question.model for question in rig.questions()]


@pytest.fixture
def told(rig):
    """A rig that has seen two models copy each other."""
    rig.estimates = learnt(seen())
    return rig


def test_two_members_that_copy_each_other_do_not_outvote_a_better_one(told):
    say(told, gemini="3", claude="3", gpt="7")
    made = told.make(ensemble(*map(member, MODELS)))
    best = made.draft.data["best_individual"]
    assert (made.draft.content, best["member"], best["by"]) == ("7", "gpt", "majority")
    assert 0.5 < best["chance"] < 0.75
    assert best["agreement"] == pytest.approx(1 / 3)


def test_two_members_that_err_apart_outvote_a_better_one(rig):
    rig.estimates = learnt(seen(copies=0.0))
    say(rig, gemini="3", claude="3", gpt="7")
    assert rig.make(ensemble(*map(member, MODELS))).draft.content == "3"


def test_members_of_whom_nothing_was_learnt_together_vote_as_ever(told):
    say(told, gemini="3", claude="3", gpt="7", spare="3")
    made = told.make(ensemble(*map(member, (*MODELS, "spare"))))
    assert made.draft.content == "3"
    assert "chance" not in made.draft.data["best_individual"]


def test_a_cascade_goes_on_until_the_best_of_all_answers_is_likely_enough(told):
    say(told, gemini="3", claude="3", gpt="3")
    assert told.make(CASCADE.format(accept="0.4")).draft.content == "3"
    assert asked(told) == ["gemini"]


def test_an_answer_that_two_independent_models_share_is_enough(rig):
    rig.estimates = learnt(seen(copies=0.0))
    say(rig, gemini="3", claude="3", gpt="7")
    assert rig.make(CASCADE.format(accept="0.75")).draft.content == "3"
    assert asked(rig) == ["gemini", "claude"]


def test_the_likeliest_answer_is_taken_in_the_end_not_the_last(rig):
    rig.estimates = learnt(seen(copies=0.0))
    say(rig, gemini="3", claude="3", gpt="7")
    assert rig.make(CASCADE.format(accept="1")).draft.content == "3"
    assert asked(rig) == list(MODELS)


def test_without_anything_learnt_a_cascade_by_belief_asks_all_and_takes_the_last(rig):
    say(rig, gemini="3", claude="3", gpt="7")
    assert rig.make(CASCADE.format(accept="0.1")).draft.content == "7"
    assert asked(rig) == list(MODELS)


def test_what_is_learnt_together_is_frozen_with_the_plan():
    known = learnt(seen())
    again = Estimates.from_plain(known.plain())
    assert again.plain() == known.plain()
    assert again.belief_of(["gpt", "gemini"]).voters == MODELS
    assert again.belief_of(["gemini"]).voters == ("gemini",)
    assert again.belief_of(["gpt", "somebody"]) is None
