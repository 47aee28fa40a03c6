"""What was seen, shrunk towards what was believed: the mean moves with the evidence, the interval tells how much there is."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.choosing.estimate import Estimate, Seen, shrunk

SHARES = st.floats(0, 1)
COUNTS = st.floats(0, 1e6)


@given(COUNTS, SHARES, SHARES, st.floats(0.5, 1000))
def test_an_interval_stays_within_nought_and_one_and_holds_the_mean(
    n: float, mean: float, believed: float, weight: float
) -> None:
    estimate = shrunk(Seen(n, mean), believed, weight)
    assert 0 <= estimate.low <= estimate.mean + 1e-9
    assert estimate.mean - 1e-9 <= estimate.high <= 1


def test_nothing_seen_is_what_was_believed() -> None:
    estimate = shrunk(Seen(), 0.9, 10)
    assert (estimate.mean, estimate.n, estimate.weight) == (0.9, 0, 10)


def test_much_evidence_outweighs_what_was_believed_and_little_does_not() -> None:
    assert shrunk(Seen(1000, 0.6), 0.9, 10).mean == pytest.approx(0.6, abs=0.01)
    assert shrunk(Seen(1, 0.0), 0.9, 10).mean > 0.8


def test_an_interval_is_wide_where_little_was_seen_and_narrows_with_more() -> None:
    widths = [
        estimate.high - estimate.low
        for estimate in (shrunk(Seen(n, 0.8), 0.8, 2) for n in (0, 3, 30, 300, 3000))
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 0.5
    assert widths[-1] < 0.05


@pytest.mark.parametrize("truth", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("n", [20, 200])
def test_an_interval_covers_the_truth_nineteen_times_in_twenty(truth: float, n: int) -> None:
    random = Random(1)
    covered, tries = 0, 1500
    for _ in range(tries):
        mean = sum(random.random() < truth for _ in range(n)) / n
        estimate = Estimate(mean, n, n)
        covered += estimate.low <= truth <= estimate.high
    assert 0.91 <= covered / tries <= 0.985


def test_an_interval_of_graded_scores_covers_at_least_as_often() -> None:
    random = Random(2)
    covered = 0
    for _ in range(500):
        mean = sum(random.betavariate(8, 2) for _ in range(20)) / 20
        estimate = Estimate(mean, 20, 20)
        covered += estimate.low <= 0.8 <= estimate.high
    assert covered / 500 >= 0.95


def test_observations_are_added_by_their_weight() -> None:
    seen = Seen().plus(3, 1.0).plus(1, 0.0)
    assert (seen.n, seen.mean) == (4, 0.75)
    assert seen.plus(0, 0.3) == seen
    assert Seen().plus(0, 0.3) == Seen()


def test_a_draw_is_near_the_mean_where_much_is_known_and_far_where_little_is() -> None:
    random = Random(3)
    known = [Estimate(0.8, 5000, 5000).draw(random) for _ in range(200)]
    unknown = [Estimate(0.8, 2, 2).draw(random) for _ in range(200)]
    assert max(known) - min(known) < 0.05
    assert max(unknown) - min(unknown) > 0.5
    assert sum(known) / 200 == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_what_is_certain_can_be_drawn_from_too(mean: float) -> None:
    assert Estimate(mean, 10, 10).draw(Random(4)) == pytest.approx(mean, abs=1e-3)
