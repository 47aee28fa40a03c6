"""Beliefs about answers, on simulated voters of which all is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from voters import halves, of, panel, scored

from tasks.choosing.belief import FEWEST, Belief, learnt_belief
from tasks.choosing.panel import as_said, one_request


def test_a_chance_is_as_often_right_as_it_says():
    past, new = halves(panel(4000))
    found = learnt_belief(past).believed(new)
    right = new.right[np.arange(new.n), found.best]
    for low, high in ((0.2, 0.6), (0.6, 0.9), (0.9, 1.0)):
        some = (found.chance >= low) & (found.chance < high)
        assert some.sum() > 50
        assert right[some].mean() == pytest.approx(found.chance[some].mean(), abs=0.07)


def test_voters_who_are_right_less_than_half_the_time_help_each_other():
    """A weight of log(p / (1 - p)) would count them against what they say."""
    past, new = halves(panel(2000, dict.fromkeys("abcd", (0.4, 0.4))))
    assert scored(new, learnt_belief(past).believed(new).best) > new.right.mean(axis=0).max() + 0.1


def test_copies_count_once():
    random = np.random.default_rng(2)
    truth = random.integers(0, 10, 4000)
    good = np.where(random.random(4000) < 0.7, truth, random.integers(0, 10, 4000))
    poor = np.where(random.random(4000) < 0.5, truth, random.integers(0, 10, 4000))
    past, new = halves(of(("good", "poor", "copy"), np.stack([good, poor, poor], axis=1), truth))
    assert scored(new, learnt_belief(past).believed(new).best) >= new.right[:, 0].mean() - 0.01


def test_who_is_better_depends_on_the_type_of_request():
    past, new = halves(panel(3000, {"jurist": (0.9, 0.3), "reckoner": (0.3, 0.9)}))
    found = learnt_belief(past).believed(new)
    assert scored(new, found.best) > 0.85
    apart = new.said[:, 0] != new.said[:, 1]
    assert (found.best == (new.kinds == "math"))[apart].mean() > 0.95


def test_a_signal_tells_who_is_sure_whatever_its_unit():
    known = panel(3000, {"a": (0.5, 0.5), "b": (0.5, 0.5)})
    random = np.random.default_rng(3)
    sure = known.right + random.normal(0, 0.5, known.right.shape)
    known = replace(known, signals=(sure * [900, 0.1] - [50, 7])[:, :, None])
    past, new = halves(known)
    assert scored(new, learnt_belief(past).believed(new).best) > 0.65
    blind = replace(new, signals=np.full_like(new.signals, np.nan))
    assert scored(blind, learnt_belief(past).believed(blind).best) < 0.56


def test_an_answer_that_a_voter_falls_back_on_is_worth_less():
    random = np.random.default_rng(5)
    truth = random.integers(0, 5, 4000)
    lazy = np.where(random.random(4000) < 0.6, truth, 0)
    other = np.where(random.random(4000) < 0.55, truth, random.integers(0, 5, 4000))
    past, new = halves(of(("lazy", "other"), np.stack([lazy, other], axis=1), truth))
    found = learnt_belief(past).believed(new)
    split = (new.said[:, 0] == "0") & (new.said[:, 1] != "0")
    assert (found.best[split] == 1).mean() > 0.9


def test_two_right_answers_in_other_words_are_both_believed():
    random = np.random.default_rng(6)
    right = (random.random((2000, 2)) < 0.9) * 1.0
    known = of(
        ("a", "b"),
        np.stack([np.zeros(2000, dtype=int), np.ones(2000, dtype=int)], axis=1),
        np.zeros(2000, dtype=int),
    )
    past, new = halves(replace(known, right=right))
    assert learnt_belief(past).believed(new).chance.mean() == pytest.approx(0.9, abs=0.03)


def test_who_says_nothing_is_not_counted_and_a_request_without_answers_has_none():
    belief = learnt_belief(panel())
    alone = belief.believed(one_request("abc", [None, "7", None], "law", [[None]] * 3))
    assert alone.best.tolist() == [1]
    nobody = belief.believed(one_request("abc", [None] * 3, "law", [[None]] * 3))
    assert (nobody.best.tolist(), nobody.chance.tolist()) == ([-1], [0.0])


def test_a_belief_is_the_same_after_being_kept_as_json():
    past, new = halves(panel())
    belief = learnt_belief(past)
    again = Belief.from_plain(belief.plain())
    assert (again.believed(new).chance == belief.believed(new).chance).all()


def test_one_request_is_believed_as_among_many():
    past, new = halves(panel(400))
    belief = learnt_belief(past)
    many = belief.believed(new)
    for row in range(20):
        one = belief.believed(one_request(new.voters, new.said[row], new.kinds[row], [[None]] * 3))
        assert (one.best[0], one.chance[0]) == (many.best[row], pytest.approx(many.chance[row]))


def test_older_requests_count_less():
    skilled, unskilled = (
        panel(1000, {"a": (0.9, 0.9), "b": (0.5, 0.5)}),
        panel(1000, {"a": (0.2, 0.2), "b": (0.5, 0.5)}),
    )
    both = type(skilled)(
        skilled.voters, *(np.concatenate([getattr(skilled, name), getattr(unskilled, name)]) for name in ("said", "kinds", "signals", "right"))
    )  # fmt: skip
    counts = np.repeat([1.0, 0.01], 1000)
    apart = one_request("ab", ["1", "2"], "law", [[None]] * 2)
    assert learnt_belief(both, counts).believed(apart).best.tolist() == [0]
    assert learnt_belief(both, counts[::-1]).believed(apart).best.tolist() == [1]


def test_too_few_requests_are_said_to_be_too_few():
    with pytest.raises(ValueError, match=f"{FEWEST} are needed"):
        learnt_belief(panel(FEWEST - 1))


def test_equal_plain_data_is_the_same_answer():
    assert as_said({"b": 1, "a": [True]}) == as_said({"a": [True], "b": 1})
    assert as_said("1") != as_said(1)
