"""Several judges as one, with simulated judges of known skill."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from tasks.judging.judge_weights import JudgeWeights, KnownPair, judge_weights


def verdict(random: Random, skill: float, truth: float) -> float:
    return truth if random.random() < skill else -truth


def simulated(number: int, seed: int, *, flips: float = 0.0, copies: int = 0) -> list[KnownPair]:
    """A good judge (80%) that flips now and then, a fair one (65%), and copies of one of 62%."""
    random, pairs = Random(seed), []
    for _ in range(number):
        truth = random.choice((1.0, -1.0))
        seen = {
            "good": 0.0 if random.random() < flips else verdict(random, 0.8, truth),
            "fair": verdict(random, 0.65, truth),
        }
        poor = verdict(random, 0.62, truth)
        pairs.append(KnownPair({**seen, **{f"poor {copy}": poor for copy in range(copies)}}, truth))
    return pairs


def right(weights: JudgeWeights, pairs: list[KnownPair]) -> float:
    return sum(weights.log_odds(each.preferences, each.kind) * each.right > 0 for each in pairs) / len(pairs)


def test_the_weighted_panel_is_no_worse_than_its_best_judge_where_the_majority_is():
    """Eight copies of a poor judge outvote everybody, but are one opinion."""
    past, new = simulated(400, 1, copies=8), simulated(4000, 2, copies=8)
    best = sum(each.preferences["good"] * each.right > 0 for each in new) / len(new)
    majority = sum(sum(each.preferences.values()) * each.right > 0 for each in new) / len(new)
    assert majority < best - 0.15
    assert right(judge_weights(past), new) > best - 0.01


def test_where_the_best_judge_flips_the_others_decide():
    past, new = simulated(400, 3, flips=0.4), simulated(4000, 4, flips=0.4)
    best = sum(each.preferences["good"] * each.right > 0 for each in new) / len(new)
    assert best == pytest.approx(0.48, abs=0.03)
    assert right(judge_weights(past), new) == pytest.approx(0.6 * 0.8 + 0.4 * 0.65, abs=0.03)


def test_the_chance_that_it_states_is_near_the_share_that_is_right():
    past, new = simulated(2000, 5), simulated(4000, 6)
    weights = judge_weights(past)
    stated = [max(chance, 1 - chance) for chance in (weights.likely(each.preferences) for each in new)]
    assert sum(stated) / len(stated) == pytest.approx(right(weights, new), abs=0.05)


def test_a_judge_that_knows_one_kind_counts_there():
    random, pairs = Random(7), []
    for number in range(400):
        kind, truth = ("code" if number % 2 else "law"), random.choice((1.0, -1.0))
        skills = {"coder": 0.9 if kind == "code" else 0.5, "lawyer": 0.9 if kind == "law" else 0.5}
        pairs.append(
            KnownPair({name: verdict(random, skill, truth) for name, skill in skills.items()}, truth, kind)
        )
    weights = judge_weights(pairs)
    conflict = {"coder": 1.0, "lawyer": -1.0}
    assert weights.log_odds(conflict, "code") > 0.5
    assert weights.log_odds(conflict, "law") < -0.5
    assert abs(weights.log_odds(conflict, "a new kind")) < 0.5


def test_one_pair_turns_no_judge_round():
    few = judge_weights([KnownPair({"a": 1.0, "b": -1.0}, 1.0)])
    assert few.log_odds({"a": 1.0}) > few.log_odds({"b": 1.0}) > 0
    nothing = JudgeWeights()
    assert nothing.log_odds({"a": 1.0, "b": 1.0, "c": -1.0}) > 0


def test_judges_that_saw_different_pairs_are_weighed_too():
    random, pairs = Random(8), []
    for number in range(300):
        truth = random.choice((1.0, -1.0))
        pairs.append(
            KnownPair(
                {"good": verdict(random, 0.9, truth)}
                if number % 2
                else {"poor": verdict(random, 0.5, truth)},
                truth,
            )
        )
    weights = judge_weights(pairs)
    assert weights.log_odds({"good": 1.0, "poor": -1.0}) > 1


def test_weights_are_frozen_and_read_back():
    weights = judge_weights(simulated(50, 9))
    again = JudgeWeights.from_plain(orjson.loads(orjson.dumps(weights.plain())))
    assert again.log_odds({"good": 1.0, "fair": -0.5}) == pytest.approx(
        weights.log_odds({"good": 1.0, "fair": -0.5})
    )
    assert JudgeWeights.from_plain({}) == JudgeWeights()


def test_nothing_is_certain():
    sure = JudgeWeights({None: {"a": 1e6}}, 1)
    assert 0 < sure.likely({"a": -1.0}) < sure.likely({"a": 1.0}) <= 1
