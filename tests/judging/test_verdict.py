"""Whether the extra calls pay, as it is put into words."""

from __future__ import annotations

import numpy as np

from tasks.judging.uplift import uplift
from tasks.judging.verdict import pay, verdict


def test_too_few_pairs_are_said_in_a_sentence():
    few = uplift(np.array([0.1, 0.2, 0.1, 0.3, 0.1, 0.2]))
    said = verdict(few, pay(few, 0.01, 1.0)).words
    assert said == "Nothing can be said yet: 6 pairs with the single call, and it takes 10 at least."


def test_seconds_that_round_to_nothing_are_no_difference():
    found = uplift(np.arange(40) % 5 / 100)
    for seconds, words in (
        (0.04, " and takes as long"),
        (-0.04, " and takes as long"),
        (-0.3, " and takes 0.3 s less"),
        (2, " and takes 2.0 s longer"),
    ):
        said = verdict(found, pay(found, 0.01, seconds)).words
        assert f"A row costs 0.0100 USD more{words}" in said
        assert "0.0 s" not in said
