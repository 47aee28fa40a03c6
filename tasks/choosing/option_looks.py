"""How an answer looks among the options that a question offers. No I/O.

Who writes a question with options gives the right one away now and then: it is longer than the others or worded like most
of them, the numbers lie around it. How far that goes differs between sets of questions and is learnt with the votes
(`belief`); it says nothing of the models, and nothing of a set whose options are made another way.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.choosing.complexity import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LOOKS: Final = 6
UNKNOWN: Final = (0.0,) * LOOKS
FEWEST: Final = 3  # options; of two, one is longer and the other shorter
REMEMBERED: Final = 8192  # texts, some 2 KB each


def look(text: str, answer: object) -> tuple[float, ...]:
    """Of the option that an answer names by its letter, each from -0.5 to 0.5; zeros where it names none.

    Length, words and runs of letters shared with the other options, words shared with the question, a number's
    place among the numbers and how far that is from the middle: ranks, 0 is the middle one.

    Args:
        text: the request with its options, each on a line of its own after `A.`, `(A)` or `A:`, from A on.
        answer: in canonical form: a choice is its small letter.
    """
    found = _looks(text[:LONGEST])
    place = ord(answer) - ord("a") if isinstance(answer, str) and len(answer) == 1 else -1
    return found[place] if 0 <= place < len(found) else UNKNOWN


@lru_cache(maxsize=REMEMBERED)
def _looks(text: str) -> list[tuple[float, ...]]:
    options = _options(text)
    if len(options) < FEWEST:
        return []
    stem = set(WORDS.findall(text[: text.find(options[0])].casefold()))
    words = [set(WORDS.findall(each.casefold())) for each in options]
    runs = [{f"{one}{other}" for one, other in pairwise(f" {each.casefold()} ")} for each in options]
    numbers = [NUMBER.search(each) for each in options]
    values = [float(each.group().replace(",", "")) for each in numbers if each]
    place = _ranks(values) if len(values) == len(options) else np.zeros(len(options))
    kinds = (
        _ranks([len(each) for each in options]),
        _ranks(_shared(words)),
        _ranks(_shared(runs)),
        _ranks([len(each & stem) / max(len(each), 1) for each in words]),
        place,
        -np.abs(place),
    )
    return [tuple(row) for row in np.stack(kinds, axis=1).tolist()]


def _options(text: str) -> list[str]:
    """Those after A, B, C and so on, without a gap; lines that begin like one but out of turn are none."""
    found: list[str] = []
    for letter, option in OPTION.findall(text):
        if letter.casefold() == chr(ord("a") + len(found)):
            found.append(option)
    return found


def _shared(sets: Sequence[set[str]]) -> list[float]:
    """How far each shares what it has with the others: the mean over them."""
    return [
        sum(len(one & other) / max(len(one | other), 1) for other in sets) for one in sets
    ]  # with itself, too: the same for all


def _ranks(values: Sequence[float]) -> Floats:
    """The share of the others that are less, equal ones half, less a half."""
    own = np.array(values, dtype=np.float64)
    less, equal = (own[:, None] > own).sum(axis=1), (own[:, None] == own).sum(axis=1) - 1
    return np.asarray((less + equal / 2) / (len(own) - 1) - 0.5)


OPTION: Final = re.compile(r"^\(?([a-zA-Z])[.):][ \t]+(\S.*)$", re.MULTILINE)
WORDS: Final = re.compile(r"\w+")
NUMBER: Final = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
