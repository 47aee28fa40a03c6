"""How hard a request looks before any model has answered one like it. No I/O, nothing learnt.

Four ideas count alike, as equal weights of signs that are known beforehand hold up where nothing can be fitted (Dawes,
American Psychologist 34, 1979): a long request holds more to get wrong; so do quantities that are compared; a negation
is read over; options that hardly differ have to be told apart. Only English words are known; a text in another
language is judged by its length and its options.
"""

from __future__ import annotations

import re
from math import log1p, sqrt
from statistics import NormalDist
from typing import Final

LONGEST: Final = 20_000  # characters that are read of a text
MANY_WORDS: Final = 300
MANY_COMPARED: Final = 10
MANY_NEGATIONS: Final = 5
USUAL: Final = NormalDist(0.3, 0.15)  # of the requests of MT-bench and GSM8K, in round figures


def complexity(text: str) -> float:
    """From 0, easy, to 1; for ranking requests of one kind: 0.6 is harder than 0.3, not twice as hard.

    Args:
        text: the request; of a choice among options, with the options, each on a line of its own after `A.` or `(A)`.
    """
    found = [each for each in ideas(text) if each is not None]
    return sum(found) / len(found)


def standing(text: str) -> float:
    """The share of usual requests that look easier, from 0 to 1: complexity on a scale that is used from end to end."""
    return USUAL.cdf(complexity(text))


def ideas(text: str) -> tuple[float, float, float, float | None]:
    """Length, quantities compared, negations and likeness of the options, each from 0 to 1; None without options."""
    text = text[:LONGEST].casefold()
    options = options_in(text)
    return (
        _share(len(WORDS.findall(text)), MANY_WORDS),
        _share(len(COMPARED.findall(text)), MANY_COMPARED),
        _share(len(NEGATIONS.findall(text)), MANY_NEGATIONS),
        sqrt(likeness(options)) if len(options) > 1 else None,
    )


def options_in(text: str) -> list[str]:
    """The options that a text offers to choose from; empty if it offers none."""
    return OPTION.findall(text)


def likeness(options: list[str]) -> float:
    """How far options share their words, from 0 to 1: the mean over their pairs."""
    words = [set(re.findall(r"\w+", each.casefold())) for each in options]
    pairs = [(one, other) for place, one in enumerate(words) for other in words[:place]]
    return sum(len(one & other) / max(len(one | other), 1) for one, other in pairs) / max(len(pairs), 1)


def _share(count: int, many: int) -> float:
    return min(1.0, log1p(count) / log1p(many))


WORDS: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
NEGATIONS: Final = re.compile(r"\b(?:not|no|except|least|never|neither|nor|incorrect|false|without)\b|n't\b")
COMPARED: Final = re.compile(
    r"\b(?:more|less|fewer|than|twice|half|third|times|percent|each|per|every|remaining|left|ratio|average|total)\b|%"
)
OPTION: Final = re.compile(r"^\(?[a-zA-Z][.)][ \t]+(\S.*)$", re.MULTILINE)
