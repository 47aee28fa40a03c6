"""Which model a need gets: the cheapest that reaches the floor, else the best; and why others cannot be taken."""

from __future__ import annotations

from typing import Any

import pytest
from choosing_rig import known

from tasks.choosing.estimates import Estimates, Observed, learnt
from tasks.choosing.ranking import Ranking, Wanted


def ranked(estimates: Estimates | None = None, away: dict[str, str] | None = None, **wanted: Any) -> Ranking:
    return known(estimates).rank(Wanted(**{"task": "analysis", **wanted}), away)


def names(ranking: Ranking) -> list[str]:
    return [each.name for each in ranking.models]


def test_without_a_floor_the_best_comes_first() -> None:
    assert names(ranked()) == ["strong", "strange", "middle", "small"]
    assert names(ranked(task="writing"))[0] == "middle"


def test_with_a_floor_the_cheapest_that_reaches_it_comes_first() -> None:
    ranking = ranked(quality=0.8)
    assert names(ranking)[0] == "middle"
    assert [each.name for each in ranking.models if each.fits] == ["middle", "strong", "strange"]
    assert ranked(quality=0.5).models[0].name == "small"


def test_where_none_reaches_the_floor_the_closest_comes_first() -> None:
    ranking = ranked(quality=0.99)
    assert ranking.models[0].name == "strong"
    assert ranking.models[0].below == pytest.approx(0.04)
    assert not ranking.models[0].fits


@pytest.mark.parametrize(
    ("wanted", "floor"),
    [
        ({}, None),
        ({"quality": 0.7}, 0.7),
        ({"complexity": 1.0}, 0.8),
        ({"quality": 0.7, "complexity": 1.0}, 0.8),
    ],
)
def test_the_floor_is_the_larger_of_quality_and_four_fifths_of_complexity(
    wanted: dict[str, float], floor: float | None
) -> None:
    assert Wanted("analysis", **wanted).floor == floor


def test_a_question_that_does_not_fit_the_window_puts_a_model_out() -> None:
    ranking = ranked(quality=0.5, tokens_in=7000, max_tokens=2000)
    out = {each.name: each.out for each in ranking.models if each.out}
    assert out == {"small": "7,000 + 2,000 tokens do not fit its window of 8,000"}
    assert names(ranking)[-1] == "small"


def test_a_call_that_is_too_dear_puts_a_model_out() -> None:
    out = {each.name: each.out for each in ranked(usd_per_call=0.01).models}
    assert out["strong"] == "a call is expected to cost $0.0510, more than $0.0100"
    assert out["middle"] == out["small"] == ""


def test_a_price_that_nobody_knows_puts_a_model_out_where_one_is_needed() -> None:
    assert "strange" in [each.name for each in ranked().usable]
    for wanted in ({"usd_per_call": 1.0}, {"needs_price": True}):
        out = {each.name: each.out for each in ranked(**wanted).models}
        assert out["strange"] == "nobody knows its price"


def test_a_model_that_is_not_available_says_why() -> None:
    ranking = ranked(away={"strong": "its provider is closed"})
    assert ranking.models[0].name == "strange"
    assert ranking.models[-1].out == "its provider is closed"
    assert ranked(away=dict.fromkeys(names(ranked()), "closed")).usable == ()


def test_a_judge_of_another_family_comes_first_even_if_weaker() -> None:
    assert names(ranked(avoid=frozenset({"a"}))) == ["strange", "middle", "small", "strong"]


def test_a_poor_match_with_the_partner_lowers_what_a_model_is_worth() -> None:
    alone = {each.name: each for each in ranked().models}
    after = {each.name: each for each in ranked(partner="strong").models}
    assert alone["middle"].compatibility is None
    assert after["middle"].compatibility is not None
    assert after["middle"].compatibility.mean == 0.6
    assert after["middle"].worth < alone["middle"].worth == 0.85
    assert after["small"].worth > alone["small"].worth
    assert names(ranked(quality=0.8, partner="strong"))[0] == "strong"


def test_what_runs_measured_counts_more_than_what_the_file_says() -> None:
    measured = learnt([Observed("small", "analysis", calls=500, judged=500, quality=0.97)])
    assert names(ranked(measured))[0] == "small"
    assert names(ranked(measured, quality=0.9))[0] == "small"


def test_a_model_that_fails_often_is_dearer_by_the_lost_attempts() -> None:
    even = learnt([Observed("small", "writing", judged=500, quality=0.9)])
    assert names(ranked(even, task="writing", quality=0.8))[0] == "small"
    failing = learnt(
        [Observed("small", "writing", calls=5000, errors=4900, judged=500, quality=0.9, tokens_out=1000.0)]
    )
    assert names(ranked(failing, task="writing", quality=0.8))[0] == "middle"


def test_a_long_answer_is_expected_where_runs_have_shown_one_but_none_above_max_tokens() -> None:
    def usd(tokens_out: float | None) -> float | None:
        seen = [Observed("middle", "analysis", calls=9, tokens_out=tokens_out)] if tokens_out else []
        found = {each.name: each.usd for each in ranked(learnt(seen), tokens_in=0, max_tokens=1000).models}
        return found["middle"]

    assert usd(None) == pytest.approx(0.002)
    assert usd(100) == pytest.approx(0.0004)
    assert usd(9999) == pytest.approx(0.004)


def test_a_draw_takes_the_place_of_the_mean() -> None:
    drawn = {0.95: 0.1, 0.85: 0.2, 0.6: 0.99, 0.9: 0.3}
    ranking = known().rank(Wanted("analysis"), draw=lambda estimate: drawn[round(estimate.mean, 2)])
    assert ranking.explored
    assert names(ranking)[0] == "small"
    assert ranking.models[0].quality.mean == 0.6


def test_equal_models_stand_in_the_order_of_their_names() -> None:
    assert names(ranked(task="law"))[:3] == ["small", "middle", "strong"], "cheapest first"
    assert ranked(task="law").models[-1].name == "strange"


def test_a_model_without_a_price_entry_is_not_ranked() -> None:
    assert names(known(without="strong").rank(Wanted("analysis"))) == ["strange", "middle", "small"]
