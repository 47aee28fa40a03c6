"""The interval of a mean holds its confidence for few, bounded and skewed values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.judging.intervals import DIFFERENCES, mean_interval

NIGHTS = 1500


def failing(share, random, size):
    """Pairs that gain 0.05 unless the made row failed."""
    gain = np.clip(random.normal(0.05, 0.1, size), -1, 1)
    return np.where(random.random(size) < share, -0.85, gain)


SHAPES = {
    "bell": lambda random, size: np.clip(random.normal(0.05, 0.15, size), -1, 1),
    "skewed": lambda random, size: random.beta(1, 6, size),
    "skewed down": lambda random, size: -random.beta(0.5, 5, size),
    "at the ceiling": lambda random, size: (
        np.clip(random.normal(0.95, 0.1, size), 0, 1) - np.clip(random.normal(0.85, 0.15, size), 0, 1)
    ),
    "ties and steps": lambda random, size: np.where(
        random.random(size) < 0.6, 0, np.round(random.normal(0.05, 0.1, size) * 20) / 20
    ),
    "1 in 20 failed": lambda random, size: failing(0.05, random, size),
    "1 in 10 failed": lambda random, size: failing(0.1, random, size),
    "1 in 5 failed": lambda random, size: failing(0.2, random, size),
    "yes and no": lambda random, size: (random.random(size) < 0.9) * 1.0 - (random.random(size) < 0.8),
}


@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_true_mean_is_inside_at_the_stated_confidence(shape, n):
    random = np.random.default_rng(7)
    draw = SHAPES[shape]
    truth = draw(random, 1_000_000).mean()
    found = [mean_interval(draw(random, n), DIFFERENCES) for _ in range(NIGHTS)]
    covered = sum(each.low <= truth <= each.high for each in found) / NIGHTS
    assert covered >= 0.925  # 95% less what 1,500 nights leave to chance, and 10 pairs to 20% of failed rows


def test_a_hundred_pairs_are_not_wider_than_they_need_be():
    random = np.random.default_rng(7)
    found = mean_interval(random.normal(0.05, 0.15, 100), DIFFERENCES)
    assert found.high - found.low < 0.068  # Student's t: 0.06


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0, -1.0])
def test_equal_differences_are_no_certainty(value):
    few, many = (mean_interval([value] * n, DIFFERENCES) for n in (10, 1000))
    assert few.high - few.low > 0.15 > 0.02 > many.high - many.low > 0
    assert few.low <= value <= few.high


def test_ten_failures_unseen_are_still_thought_possible():
    assert mean_interval([1.0] * 10).low < 0.9


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_an_interval_stays_within_its_bounds_around_its_mean(scores):
    found = mean_interval(scores)
    assert 0 <= found.low <= found.mean + 1e-9
    assert found.mean - 1e-9 <= found.high <= 1
    assert found.low < found.high


def test_one_score_has_no_interval_and_none_has_no_mean():
    assert mean_interval([]) is None
    one = mean_interval([0.4])
    assert (one.mean, one.low, one.high, one.n) == (0.4, None, None, 1)


def test_more_confidence_is_wider():
    scores = [0.2, 0.5, 0.6, 0.9]
    wide, narrow = mean_interval(scores, level=0.99), mean_interval(scores, level=0.8)
    assert wide.low < narrow.low < narrow.high < wide.high
