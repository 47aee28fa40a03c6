"""Thresholds fitted to outcomes whose truth is known, and to what real models answered."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.choosing import thresholds
from tasks.choosing.outcomes import Outcomes, gathered
from tasks.choosing.thresholds import Fitted, Goal, alone, fit, fit_chain, tried_on

CHAINS = Path("/work/shared/data/outcomes/chains.parquet")
NAMES = ("cheap", "middle", "strong", "strongest", "last")
USD = (0.1, 1.0, 5.0, 10.0, 20.0)


def world(n: int, skills: tuple[float, ...] = (0.6, 0.95), *, sharp: float = 4.0, seed: int = 1) -> Outcomes:
    """Requests of unlike difficulty; each model is right as often as its skill says, and its signal tells how likely."""
    random = np.random.default_rng(seed)
    hard = random.normal(size=(n, 1))
    lean = np.log(np.array(skills) / (1 - np.array(skills)))
    chance = 1 / (1 + np.exp(hard * 1.5 - lean))
    quality = (random.random(chance.shape) < chance).astype(float)
    noise = random.normal(scale=1 / sharp, size=chance.shape)
    signal = np.clip(chance + noise, 0, 1)
    usd = np.broadcast_to(np.array(USD[: len(skills)]), chance.shape).copy()
    return Outcomes(NAMES[: len(skills)], signal, quality, usd)


def told(n: int, seed: int = 1) -> Outcomes:
    """The cheap model is right half the time and its signal says when; the strong one always is."""
    right = (np.random.default_rng(seed).random((n, 1)) < 0.5).astype(float)
    ones = np.ones((n, 1))
    usd = np.concatenate([ones, 10 * ones], axis=1)
    return Outcomes(
        ("cheap", "strong"), np.concatenate([right, ones], axis=1), np.concatenate([right, ones], axis=1), usd
    )


def test_a_signal_that_tells_right_from_wrong_asks_the_strong_model_only_when_it_has_to() -> None:
    fitted = fit(told(1000), Goal(quality=0.99))
    assert fitted.holds
    assert fitted.quality.mean == 1.0
    assert fitted.shares[0] == pytest.approx(0.5, abs=0.05)
    assert fitted.usd.mean == pytest.approx(6.0, abs=0.4)
    assert 0 < fitted.accept[0] <= 1


def test_a_modest_wish_is_met_by_the_cheap_model_alone() -> None:
    fitted = fit(told(1000), Goal(quality=0.4))
    assert fitted.accept == (0.0,)
    assert fitted.shares == (1.0, 0.0)
    assert fitted.usd.mean == 1.0


def test_a_wish_out_of_reach_says_so_and_gives_what_comes_closest() -> None:
    fitted = fit(world(500, (0.5, 0.7)), Goal(quality=0.99))
    assert not fitted.holds
    assert fitted.quality.mean >= max(each.quality.mean for each in alone(world(500, (0.5, 0.7)))) - 0.02


def test_a_wished_cost_is_kept_and_the_quality_is_the_most_for_it() -> None:
    outcomes = world(3000)
    dearer, cheaper = (fit(outcomes, Goal(usd=usd)) for usd in (0.8, 0.4))
    assert cheaper.usd.high <= 0.42
    assert dearer.usd.high <= 0.84
    assert dearer.quality.mean > cheaper.quality.mean > outcomes.quality[:, 0].mean()
    assert fit(outcomes, Goal(usd=0.01)).holds is False


@pytest.mark.parametrize("seed", range(3))
def test_no_other_combination_of_the_grid_is_cheaper(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thresholds, "FINEST", 8)
    outcomes, target = world(300, (0.5, 0.75, 0.95), seed=seed), 0.75
    fitted = fit(outcomes, Goal(quality=target))
    cheapest = np.inf
    for accept in product(*thresholds._grids(outcomes, 8)):
        other = tried_on(
            outcomes, Fitted(outcomes.models, accept, fitted.quality, fitted.usd, (), holds=True, n=0)
        )
        variance = np.array([other.quality.mean * (1 - other.quality.mean)])
        low = thresholds._lower(np.array([other.quality.mean]), variance, outcomes.n)[0]
        if low >= target:
            cheapest = min(cheapest, other.usd.mean)
    assert fitted.holds
    assert fitted.usd.mean == pytest.approx(cheapest)


def test_what_was_wished_holds_on_requests_that_it_was_not_fitted_to() -> None:
    truth = world(60_000, (0.5, 0.8, 0.95), seed=99)
    kept = 0
    for seed in range(40):
        fitted = fit(world(250, (0.5, 0.8, 0.95), seed=seed), Goal(quality=0.8))
        kept += not fitted.holds or tried_on(truth, fitted).quality.mean >= 0.8
    assert kept >= 38, "a fit without a margin keeps it a third of the time"


def test_a_wished_cost_holds_on_requests_that_it_was_not_fitted_to() -> None:
    truth = world(60_000, seed=99)
    kept = sum(
        tried_on(truth, fit(world(250, seed=seed), Goal(usd=0.5))).usd.mean <= 0.5 for seed in range(40)
    )
    assert kept >= 38


def test_intervals_are_wider_where_there_are_fewer_requests() -> None:
    few, many = (fit(world(n), Goal(quality=0.5)) for n in (60, 6000))
    assert few.quality.high - few.quality.low > 3 * (many.quality.high - many.quality.low)
    assert few.quality.low <= few.quality.mean <= few.quality.high


def test_the_same_outcomes_give_the_same_thresholds() -> None:
    assert fit(world(400), Goal(quality=0.7)) == fit(world(400), Goal(quality=0.7))


def test_a_long_chain_is_fitted_two_thresholds_at_a_time_and_comes_near_the_best() -> None:
    skills = (0.4, 0.6, 0.75, 0.9, 0.97)
    outcomes = world(1500, skills)
    fitted = fit(outcomes, Goal(quality=0.8))
    shorter = fit(outcomes.of(("middle", "strong", "strongest", "last")), Goal(quality=0.8))
    assert fitted.holds
    assert len(fitted.accept) == 4
    assert fitted.usd.mean <= 1.1 * shorter.usd.mean


def test_the_best_chain_leaves_out_a_model_that_is_dear_and_poor() -> None:
    outcomes = world(2000, (0.6, 0.3, 0.95))
    best = fit_chain(outcomes, Goal(quality=0.75))
    assert best.models == ("cheap", "strong")
    assert best.usd.mean <= fit(outcomes, Goal(quality=0.75)).usd.mean


def test_the_best_chain_may_be_one_model() -> None:
    outcomes = world(2000, (0.9, 0.5, 0.5))
    assert fit_chain(outcomes, Goal(quality=0.7)).models == ("cheap",)


def test_the_best_chain_is_no_longer_than_wished() -> None:
    outcomes = world(400, (0.4, 0.6, 0.75, 0.9))
    assert len(fit_chain(outcomes, Goal(quality=0.6), longest=2).models) <= 2


def test_graded_scores_need_less_of_a_margin_than_yes_and_no() -> None:
    graded = Outcomes(("one",), np.full((100, 1), 0.5), np.full((100, 1), 0.8), np.ones((100, 1)))
    right = np.concatenate([np.ones((80, 1)), np.zeros((20, 1))])
    binary = Outcomes(("one",), np.full((100, 1), 0.5), right, np.ones((100, 1)))
    assert fit(graded, Goal(quality=0.75)).holds
    assert not fit(binary, Goal(quality=0.75)).holds


def test_a_goal_is_one_thing_and_there_has_to_be_something_to_fit_to() -> None:
    for wrong in ({}, {"quality": 0.5, "usd": 1.0}):
        with pytest.raises(ValueError, match="a quality or a cost"):
            Goal(**wrong)
    nothing = Outcomes(("one",), *(np.zeros((0, 1)) for _ in range(3)))
    with pytest.raises(ValueError, match="nothing to fit to"):
        fit(nothing, Goal(quality=0.5))


def test_rows_become_outcomes_of_the_requests_that_have_all_models() -> None:
    def row(request: str, model: str, signal: float | None = 0.5) -> dict[str, object]:
        return {"request_id": request, "model": model, "signal": signal, "quality": 1, "usd": 0.1}

    rows = [
        row("a", "x", 0.7), row("a", "y"), row("a", "x", 0.1), row("b", "x"), row("c", "x"), row("c", "y", None),
        row("d", "other"),
    ]  # fmt: skip
    found = gathered(rows, ("y", "x"))
    assert (found.outcomes.n, found.incomplete, found.repeated) == (1, 2, 1)
    assert found.outcomes.signal.tolist() == [[0.5, 0.7]]
    assert gathered([], ("x",)).outcomes.n == 0


@pytest.mark.skipif(not CHAINS.exists(), reason="the recordings are not here")
@pytest.mark.parametrize("task", ["medmcqa", "mmlu", "triviaqa"])
@pytest.mark.parametrize(
    "chain", [("llama3.1-8b", "llama3.1-70b", "llama3.1-405b"), ("gpt-4o-mini", "gpt-4o")]
)
def test_real_models_keep_the_wished_quality_for_less_on_held_out_questions(
    task: str, chain: tuple[str, ...]
) -> None:
    outcomes = recorded(task, chain)
    target = float(outcomes.quality[:, -1].mean()) - 0.05
    folds = np.array_split(np.random.default_rng(1).permutation(outcomes.n), 5)
    held_out = []
    for fold in folds:
        others = np.setdiff1d(np.arange(outcomes.n), fold)
        held_out.append(tried_on(outcomes.rows(fold), fit(outcomes.rows(others), Goal(quality=target))))
    weights = [each.n for each in held_out]
    assert np.average([each.quality.mean for each in held_out], weights=weights) >= target
    saved = 1 - np.average([each.usd.mean for each in held_out], weights=weights) / outcomes.usd[:, -1].mean()
    assert saved > 0.3


def recorded(task: str, chain: tuple[str, ...]) -> Outcomes:
    table = pd.read_parquet(CHAINS, filters=[("dataset", "=", task)])
    rows = pd.DataFrame(
        {
            "request_id": table["split"].astype(str) + table["qid"].astype(str),
            "model": table["model"].astype(str),
            "signal": np.exp(table["logprob_conf"]).clip(0, 1),
            "quality": table["correct"].astype(float),
            "usd": table["cost_usd"],
        }
    )
    return gathered(rows.to_dict("records"), chain).outcomes
