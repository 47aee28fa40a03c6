"""The uplift over pairs, by one judge and by several, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.judging.uplift import uplift
from tasks.judging.verdict import FEWEST, WORTH, pairs_wanted, pay, verdict

NIGHTS = 600


def night(random, *, n, judges, apart):
    """Pairs × judges; one made row in twenty failed; judges differ by `apart`."""
    gains = np.where(random.random(n) < 0.05, -0.8, random.normal(0.1, 0.12, n))
    taste = random.normal(0, apart, judges)
    return np.clip(gains[:, None] + taste + random.normal(0, 0.1, (n, judges)), -1, 1)


def true_gain():
    return float(night(np.random.default_rng(0), n=400_000, judges=1, apart=0).mean())


@pytest.mark.parametrize(
    ("n", "judges", "apart"), [(30, 2, 0.1), (30, 3, 0.05), (100, 2, 0.05), (100, 3, 0.1), (100, 5, 0)]
)
def test_with_several_judges_the_interval_answers_for_judges_too(n, judges, apart):
    random, truth = np.random.default_rng(5), true_gain()
    found = [uplift(night(random, n=n, judges=judges, apart=apart)) for _ in range(NIGHTS)]
    covered = sum(each.low <= truth <= each.high for each in found) / NIGHTS
    assert covered >= 0.925
    assert {(each.over, each.judges) for each in found} == {("requests and judges", judges)}


def test_an_interval_over_requests_only_would_not():
    random, truth = np.random.default_rng(5), true_gain()
    found = [uplift(night(random, n=100, judges=3, apart=0.1).mean(axis=1)) for _ in range(NIGHTS)]
    assert sum(each.low <= truth <= each.high for each in found) / NIGHTS < 0.8


def test_one_judge_is_said_to_answer_for_requests_only():
    one = uplift([0.1, 0.2, 0.0] * 10)
    assert (one.over, one.judges, one.between_judges) == ("requests", 1, None)
    assert "this judge's own taste is not in it" in one.caution
    three = uplift(np.tile([0.1, 0.12, 0.11], (30, 1)))
    assert three.caution == ""
    assert "two judges say little" in uplift(np.tile([0.1, 0.2], (30, 1))).caution


def test_a_judge_that_stood_in_for_a_few_pairs_counts_in_them_and_says_nothing_of_taste():
    gap = float("nan")
    found = uplift([[0.1, gap]] * 18 + [[gap, 0.5]] * 2)
    assert (found.n, found.over) == (20, "requests")
    assert found.mean == pytest.approx(0.14)


def test_pairs_that_nobody_scored_are_left_out():
    assert uplift([[float("nan")] * 2]) is None
    assert uplift([]) is None
    one = uplift([0.3])
    assert (one.mean, one.low, one.n) == (0.3, None, 1)


def test_what_does_not_help_is_not_said_to_help():
    """Nothing gained, one row in ten worse by much: at most 2.5% of nights may say that it helps."""
    random = np.random.default_rng(3)
    for n in (10, 40, 200):
        drawn = np.where(random.random((400, n)) < 0.1, -0.45, random.normal(0.05, 0.1, (400, n)))
        answers = [verdict(uplift(each), pay(None, 0.01, 1.0)).answer for each in drawn]
        assert answers.count("helps") / 400 <= 0.03
    assert answers.count("costs more and is not better") > 350


def test_what_helps_is_said_to_help_with_its_price():
    found = uplift([0.2, 0.3, 0.25, 0.1] * 15)
    said = verdict(found, pay(found, 0.02, 3.0))
    assert said.answer == "helps"
    assert "A row costs 0.0200 USD more and takes 3.0 s longer" in said.words
    assert "0.0009 USD for each 0.01 of quality" in said.words


@pytest.mark.parametrize(
    ("usd_extra", "answer"),
    [
        (0.01, "costs more and is not better"),
        (0.0, "does not help"),
        (-0.01, "costs less and is as good"),
        (None, "does not help"),
    ],
)
def test_no_gain_at_a_price_is_told_from_no_gain_for_nothing(usd_extra, answer):
    found = uplift([0.01, -0.01, 0.0] * 60)
    assert found.high < WORTH
    assert verdict(found, pay(found, usd_extra, None)).answer == answer


@pytest.mark.parametrize(
    ("gain", "strays", "usd_extra", "answer"),
    [
        (0.01, 0.05, 0.03, "better by less than matters, and costs more"),
        (0.01, 0.05, None, "better by less than matters"),
        (0.01, 0.05, -0.03, "helps"),
        (0.01, 0.05, 0.0, "helps"),
        (0.2, 0.05, 0.03, "helps"),
        (0.045, 0.1, 0.03, "helps"),
        (-0.02, 0.05, -0.03, "costs less and is as good"),
        (-0.2, 0.05, -0.03, "costs less and is worse"),
        (0.0, 0.9, -0.03, "costs less; whether as good cannot be told yet"),
        (0.0, 0.9, 0.03, "too few pairs to tell"),
        (-0.2, 0.05, 0.03, "costs more and is not better"),
    ],
)
def test_the_answer_is_true_of_the_whole_interval_and_of_the_price(gain, strays, usd_extra, answer):
    found = uplift([gain - strays, gain + strays] * 200)
    said = verdict(found, pay(found, usd_extra, None))
    assert said.answer == answer
    assert ("The recipe is better:" in said.words) == (answer == "helps")


def test_worse_texts_for_less_money_are_not_said_to_be_as_good():
    """Worse by just what matters: at most 2.5% of nights may say that it is as good."""
    random = np.random.default_rng(3)
    for n in (40, 200):
        drawn = np.clip(random.normal(-WORTH, 0.1, (400, n)), -1, 1)
        answers = [verdict(uplift(each), pay(None, -0.01, None)).answer for each in drawn]
        assert answers.count("costs less and is as good") / 400 <= 0.03


@pytest.mark.parametrize("spread", [0.05, 0.15, 0.4])
def test_the_pairs_that_it_asks_for_show_a_gain_on_four_nights_in_five(spread):
    random = np.random.default_rng(3)
    wanted = pairs_wanted(uplift(random.normal(0, spread, 20_000)))
    for gain, margin in ((WORTH, 0.0), (0.0, -WORTH)):
        drawn = np.clip(random.normal(gain, spread, (500, wanted)), -1, 1)
        shown = sum(uplift(each).low > margin for each in drawn) / 500
        assert 0.75 <= shown <= 0.87


def test_few_pairs_and_wide_intervals_are_no_answer():
    few = uplift([0.9] * (FEWEST - 1))
    assert verdict(few, pay(few, 0.01, 1.0)).answer == "too few pairs to tell"
    assert verdict(None, pay(None, None, None)).answer == "too few pairs to tell"
    wide = uplift([0.5, -0.4, 0.1] * 10)
    said = verdict(wide, pay(wide, 0.01, 1.0))
    assert said.answer == "too few pairs to tell"
    assert f"with about {pairs_wanted(wide)} pairs" in said.words
    assert wide.n < pairs_wanted(wide) < 20 * wide.n


def test_where_judges_differ_more_pairs_are_not_what_is_missing():
    found = uplift(np.tile([0.3, -0.3], (50, 1)))
    said = verdict(found, pay(found, 0.01, 1.0))
    assert said.answer == "too few pairs to tell"
    assert "more judges tell more than more pairs" in said.words


def test_a_point_has_a_price_only_where_something_is_gained_and_paid():
    gain, loss = uplift([0.1, 0.3] * 10), uplift([-0.1, -0.3] * 10)
    not_shown = uplift([0.5, -0.3] * 10)
    assert not_shown.mean > 0 > not_shown.low
    assert pay(not_shown, 0.1, None).usd_per_uplift is None
    assert pay(gain, 0.1, None).usd_per_uplift == pytest.approx(0.5)
    assert pay(loss, 0.1, None).usd_per_uplift is pay(gain, -0.1, None).usd_per_uplift is None
