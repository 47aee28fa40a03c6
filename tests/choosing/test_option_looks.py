"""How answers look among options, and that votes learn from it only what is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from voters import halves, panel, scored

from tasks.choosing.belief import Belief, learnt_belief
from tasks.choosing.option_looks import LOOKS, UNKNOWN, look
from tasks.choosing.panel_rows import panel_of

ASKED = "Why is the sky blue?\nA. Rayleigh scattering of light in the sky\n(B) Paint\nC: Scattering of sound"


def test_the_longest_option_ranks_highest_in_length_and_the_shortest_lowest():
    assert [look(ASKED, letter)[0] for letter in "abc"] == [0.5, -0.5, 0.0]


def test_numbers_are_ranked_and_the_middle_one_is_known():
    asked = "How many?\nA. 1,000\nB. 30\nC. 200"
    assert [look(asked, letter)[4:] for letter in "abc"] == [(0.5, -0.5), (-0.5, -0.5), (0.0, 0.0)]


@pytest.mark.parametrize("text", ["Which?", "Q: is it?\nA: yes", "B. second\nC. third\nD. fourth"])
def test_where_no_options_from_a_on_are_offered_nothing_is_told(text):
    assert look(text, "a") == UNKNOWN


@pytest.mark.parametrize("answer", ["d", "ab", "", None, 3.0, {"a": 1}])
def test_an_answer_that_names_no_option_has_no_look(answer):
    assert look(ASKED, answer) == UNKNOWN


def looked(told: float) -> tuple:
    """Poor voters; right answers have a look that is higher by so much."""
    known = panel(3000, dict.fromkeys("abc", (0.4, 0.4)))
    random = np.random.default_rng(6)
    noise = random.normal(0, 0.1, (known.n, 10))[np.arange(known.n)[:, None], known.said.astype(int)]
    return halves(replace(known, looks=(known.right * told + noise)[:, :, None]))


def test_a_vote_learns_how_right_answers_look():
    past, new = looked(0.3)
    blind = replace(new, looks=None)
    belief = learnt_belief(past)
    seen = scored(new, belief.believed(new).best)
    assert seen > scored(new, learnt_belief(replace(past, looks=None)).believed(blind).best) + 0.1
    assert scored(new, belief.believed(blind).best) < seen  # an unknown look is no fault
    assert (Belief.from_plain(belief.plain()).believed(new).chance == belief.believed(new).chance).all()


def test_looks_that_tell_nothing_change_little():
    past, new = looked(0.0)
    without = scored(new, learnt_belief(replace(past, looks=None)).believed(replace(new, looks=None)).best)
    assert scored(new, learnt_belief(past).believed(new).best) == pytest.approx(without, abs=0.015)


def test_rows_with_their_request_have_looks_and_rows_without_have_none():
    rows = [{"request_id": 1, "model": name, "answer": "A", "quality": 1.0, "usd": 0.0} for name in "xy"]
    assert panel_of(rows, ["x", "y"], str.casefold)[0].looks is None
    found = panel_of([{**each, "request": ASKED} for each in rows], ["x", "y"], str.casefold)[0].looks
    assert found.shape == (1, 2, LOOKS)
    assert found[0, 0, 0] == 0.5
