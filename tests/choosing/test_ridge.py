"""Groups of features are as strong as the rows show them to be."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.choosing.ridge import solved, strengths_of

RANDOM = np.random.default_rng(7)


def simulated(rows: int, *, noise: float = 1.0):
    """Two groups of ten features; only the first tells something."""
    groups = [(RANDOM.normal(size=(rows, 10)) / np.sqrt(10)).astype(np.float32) for _ in range(2)]
    truth = np.array([2.0, -2.0] * 5, dtype=np.float32)
    return groups, truth, (groups[0] @ truth + noise * RANDOM.normal(size=rows)).astype(np.float32)


@pytest.mark.parametrize("rows", [15, 600], ids=["fewer rows than features", "more rows than features"])
def test_a_group_that_tells_something_outweighs_one_that_does_not(rows):
    groups, _, values = simulated(rows, noise=0.3)
    telling, silent = strengths_of(groups, values)
    assert telling > 10 * silent


def test_the_weights_are_found_again():
    groups, truth, values = simulated(3000, noise=0.3)
    weights = solved(groups, strengths_of(groups, values), values)
    assert np.abs(weights[:10] - truth).max() < 0.15
    assert np.abs(weights[10:]).max() < 0.15


def test_both_ways_to_solve_give_the_same():
    groups, _, values = simulated(20)
    few = solved([each[:19] for each in groups], [0.3, 0.1], values[:19])
    scaled = np.concatenate(groups, axis=1)[:19] * np.repeat(np.sqrt([0.3, 0.1]), 10)
    directly = np.linalg.solve(scaled.T @ scaled + np.eye(20), scaled.T @ values[:19]) * np.repeat(
        np.sqrt([0.3, 0.1]), 10
    )
    assert few == pytest.approx(directly, abs=1e-4)


def test_nothing_is_learnt_where_nothing_differs():
    groups, _, values = simulated(20)
    strengths = strengths_of(groups, values * 0)
    assert not solved(groups, strengths, values * 0).any()
