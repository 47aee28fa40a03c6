"""Which of two models a request goes to: the wished share, whatever the requests look like."""

from __future__ import annotations

import json

import pytest

from tasks.choosing.complexity import standing
from tasks.choosing.estimates import Estimates
from tasks.choosing.gain_pairs import Pair, as_outcomes, crossed_standings, learnt_routing, pairs_of
from tasks.choosing.routing import FEWEST_USUAL, KEPT, Routing
from tasks.choosing.thresholds import Goal, fit


def texts(n: int, words: int = 1) -> list[str]:
    """Each longer than the one before: of growing complexity."""
    return ["word " * (number * words + 1) for number in range(n)]


def typed(of: list[str]) -> list[tuple[str, None]]:
    return [(text, None) for text in of]


def strong_share(routing: Routing, share: float, of: list[str]) -> float:
    return sum(1 - routing.placed(text, None)[1] < share for text in of) / len(of)


def pair(text: str, cheap: float, strong: float) -> Pair:
    return Pair(text, None, (cheap, strong), (0.001, 0.01))


def simulated(n: int, start: int = 0) -> list[Pair]:
    """Half of them about proofs, where only the stronger model is right."""
    about = ("proofs", "tides")
    return [
        pair(f"Tell of {about[number % 2]}, case {number}.", 0.2 if number % 2 == 0 else 0.9, 0.9)
        for number in range(start, start + n)
    ]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_the_wished_share_of_tonights_requests_goes_to_the_stronger_model(share: float) -> None:
    tonight = texts(40)
    routing = Routing("cheap", "strong").among(typed(tonight))
    assert strong_share(routing, share, tonight) == pytest.approx(share, abs=0.001)


def test_before_anything_is_learnt_the_harder_requests_go_there() -> None:
    tonight = texts(40)
    routing = Routing("cheap", "strong").among(typed(tonight))
    assert [1 - routing.placed(text, None)[1] < 0.25 for text in tonight] == [False] * 30 + [True] * 10


def test_of_requests_that_look_alike_a_hash_chooses_the_share() -> None:
    tonight = [f"case {letter}{other}" for letter in "abcdefghij" for other in "abcdefghijklmnopqrst"]
    routing = Routing("cheap", "strong").among(typed(tonight))
    assert len(set(routing.usual)) == 1
    assert strong_share(routing, 0.3, tonight) == pytest.approx(0.3, abs=0.08)


def test_a_large_night_is_placed_by_a_few_of_its_gains() -> None:
    tonight = texts(600)
    routing = Routing("cheap", "strong").among(typed(tonight))
    assert len(routing.usual) == KEPT
    assert strong_share(routing, 0.3, tonight) == pytest.approx(0.3, abs=0.02)


def test_for_a_single_request_usual_ones_say_whether_it_is_hard() -> None:
    routing = Routing("cheap", "strong").among(typed(texts(FEWEST_USUAL - 1)))
    assert routing.usual == ()
    easy, hard = "Say hello.", "Which of these is not more than twice the average? " * 20
    assert routing.placed(easy, None)[1] == standing(easy) < 0.5 < standing(hard)


def test_what_was_learnt_says_which_requests_and_survives_the_plan() -> None:
    known = learnt_routing(simulated(60), "cheap", "strong", "draft")
    estimates = Estimates.from_plain(json.loads(json.dumps(Estimates(routings=(known,)).plain())))
    routing = estimates.routing_of("draft", "cheap", "strong")
    new = [each.text for each in simulated(20, 100)]
    gone = [text for text in new if 1 - routing.placed(text, None)[1] < 0.5]
    assert gone == [text for text in new if "proofs" in text]
    assert not any(text in json.dumps(known.plain()) for text in ("proofs", "tides"))


def test_a_step_goes_by_what_was_learnt_at_it_else_for_any_step_else_by_complexity() -> None:
    any_step, own = Routing("a", "b", None, usual=(0.1,)), Routing("a", "b", "draft", usual=(0.2,))
    estimates = Estimates(routings=(own, any_step))
    assert estimates.routing_of("draft", "a", "b") == own
    assert estimates.routing_of("other", "a", "b") == any_step
    assert estimates.routing_of("draft", "b", "a").plain() == Routing("b", "a").plain()


def test_pairs_are_requests_with_every_figure_of_both_and_the_first_answer_counts() -> None:
    def row(request_id: str, model: str, quality: float | None) -> dict[str, object]:
        return {"request_id": request_id, "model": model, "request": "t", "quality": quality, "usd": 0.1}

    rows = [
        row("r1", "a", 0.5), row("r1", "b", 0.9), row("r1", "b", 0.1), row("r2", "a", 0.5), row("r3", "a", None),
        row("r3", "b", 1.0), row("r4", "a", float("nan")), row("r4", "b", 1.0), row("r1", "c", 1.0),
    ]  # fmt: skip
    assert [each.quality for each in pairs_of(rows, "a", "b")] == [(0.5, 0.9)]


def test_a_request_is_placed_by_what_others_taught() -> None:
    """With labels turned at random nothing can be learnt of a request but from itself, so its own must not be seen."""
    pairs = simulated(60)
    standings = crossed_standings(pairs)
    assert sorted(standings) == pytest.approx([(number + 1) / 60 for number in range(60)])
    half = [stands > 0.5 for stands in standings]
    assert half == ["proofs" in each.text for each in pairs]
    odd = [pair(f"case {number}", 0.5, 1.0 if number == 7 else 0.5) for number in range(40)]
    assert crossed_standings(odd)[7] < 1


def test_what_goes_straight_to_the_stronger_model_does_not_pay_the_cheaper_one() -> None:
    pairs = simulated(100)
    outcomes = as_outcomes(pairs, crossed_standings(pairs), "cheap", "strong")
    chain = fit(outcomes, Goal(quality=0.85))
    assert chain.holds
    assert chain.shares[1] == pytest.approx(0.5, abs=0.06)
    assert chain.usd.mean == pytest.approx(chain.shares[0] * 0.001 + chain.shares[1] * 0.01)
