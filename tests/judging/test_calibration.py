"""Judges held against people."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.judging.calibration import Rated, calibrated_uplift, calibration
from tasks.judging.uplift import uplift

NIGHTS = 300


def night(random, *, pairs, rated, favour=0.0, squeeze=0.6):
    """Differences that a judge found and texts that people rated, of pairs whose truth is known.

    The judge squeezes scores together, and adds `favour` to the made texts whatever they are worth.
    """
    made, baseline = (np.clip(random.normal(mean, 0.15, pairs), 0, 1) for mean in (0.7, 0.62))
    judged_made = np.clip(0.3 + squeeze * made + favour + random.normal(0, 0.08, pairs), 0, 1)
    judged_baseline = np.clip(0.3 + squeeze * baseline + random.normal(0, 0.08, pairs), 0, 1)
    people = [np.clip(each + random.normal(0, 0.1, pairs), 0, 1) for each in (made, baseline)]
    texts = [Rated(judged_made[at], people[0][at]) for at in range(rated)]
    texts += [Rated(judged_baseline[at], people[1][at], "baseline") for at in range(rated)]
    return judged_made - judged_baseline, texts, made - baseline


@pytest.mark.parametrize(("pairs", "rated", "favour"), [(40, 15, 0.1), (150, 60, 0.1), (150, 60, 0.0)])
def test_the_calibrated_uplift_covers_what_people_would_say(pairs, rated, favour):
    random = np.random.default_rng(4)
    truth = night(random, pairs=200_000, rated=0)[2].mean()
    covered = 0
    for _ in range(NIGHTS):
        differences, texts, _ = night(random, pairs=pairs, rated=rated, favour=favour)
        found = calibrated_uplift(differences, texts)
        covered += found.low <= truth <= found.high
    assert covered / NIGHTS >= 0.93


def test_a_judge_that_favours_an_arm_is_found_out():
    random = np.random.default_rng(4)
    differences, texts, true = night(random, pairs=400, rated=300, favour=0.2)
    found = calibrated_uplift(differences, texts)
    assert uplift(differences).low > true.mean() + 0.05
    assert found.mean == pytest.approx(true.mean(), abs=0.04)


def test_what_few_ratings_leave_open_is_in_the_interval():
    random = np.random.default_rng(4)
    differences, texts, _ = night(random, pairs=300, rated=150)
    few, many = (
        calibrated_uplift(differences, [*texts[:12], *texts[-12:]]),
        calibrated_uplift(differences, texts),
    )
    plain = uplift(differences)
    assert few.high - few.low > many.high - many.low > plain.high - plain.low


def test_few_ratings_or_ratings_of_one_arm_calibrate_nothing():
    random = np.random.default_rng(4)
    differences, texts, _ = night(random, pairs=60, rated=50)
    assert calibrated_uplift(differences, texts[41:60]) is None
    assert calibrated_uplift(differences, texts[:50]) is None
    assert calibrated_uplift([], texts) is None
    assert calibration(texts[:19]) is None
    assert calibration(texts[:20]).n == 20


def test_a_calibration_says_how_judges_relate_to_people():
    random = np.random.default_rng(4)
    people = random.uniform(0.2, 0.9, 200)
    strict = calibration([Rated(0.5 * each, each) for each in people])
    assert strict.bias < 0
    assert "lower than people" in strict.caution
    assert strict.correlation == pytest.approx(1)
    assert strict.people_say(0.2) == pytest.approx(0.4, abs=0.1)
    assert 0 <= strict.people_say(0.0) <= strict.people_say(1.0) <= 1
    deaf = calibration(
        [Rated(score, each) for score, each in zip(random.uniform(0, 1, 200), people, strict=True)]
    )
    assert "do not follow people's ratings" in deaf.caution
    assert abs(deaf.slope) < 0.2
    even = calibration([Rated(0.8, 0.8)] * 30)
    assert (even.correlation, even.slope) == (None, 1)
