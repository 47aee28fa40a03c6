"""How far judges agree, and what sways them."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from tasks.judging.judge_agreement import MOST_TEXTS, judge_agreement
from tasks.judging.judge_cautions import near_the_top, of_a_writers_family, place_verdicts, preference

NOBODY = float("nan")


def scored(*, noise, texts=60, judges=3, seed=1):
    random = np.random.default_rng(seed)
    truth = random.uniform(0, 1, texts)
    return np.clip(truth + random.normal(0, noise, (judges, texts)), 0, 1)


def test_alpha_is_the_librarys():
    table = np.round(scored(noise=0.2), 2)
    table[0, :10] = table[1, 20:30] = NOBODY
    alpha = import_module("krippendorff").alpha(reliability_data=table, level_of_measurement="interval")
    found = judge_agreement(table)
    assert found.alpha == pytest.approx(alpha)
    assert found.low < found.alpha < found.high
    assert (found.judges, found.texts) == (3, 60)


def test_the_interval_of_alpha_covers_that_of_many_texts():
    truth = judge_agreement(scored(noise=0.2, texts=MOST_TEXTS)).alpha
    found = [judge_agreement(scored(noise=0.2, texts=40, seed=seed)) for seed in range(40)]
    assert sum(each.low <= truth <= each.high for each in found) >= 34


def test_texts_of_one_request_are_drawn_together_as_they_are_alike():
    once = scored(noise=0.2, texts=40)
    twice, requests = np.repeat(once, 2, axis=1), np.repeat(np.arange(40), 2)
    alone, together, apart = judge_agreement(once), judge_agreement(twice, requests), judge_agreement(twice)
    width = alone.high - alone.low
    assert together.high - together.low == pytest.approx(width, rel=0.1)
    assert apart.high - apart.low < 0.8 * width, "each for itself, they seem to tell more than they do"


def test_of_many_requests_all_texts_are_drawn_or_none():
    twice, requests = np.repeat(scored(noise=0.2, texts=600), 2, axis=1), [*range(600), *range(600)]
    twice = np.concatenate([twice[:, ::2], twice[:, 1::2]], axis=1)
    few = judge_agreement(scored(noise=0.2, texts=MOST_TEXTS // 2))
    found = judge_agreement(twice, requests)
    assert found.texts == 1200
    assert found.high - found.low == pytest.approx(few.high - few.low, rel=0.25)


def test_low_agreement_is_cautioned_against_and_high_is_not():
    assert judge_agreement(scored(noise=0.02)).caution == ""
    assert "do not agree (Krippendorff's alpha 0." in judge_agreement(scored(noise=0.6)).caution


def test_a_judge_stricter_by_a_constant_counts_as_disagreement():
    table = scored(noise=0.01, judges=2) * 0.5
    stricter = np.array([[0.0], [0.4]])
    assert judge_agreement(table + stricter).alpha < 0.667 < judge_agreement(table).alpha


def test_few_texts_and_equal_scores_are_said_to_tell_nothing():
    few = judge_agreement(scored(noise=0.02, texts=5))
    assert "only 5 texts" in few.caution
    same = judge_agreement(np.full((2, 30), 0.8))
    assert same.alpha is None
    assert "the same score" in same.caution


def test_one_judge_has_nobody_to_agree_with():
    alone = judge_agreement(scored(noise=0.1, judges=1))
    assert (alone.alpha, alone.judges, alone.caution) == (None, 1, "")
    assert judge_agreement(np.zeros((0, 0))).alpha is None
    gaps = np.full((2, 4), NOBODY)
    gaps[0, :2], gaps[1, 2:] = 0.5, 0.6
    assert judge_agreement(gaps).texts == 0


def test_many_texts_are_drawn_from_and_come_to_the_same():
    many, few = scored(noise=0.2, texts=5000), scored(noise=0.2, texts=MOST_TEXTS, seed=2)
    found = judge_agreement(many)
    assert found.texts == 5000
    assert found.alpha == pytest.approx(judge_agreement(few).alpha, abs=0.06)
    assert found == judge_agreement(many), "the draw is seeded"


def test_a_judge_of_a_writers_family_is_named_with_the_arm():
    judges = {"mistral": "mistral", "haiku": "claude", "odd": None}
    writers = {"made": {"gpt-4": "openai", "claude": "claude"}, "baseline": {"gpt-4": "openai", "free": None}}
    (caution,) = of_a_writers_family(judges, writers)
    assert "the judge haiku is of the family claude, as claude of the arm made" in caution


def test_pairs_in_both_orders_give_the_preference_and_the_flips():
    better, worse, flips = place_verdicts(1, 1), place_verdicts(0, 0), place_verdicts(1, 0)
    assert (better.preference, worse.preference, flips.preference) == (1, -1, 0)
    assert better.holds
    assert flips.flips
    steady = preference("critic", [better] * 9 + [flips])
    assert (steady.mean, steady.caution) == (0.9, "")
    assert "preferred the same place in 50%" in preference("critic", [better, flips] * 6).caution
    assert preference("critic", [flips] * 3).caution == "", "three pairs are no habit"
    assert preference("critic", []) is None


def test_scores_at_the_end_of_the_scale_are_warned_of_with_their_share():
    assert near_the_top({"made": 0.24, "baseline": 0.0}) == ""
    said = near_the_top({"made": 0.4, "baseline": 0.1})
    assert "40% of those of the arm made" in said
    assert "baseline" not in said
    assert "may be understated" in said
