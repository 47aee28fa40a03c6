"""Judges of pairs, shown in both orders."""

from __future__ import annotations

from random import Random

import pytest

from tasks.judging.position import Both, agreement, steadiness


def test_a_verdict_that_holds_is_a_preference_and_a_flip_is_none():
    assert Both(1, -1).preference == 1
    assert Both(-1, 1).preference == -1
    assert Both(1, 1).preference == Both(-1, -1).preference == 0
    assert Both(1, 0).preference == 0.5
    assert (Both(1, 1).flips, Both(1, -1).flips, Both(1, 0).flips) == (True, False, False)


def test_a_judge_that_takes_the_first_place_now_and_then_is_measured_as_such():
    """Simulated: in 30% of the pairs the first place decides, else the text does."""
    random = Random(1)
    pairs = [
        Both(1, 1) if random.random() < 0.3 else random.choice((Both(1, -1), Both(-1, 1)))
        for _ in range(4000)
    ]
    found = steadiness(pairs)
    assert found.flips == pytest.approx(0.3, abs=0.03)
    assert found.holds == pytest.approx(0.7, abs=0.03)
    assert found.towards_first == pytest.approx(0.3, abs=0.03)
    assert found.ties == 0


def test_the_shares_of_a_judge_add_up():
    found = steadiness([Both(1, -1), Both(1, 1), Both(0, 1), Both(0, 0)])
    assert (found.holds, found.flips, found.ties) == (0.25, 0.25, 0.5)


def test_no_preference_is_wrong_or_half_right_or_left_out():
    found = agreement([1.0, -0.5, 0.0, 0.0], [1.0, 1.0, 1.0, -1.0])
    assert (found.strict, found.half, found.decided, found.of_decided) == (0.25, 0.5, 0.5, 0.5)
    assert agreement([0.0], [1.0]).of_decided is None


def test_there_are_no_figures_of_no_pairs():
    with pytest.raises(ValueError, match="no pairs"):
        steadiness([])
    with pytest.raises(ValueError, match="no pairs"):
        agreement([], [])
