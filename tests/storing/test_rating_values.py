"""What people write for a rating, and that no scale is ever guessed wrongly in silence."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.storing.rating_values import Mark, NoScale, Scale, found_scale, rating_of, read_mark


@pytest.mark.parametrize(
    ("cell", "rating"),
    [
        ("up", 1), ("Thumbs Up", 1), ("👍", 1), ("👍🏽", 1), ("yes", 1), ("TRUE", 1), (True, 1), ("down", 0), ("👎", 0),
        ("👎🏻", 0), ("no", 0), ("false", 0), (False, 0), ("4/5", 0.75), ("1 out of 5", 0), ("3 stars", 0.5), ("1 star", 0),
        ("★★★★☆", 0.75), ("⭐⭐⭐⭐⭐", 1), ("⭐️", 0),
    ],
)  # fmt: skip
def test_a_word_or_a_sign_says_its_scale_itself(cell: Any, rating: float) -> None:
    assert rating_of(read_mark(cell), None) == rating


@pytest.mark.parametrize(
    "cell", ["great", "6/5", "★★☆", "0,8", "nan", float("nan"), float("inf"), [1], "1e999", {}, "5/10"]
)
def test_what_nobody_can_tell_is_refused(cell: Any) -> None:
    with pytest.raises(ValueError, match=r"no rating|not"):
        rating_of(read_mark(cell), "unit")


def scale_of(*numbers: float, words: tuple[str, ...] = ()) -> Scale | None:
    cells = [*numbers, *words]
    return found_scale((line, read_mark(cell)) for line, cell in enumerate(cells, start=2))


def test_the_scale_of_numbers_is_found_where_only_one_fits() -> None:
    assert scale_of(1, 0, 1) == "thumbs"
    assert scale_of(0, 0) == "thumbs"
    assert scale_of(0.2, 1, 0) == "unit"
    assert scale_of(5, 1, 3) == "stars"
    assert scale_of(4, 4) == "stars"
    assert scale_of(words=("up", "4/5")) is None


@pytest.mark.parametrize(
    ("numbers", "line"),
    [((1, 1), 2), ((0, 4), 3), ((4.5, 3), 2), ((3, 7), 3), ((0.5, 3), 3), ((-1, 1), 2), ((3, 10), 3)],
)
def test_where_none_fits_or_two_disagree_it_says_on_which_line(numbers: tuple[float, ...], line: int) -> None:
    with pytest.raises(NoScale) as error:
        scale_of(*numbers)
    assert error.value.line == line


def test_numbers_beside_words_are_of_the_words_scale_or_of_none() -> None:
    assert scale_of(1, 1, words=("down",)) == "thumbs"
    assert scale_of(1, 1, words=("4/5",)) == "stars"
    with pytest.raises(NoScale, match="4 is not thumbs"):
        scale_of(1, 4, words=("up",))


def test_stars_begin_at_nothing_and_end_at_all() -> None:
    assert [rating_of(Mark(number), "stars") for number in (1, 2, 3, 4, 5)] == [0, 0.25, 0.5, 0.75, 1]
    assert rating_of(Mark(1), "thumbs") == rating_of(Mark(1), "unit") == 1


@pytest.mark.parametrize(
    ("number", "scale"), [(0, "stars"), (6, "stars"), (2.5, "stars"), (0.5, "thumbs"), (1.2, "unit")]
)
def test_a_number_of_another_scale_than_was_told_is_refused(number: float, scale: Scale) -> None:
    with pytest.raises(ValueError, match=f"is {number:g}, not {scale}"):
        rating_of(Mark(number), scale)
