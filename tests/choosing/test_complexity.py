"""How hard a request looks before anything is known."""

from __future__ import annotations

import pytest

from tasks.choosing.complexity import complexity, likeness, options_in, standing

EASY = "Name the capital of France."
CHOICE = "Which is right?\nA. {}\nB. {}\nC. {}"


@pytest.mark.parametrize(
    "harder",
    [
        f"{EASY} {'It has to be the one that was founded in the days of the Romans, on an island. ' * 5}",
        "Name the capital of France that is not Lyon.",
        "Name how many percent more people per year live there than in Lyon.",
    ],
    ids=["longer", "with a negation", "with quantities that are compared"],
)
def test_what_makes_a_request_harder_counts(harder):
    assert complexity(harder) > complexity(EASY)


def test_options_that_hardly_differ_are_harder_to_tell_apart():
    alike = CHOICE.format("the left side of it", "the right side of it", "the other side of it")
    apart = CHOICE.format("a small red house", "two years in jail", "her oldest friend Bob")
    assert complexity(alike) > complexity(apart)


@pytest.mark.parametrize(
    "text", ["", "?", "x" * 100_000, "not " * 50_000, "A. \nB. ", "長い質問です。" * 500]
)
def test_it_stays_within_0_and_1_for_any_text(text):
    assert 0 <= complexity(text) <= 1


def test_options_are_found_in_the_usual_ways_to_write_them():
    assert options_in("Q?\nA. one\nB. two") == ["one", "two"]
    assert options_in("Q?\n(A) one\n(B) two") == ["one", "two"]
    assert options_in("Ask e.g. Dr. A. Smith about it. Then go.") == []
    assert likeness(["the cat", "the dog"]) == pytest.approx(1 / 3)
    assert likeness([]) == likeness(["one"]) == 0


def test_the_standing_among_usual_requests_uses_the_whole_scale_in_the_same_order():
    hard = "Which of these is not more than twice the average of each, if no other is left? " * 8
    assert standing(EASY) < 0.2
    assert standing(hard) > 0.9
    assert standing("") < standing(EASY)
