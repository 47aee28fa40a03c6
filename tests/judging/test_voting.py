from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.judging.voting import Ballot, is_yes_or_no, vote, weak_members, weight_among_many, weight_of

ANSWERS = st.sampled_from(
    ["a", "b", "c", 1, 2.5, {"x": 1, "y": 2}, {"x": 1, "y": 3}, {"x": 1}, [1, 2], [2, 1]]
)
WEIGHTS = st.floats(-4, 4, allow_nan=False)
PAIRS = st.lists(st.tuples(ANSWERS, WEIGHTS), min_size=1, max_size=7)


def ballots(*pairs):
    return [Ballot(f"m{number}", answer, weight) for number, (answer, weight) in enumerate(pairs)]


def test_the_heaviest_answer_wins_not_the_most_frequent():
    found = vote(ballots(("a", 1.0), ("a", 1.0), ("b", 3.0)))
    assert (found.winner, found.support) == (2, (2.0, 2.0, 3.0))
    assert found.agreement == pytest.approx(0.6)


def test_objects_support_each_other_by_the_share_of_equal_fields():
    found = vote(ballots(({"x": 1, "y": 2}, 1.0), ({"x": 1, "y": 3}, 1.0), ({"x": 1.0, "y": 3, "z": 4}, 1.0)))
    assert found.support == pytest.approx((1 + 1 / 2 + 1 / 3, 1 + 1 / 2 + 2 / 3, 1 + 1 / 3 + 2 / 3))
    assert found.winner == 1
    assert found.agreement == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([1], [True], False),
        ("1", 1, False),
        ([1, 2], [2, 1], False),
        ([1, {"a": [1.0]}], [1, {"a": [1]}], True),
        ({"a": 1}, [("a", 1)], False),
        ({}, {}, True),
        ("", {}, False),
    ],
)
def test_answers_are_the_same_by_value(one, other, same):
    assert vote(ballots((one, 1.0), (other, 1.0))).agreement == (1.0 if same else 0.5)


def test_a_member_worse_than_chance_does_not_count_for_its_answer():
    found = vote(ballots(("a", -1.0), ("a", 0.5), ("b", 0.4)))
    assert found.winner == 2
    assert found.agreement == pytest.approx(0.4 / 0.9)


def test_a_tie_goes_to_the_answer_of_more_members_then_to_the_first_listed():
    assert vote(ballots(("a", 2.0), ("b", 1.0), ("b", 1.0))).winner == 1
    assert vote(ballots(("a", 1.0), ("b", 1.0))).winner == 0
    assert vote(ballots(("a", 0.3), ("b", 0.1), ("b", 0.1 + 0.1 + 1e-12))).winner == 1


@pytest.mark.parametrize("weight", [1.0, 0.0, -2.0])
def test_a_single_member_agrees_with_itself(weight):
    assert vote(ballots(("a", weight))).agreement == 1.0


def test_where_nobody_counts_nothing_is_agreed():
    found = vote(ballots(("a", 0.0), ("b", 0.0), ("b", 0.0)))
    assert (found.winner, found.agreement) == (1, 0.0)


def test_no_ballots_are_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        vote([])


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_the_ballots_decides_ties_only(pairs, random):
    first = vote(ballots(*pairs))
    shuffled = random.sample(pairs, len(pairs))
    second = vote(ballots(*shuffled))
    won, again = pairs[first.winner][0], shuffled[second.winner][0]
    assert sorted(first.support) == pytest.approx(sorted(second.support))
    top = max(first.support)
    runners_up = [each for (answer, _), each in zip(pairs, first.support, strict=True) if answer != won]
    if all(each < top - 1e-6 for each in runners_up):
        assert won == again


@given(PAIRS, st.floats(1e-6, 1e6))
def test_scaling_all_weights_changes_nothing(pairs, factor):
    assume(all(weight == 0 or abs(weight) > 1e-6 for _, weight in pairs))
    first, second = vote(ballots(*pairs)), vote(ballots(*((a, factor * w) for a, w in pairs)))
    assert (first.winner, first.agreement) == (second.winner, pytest.approx(second.agreement))


@given(ANSWERS, st.lists(WEIGHTS, min_size=1, max_size=7))
def test_a_unanimous_answer_wins_with_full_agreement(answer, weights):
    found = vote(ballots(*((answer, weight) for weight in weights)))
    assert (found.winner, found.agreement) == (0, 1.0)


@given(PAIRS)
def test_agreement_is_a_share_and_the_winner_has_the_most_support(pairs):
    found = vote(ballots(*pairs))
    assert 0 <= found.agreement <= 1
    assert found.support[found.winner] == pytest.approx(max(found.support), abs=1e-6)


def test_a_weight_is_the_log_odds_of_being_right():
    assert weight_of(0.5, 1.0) == 0
    assert weight_of(0.9, 1.0) == pytest.approx(math.log(9))
    assert weight_of(0.2, 1.0) == pytest.approx(-weight_of(0.8, 1.0))
    assert weight_of(1.0, 1.0) == weight_of(0.98, 1.0) == pytest.approx(-weight_of(0.0, 1.0))
    assert weight_of(None, 0.7) == 0.7


def test_members_far_below_the_best_known_are_weak():
    skills = {"best": 0.9, "near": 0.75, "edge": 0.7, "far": 0.5, "unknown": None}
    assert weak_members(skills) == ["edge", "far"]
    assert weak_members(skills, gap=0.3) == ["far"]
    assert weak_members({"a": None}) == []
    assert weak_members({}) == []


def test_of_many_answers_who_is_right_less_than_half_the_time_still_speaks_for_what_it_says():
    """Three voters of 0.4: by log(p / (1 - p)) the answer that only one of them gave would win."""
    weight = weight_among_many(0.4, 1.0)
    assert weight > 0 > weight_of(0.4, 1.0)
    said = [Ballot(name, answer, weight) for name, answer in zip("abc", ("x", "y", "y"), strict=True)]
    assert vote(said).winner == 1
    assert weight_among_many(None, 0.7) == 0.7
    assert weight_among_many(1.0, 1.0) == weight_among_many(0.98, 1.0)


def test_each_answer_has_its_share_of_the_weight():
    ballots = [Ballot("a", "x", 1.0), Ballot("b", "y", 3.0)]
    assert vote(ballots).shares == (0.25, 0.75)


def test_yes_and_no_are_told_from_other_answers():
    assert is_yes_or_no(["true", "false"])
    assert not is_yes_or_no(["true", "perhaps"])
