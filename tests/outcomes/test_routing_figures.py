"""RouteLLM's figures on curves that are known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.outcomes.judges import half, strict
from tests.outcomes.routing_figures import apgr, made_up, order, strong_calls_for

GAINS = np.array([1.0, 0.0] * 50)


def test_a_router_that_knows_nothing_has_half():
    pgr = made_up(order(np.zeros(100)), GAINS)
    assert apgr(pgr) == pytest.approx(0.5)
    assert strong_calls_for(pgr, 0.8) == pytest.approx(0.8)


def test_a_router_that_knows_all_needs_half_the_calls_for_the_whole_gap():
    pgr = made_up(order(GAINS), GAINS)
    assert apgr(pgr) == pytest.approx(0.75)
    assert strong_calls_for(pgr, 1.0) == pytest.approx(0.5)
    assert strong_calls_for(pgr, 0.5) == pytest.approx(0.25)


def test_the_wrong_way_round_is_worse_than_nothing():
    assert apgr(made_up(order(-GAINS), GAINS)) == pytest.approx(0.25)


def test_no_preference_counts_as_the_rule_says():
    towards = np.array([0.5, 0.0, -1.0])
    assert list(strict(towards)) == [1, 0, 0]
    assert list(half(towards)) == [1, 0.5, 0]
