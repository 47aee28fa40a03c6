"""The rule by which a figure has drifted: how often it is wrong where nothing happened, and what it sees."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.landing.drift import FEWEST_NIGHTS, Drift, Least, Point, drift

NEVER_TOO_SMALL = Least(0.0)  # so that only the rule itself keeps quiet


def seen(
    values: np.ndarray, least: Least = NEVER_TOO_SMALL, rows: int = 100, *, is_share: bool = False
) -> Drift | None:
    *former, tonight = (Point(float(each), rows) for each in values)
    return drift(tonight, former, least, is_share=is_share)


def share_seen(nights: np.ndarray, **given: bool) -> float:
    return sum(seen(each, **given) is not None for each in nights) / len(nights)


@pytest.mark.parametrize("nights", [8, 14, 30])
@pytest.mark.parametrize(("noise", "most"), [("normal", 0.025), ("lognormal", 0.035), ("heavy tails", 0.045)])
def test_nights_on_which_nothing_happens_are_seldom_flagged(nights: int, noise: str, most: float) -> None:
    """Measured of 4,000, with 8, 14 and 30 former nights: normal 1.5%, 0.8%, 0.2%; lognormal (σ 0.3) 2.5%, 1.5%, 1.0%;
    t with 4 degrees of freedom 2.6%, 2.0%, 1.8%. It is no test of the practical minimum, which only makes them fewer.
    """
    generator = np.random.default_rng(7)
    size = (1500, nights + 1)
    draw = {
        "normal": lambda: generator.standard_normal(size),
        "lognormal": lambda: np.exp(0.3 * generator.standard_normal(size)),
        "heavy tails": lambda: generator.standard_t(4, size),
    }
    assert share_seen(draw[noise]()) < most


def test_shares_of_few_rows_stray_by_chance_and_are_seldom_flagged() -> None:
    """Measured of 4,000: 1.1% at 1% of 50 rows, 0.1% at 5%, with a practical minimum of 3 points."""
    generator = np.random.default_rng(7)
    for share in (0.01, 0.05):
        nights = generator.binomial(50, share, (1500, 31)) / 50
        found = [seen(each, Least(0.03), 50, is_share=True) for each in nights]
        assert sum(each is not None for each in found) / len(found) < 0.02


@pytest.mark.parametrize(("nights", "sigmas"), [(8, 8.0), (30, 5.5)])
def test_a_jump_is_seen_the_night_it_happens(nights: int, sigmas: float) -> None:
    series = np.random.default_rng(7).standard_normal((500, nights + 1))
    series[:, -1] += sigmas
    assert share_seen(series) > 0.9


def test_a_creep_that_no_night_shows_is_seen_over_thirty() -> None:
    noise = np.random.default_rng(7).standard_normal((300, 31))
    creeping = noise + np.linspace(0, 3, 31)
    kinds = [found.kind for each in creeping if (found := seen(each)) is not None]
    assert kinds.count("creep") > 0.8 * len(creeping)
    slopes = [found for each in creeping if (found := seen(each)) and found.kind == "creep"]
    assert np.median([each.now - each.before for each in slopes]) == pytest.approx(3, abs=0.3)


def test_neighbouring_nights_that_are_alike_make_no_creep() -> None:
    """Measured of 4,000: 1.1% with a correlation of 0.3."""
    noise = np.random.default_rng(7).standard_normal((1500, 31))
    for night in range(1, 31):
        noise[:, night] = 0.3 * noise[:, night - 1] + np.sqrt(1 - 0.09) * noise[:, night]
    assert share_seen(noise) < 0.025


def test_one_bad_night_among_the_former_hides_nothing() -> None:
    values = np.array([0.8, 0.81, 0.79, 0.8, 0.1, 0.81, 0.8, 0.79, 0.8, 0.6])
    found = seen(values, Least(0.03))
    assert found is not None
    assert (found.kind, found.before, found.now) == ("jump", 0.8, 0.6)


def test_a_change_that_nobody_would_care_for_is_none() -> None:
    values = np.array([*[0.8, 0.801] * 10, 0.82])
    assert seen(values) is not None
    assert seen(values, Least(0.03)) is None
    assert seen(values, Least(0.0, share=0.03)) is None


def test_too_few_nights_say_nothing() -> None:
    values = np.array([0.8, 0.81] * 8)[:FEWEST_NIGHTS]
    assert seen(np.array([*values[:-1], 0.1])) is None
    assert seen(np.array([*values, 0.1])) is not None


def test_a_small_night_strays_further() -> None:
    former = [Point(value, 400) for value in [1.0, 1.1, 0.9, 1.05, 0.95] * 4]
    assert drift(Point(1.5, 400), former, Least(0.1), is_share=False) is not None
    assert drift(Point(1.5, 20), former, Least(0.1), is_share=False) is None


def test_nights_that_were_all_alike_leave_only_what_is_too_small() -> None:
    assert seen(np.array([*[2.0] * 20, 2.2]), Least(0.1)) is not None
    assert seen(np.array([*[2.0] * 20, 2.05]), Least(0.1)) is None
    assert seen(np.array([*[0.0] * 20, 0.04]), Least(0.03), 25, is_share=True) is None, "one row of 25"
    assert seen(np.array([*[0.0] * 20, 0.2]), Least(0.03), 25, is_share=True) is not None
