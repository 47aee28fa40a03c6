"""What past runs say of models, shrunk to what the models file says, fading with age."""

from __future__ import annotations

import json
from typing import Any

import pytest
from choosing_rig import catalog

from tasks.choosing.estimates import (
    BELIEF,
    UNKNOWN_STRENGTH,
    USUAL_ERRORS,
    Estimates,
    Observed,
    fading,
    learnt,
    strength,
)

MODELS = catalog().models
MIDDLE = MODELS["middle"]


def night(model: str = "middle", **seen: Any) -> Observed:
    usual = {"task": "analysis", "calls": 10, "judged": 10, "quality": 0.5}
    return Observed(model, **{**usual, **seen})


def test_a_model_that_nobody_measured_has_its_catalogs_strength() -> None:
    estimate = Estimates().quality_of("middle", MIDDLE, "analysis")
    assert (estimate.mean, estimate.n, estimate.weight) == (0.85, 0, BELIEF)


def test_a_strength_that_nobody_gave_is_a_weak_belief() -> None:
    estimate = Estimates().quality_of("middle", MIDDLE, "law")
    assert estimate.mean == UNKNOWN_STRENGTH
    assert estimate.high - estimate.low > 0.7
    one_night = learnt([night(task="law", quality=0.9)])
    assert one_night.quality_of("middle", MIDDLE, "law").mean > 0.8


def test_a_hundred_nights_outweigh_the_catalog() -> None:
    estimate = learnt([night()] * 100).quality_of("middle", MIDDLE, "analysis")
    assert estimate.mean == pytest.approx(0.5, abs=0.005)
    assert estimate.n == 1000


def test_one_night_moves_it_only_so_far() -> None:
    assert learnt([night(judged=1, quality=0.0)]).quality_of("middle", MIDDLE, "analysis").mean > 0.75


def test_a_night_counts_half_after_thirty_days() -> None:
    assert (fading(0), fading(30), fading(60)) == (1, 0.5, 0.25)
    assert learnt([night(age_days=30)]).quality_of("middle", MIDDLE, "analysis").n == 5


def test_newer_nights_win_over_older_ones() -> None:
    nights = [night(judged=100, quality=0.9, age_days=120), night(judged=100, quality=0.4)]
    assert learnt(nights).quality_of("middle", MIDDLE, "analysis").mean < 0.5


def test_another_task_of_the_model_says_nothing_of_this_one() -> None:
    estimates = learnt([night(task="writing", judged=500)])
    assert estimates.quality_of("middle", MIDDLE, "analysis").mean == 0.85
    assert estimates.quality_of("middle", MIDDLE, None).mean == pytest.approx(0.5, abs=0.02)


def test_a_type_of_request_is_drawn_towards_the_task_where_it_was_seen_little() -> None:
    estimates = learnt(
        [
            night(request_type="law", judged=400, quality=0.9),
            night(request_type="code", judged=4, quality=0.1),
        ]
    )
    at = {kind: estimates.quality_of("middle", MIDDLE, "analysis", kind) for kind in ("law", "code", "new")}
    assert at["law"].mean == pytest.approx(0.9, abs=0.01)
    assert 0.5 < at["code"].mean < 0.8
    assert at["code"].high - at["code"].low > at["law"].high - at["law"].low
    assert at["new"] == estimates.quality_of("middle", MIDDLE, "analysis")


def test_types_add_up_to_their_task() -> None:
    kinds = [night(request_type="a", quality=0.2), night(request_type="b", quality=0.8)]
    estimate = learnt(kinds).quality_of("middle", None, "analysis")
    assert estimate.n == 20
    assert estimate.mean == pytest.approx(0.5)


def test_tokens_and_seconds_are_of_the_task_else_of_all_tasks_else_unknown() -> None:
    estimates = learnt(
        [
            night(tokens_out=100.0, seconds=1.0),
            night(task="writing", calls=30, tokens_out=500.0, seconds=3.0),
        ]
    )
    assert estimates.tokens_out("middle", "analysis") == 100
    assert estimates.tokens_out("middle", "code") == pytest.approx(400)
    assert estimates.seconds("middle", "code") == pytest.approx(2.5)
    assert estimates.tokens_out("small", "code") is estimates.seconds("small", "code") is None


def test_failed_calls_raise_the_error_rate_and_say_nothing_of_tokens() -> None:
    assert Estimates().error_rate("middle").mean == USUAL_ERRORS
    estimates = learnt(
        [night(calls=100, errors=50, tokens_out=80.0), night(calls=100, errors=0, tokens_out=20.0)]
    )
    assert 0.15 < estimates.error_rate("middle").mean < 0.25
    assert estimates.tokens_out("middle", "analysis") == pytest.approx(40)


def pair(first: str, second: str, quality: float, task: str = "writing") -> Observed:
    return Observed(second, task, after=first, judged=100, quality=quality)


def test_a_pair_is_as_compatible_as_the_catalog_says_until_something_compares_with_it() -> None:
    given = catalog().compatibility
    assert Estimates().compatibility("strong", "middle", given).mean == 0.6
    alone = [night(task="writing", judged=100, quality=0.4), pair("strong", "middle", 0.4)]
    assert learnt(alone).compatibility("strong", "middle", given).mean == pytest.approx(0.6)


def test_a_model_that_does_worse_after_one_than_after_others_matches_it_less() -> None:
    nights = [
        night(task="writing", judged=200, quality=0.6), pair("strong", "middle", 0.4), pair("small", "middle", 0.8),
    ]  # fmt: skip
    estimates = learnt(nights)
    assert estimates.compatibility("strong", "middle", {}).mean < 0.7
    assert estimates.compatibility("small", "middle", {}).mean > 0.95


def test_a_hard_task_after_one_model_is_not_a_bad_match() -> None:
    nights = [
        night(task="law", judged=100, quality=0.3), pair("strong", "middle", 0.3, "law"),
        night(task="writing", judged=100, quality=0.9), pair("small", "middle", 0.9),
    ]  # fmt: skip
    estimates = learnt(nights)
    after = [estimates.compatibility(first, "middle", {}).mean for first in ("strong", "small")]
    assert after[0] == pytest.approx(after[1])


def test_pairs_count_in_no_other_figure() -> None:
    with_pair = learnt([night(), pair("strong", "middle", 0.1, "analysis")])
    assert with_pair.quality == learnt([night()]).quality
    assert with_pair.work == learnt([night()]).work


def test_what_a_plan_freezes_comes_back_as_it_was() -> None:
    estimates = learnt(
        [
            night(request_type="a", tokens_in=5.0, tokens_out=7.0, seconds=0.5, age_days=3),
            night("small", task=None, quality=None, judged=0),
            pair("strong", "middle", 0.7),
        ],
        runs=2,
    )
    assert Estimates.from_plain(json.loads(json.dumps(estimates.plain()))) == estimates
    assert Estimates.from_plain({}) == Estimates()


def test_a_run_adds_to_what_was_known_and_leaves_it_as_it_is() -> None:
    before = learnt([night(age_days=10)], runs=3)
    frozen = before.plain()
    after = learnt([night(quality=0.9)], known=before, runs=1)
    assert before.plain() == frozen
    assert after == learnt([night(age_days=10), night(quality=0.9)], runs=4)


def test_a_strength_at_any_task_is_the_mean_of_all() -> None:
    assert strength(MODELS["strong"], None) == pytest.approx(0.875)
    assert strength(MODELS["strong"], "analysis") == 0.95
    assert strength(MODELS["strong"], "law") is strength(None, None) is None
