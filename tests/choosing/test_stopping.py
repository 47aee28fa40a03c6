"""Cascades that stop on a belief, on simulated models of which all is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from voters import halves, panel

from tasks.choosing.stopping import Stage, Stopping, Wish, fit_stopping, replayed, thresholds, undominated

USD = np.array([0.001, 0.02])


def sure(n: int = 1200, skills: tuple[float, float] = (0.7, 0.9), seed: int = 1):
    """A cheap and a dear model; the cheap one knows quite well when it is right."""
    known = panel(n, {"cheap": (skills[0],) * 2, "dear": (skills[1],) * 2}, seed)
    random = np.random.default_rng(seed)
    signals = known.right[:, :, None] + random.normal(0, 0.4, (n, 2, 1))
    signals[:, 1] = np.nan
    return replace(known, signals=signals), np.tile(USD, (n, 1))


def folds(n: int) -> np.ndarray:
    return np.arange(n) % 3


def test_a_cascade_is_as_good_as_the_best_model_and_cheaper_on_requests_it_was_not_fitted_to():
    known, usd = sure()
    past, new = halves(known)
    fitted = fit_stopping(past, usd[::2], folds(past.n))
    found = replayed(fitted, new, usd[1::2])
    assert fitted.models == ("cheap", "dear")
    assert fitted.holds
    assert found.right.mean() >= new.right[:, 1].mean() - 0.015
    assert found.usd.mean() < 0.7 * USD[1]


def test_what_may_be_worse_is_cheaper_and_a_budget_is_kept():
    known, usd = sure()
    past, new = halves(known)
    exact, loose, tight = (
        replayed(fit_stopping(past, usd[::2], folds(past.n), wish), new, usd[1::2])
        for wish in (Wish(), Wish(lacking=0.08), Wish(usd=0.005))
    )
    assert loose.usd.mean() < exact.usd.mean()
    assert loose.right.mean() >= new.right[:, 1].mean() - 0.08
    assert tight.usd.mean() <= 0.006


def test_a_wish_out_of_reach_is_told():
    known, usd = sure(400, skills=(0.7, 0.7))
    assert not fit_stopping(known, usd, folds(known.n), Wish(usd=1e-6)).holds


def test_the_best_of_all_answers_is_taken_not_the_last():
    known = panel(1200, {"a": (0.7, 0.7), "b": (0.7, 0.7), "c": (0.6, 0.6)})
    usd = np.tile([0.001, 0.002, 0.003], (known.n, 1))
    past, new = halves(known)
    found = replayed(fit_stopping(past, usd[::2], folds(past.n), Wish(usd=0.006)), new, usd[1::2])
    assert (found.voter < found.asked - 1).any()
    assert found.right.mean() > 0.75


def test_thresholds_rise_with_what_a_right_answer_is_worth():
    random = np.random.default_rng(0)
    chance = random.random(500)
    later = np.clip(chance + 0.5 * (1 - chance), 0, 1)
    stages = [Stage(chance, chance, np.full(500, 0.1)), Stage(later, later, np.full(500, 1.0))]
    (cheap,), (middle,), (dear,) = (thresholds(stages, worth) for worth in (1.0, 4.0, 1000.0))
    assert cheap == 0.0
    assert middle == pytest.approx(0.5, abs=0.02)  # where half of what is missing is worth the next call
    assert dear > 0.99


def test_a_model_that_is_dearer_and_worse_is_left_out():
    known = panel(2000, {"a": (0.5, 0.5), "b": (0.8, 0.8), "c": (0.6, 0.6)})
    assert undominated(known, np.tile([1.0, 2.0, 3.0], (2000, 1))) == ["a", "b"]


def test_a_chain_is_the_same_after_being_kept_as_json():
    known, usd = sure(600)
    fitted = fit_stopping(known, usd, folds(600))
    again = Stopping.from_plain(fitted.plain())
    assert again.plain() == fitted.plain()
    assert (replayed(again, known, usd).chance == replayed(fitted, known, usd).chance).all()
