"""What people write for a rating, and the number from 0 to 1 that it stands for. No I/O.

A word or a sign says its scale itself; a bare number does not: 1 is the best of thumbs and the worst of stars. So the
scale of bare numbers is told, or found from all numbers of a file where only one scale fits; it is never guessed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from tasks.storing.columns import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

Scale = Literal["thumbs", "stars", "unit"]
SCALES: Final[tuple[Scale, ...]] = get_args(Scale)
MOST_STARS: Final = 5
SPELLED: Final = {
    "thumbs": "thumbs (1 up, 0 down)",
    "stars": f"stars (whole numbers from 1 to {MOST_STARS})",
    "unit": "unit (0 to 1)",
}
HINT: Final = "say which: --scale stars|thumbs|unit"

_UP: Final = frozenset({"up", "thumbs up", "thumbs_up", "thumbsup", "👍", "yes", "true", "like", "liked"})
_DOWN: Final = frozenset(
    {"down", "thumbs down", "thumbs_down", "thumbsdown", "👎", "no", "false", "dislike", "disliked"}
)
_UNSEEN: Final = re.compile("[\U0001f3fb-\U0001f3ff\ufe0f\u200d]")  # tones of skin, and what joins signs
_OUT_OF: Final = re.compile(rf"([1-{MOST_STARS}])\s*(?:/\s*{MOST_STARS}|out of {MOST_STARS}|stars?)")
_SIGNS: Final = re.compile(rf"[★⭐]{{1,{MOST_STARS}}}☆{{0,{MOST_STARS - 1}}}")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Mark:
    """One cell, read.

    Attributes:
        scale: what the cell itself or its column says; None of a bare number.
    """

    number: float
    scale: Scale | None = None


class NoScale(ValueError):
    """The bare numbers of a file fit no scale, or more than one; `line` is where that shows."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what, line)
        self.what, self.line = what, line


def read_mark(cell: Any, scale: Scale | None = None) -> Mark:
    """A cell that is not empty; `scale` is what its column's name says.

    Raises:
        ValueError: nobody can tell what it means; the message reads on from the column's name.
    """
    if isinstance(cell, bool):
        return Mark(float(cell), "thumbs")
    if isinstance(cell, str):
        text = " ".join(_UNSEEN.sub("", cell).casefold().split())
        if text in _UP or text in _DOWN:
            return Mark(float(text in _UP), "thumbs")
        if stars := _OUT_OF.fullmatch(text):
            return Mark(float(stars[1]), "stars")
        if _SIGNS.fullmatch(text) and ("☆" not in text or len(text) == MOST_STARS):
            return Mark(float(len(text.rstrip("☆"))), "stars")
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"is {shown(cell)}, which is no rating{_comma(text)}")
        return Mark(float(text), scale)
    if isinstance(cell, int | float) and math.isfinite(cell):
        return Mark(float(cell), scale)
    raise ValueError(f"is {shown(cell)}, which is no rating")


def found_scale(marks: Iterable[tuple[int, Mark]]) -> Scale | None:
    """The one scale of the bare numbers among (line, mark); None where there are none.

    Raises:
        NoScale: none fits, or more than one does and they disagree.
    """
    numbers: dict[float, int] = {}
    words: set[Scale] = set()
    for line, mark in marks:
        if mark.scale is None:
            numbers.setdefault(mark.number, line)
        else:
            words.add(mark.scale)
    if not numbers:
        return None
    if len(words) == 1:  # a file in which the others say what they are
        (said,) = words
        for number, line in numbers.items():
            if not fits(number, said):
                raise NoScale(f"{number:g} is not {SPELLED[said]}, as other ratings of this file are", line)
        return said
    if set(numbers) == {1.0}:
        raise NoScale(
            "every number is 1, which is the best of thumbs and the worst of stars",
            next(iter(numbers.values())),
        )
    if set(numbers) <= {0.0, 1.0}:
        return "thumbs"
    for scale in ("unit", "stars"):
        if all(fits(number, scale) for number in numbers):
            return scale
    return _refused(numbers)


def fits(number: float, scale: Scale) -> bool:
    """Whether the number is one of that scale's."""
    if scale == "stars":
        return 1 <= number <= MOST_STARS and number == int(number)
    return 0 <= number <= 1 and (scale == "unit" or number == int(number))


def rating_of(mark: Mark, scale: Scale | None) -> float:
    """From 0, the worst, to 1, the best.

    Raises:
        ValueError: the number is none of its scale's; the message reads on from the column's name.
    """
    of: Scale = mark.scale or scale or "unit"
    if not fits(mark.number, of):
        raise ValueError(f"is {mark.number:g}, not {SPELLED[of]}")
    return (mark.number - 1) / (MOST_STARS - 1) if of == "stars" else mark.number


def _refused(numbers: dict[float, int]) -> Scale:
    for number, line in numbers.items():
        if not any(fits(number, scale) for scale in SCALES):
            raise NoScale(f"{number:g} is of no known scale", line)
    lowest, highest = min(numbers), max(numbers)
    raise NoScale(f"{lowest:g} and {highest:g} are of no one scale", max(numbers[lowest], numbers[highest]))


def _comma(text: str) -> str:
    return " (write 0.8, not 0,8)" if re.fullmatch(r"[0-9]+,[0-9]+", text) else ""
