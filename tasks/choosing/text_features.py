"""A text as numbers that a linear model can learn from: the form of the question, and its words. No I/O.

Words are hashed into a fixed number of places (feature hashing, Weinberger et al., arXiv 0902.2206), so that what was
learnt is a short list of weights and holds no one's text. Pairs of words and runs of characters would only crowd them.
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from math import log1p
from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.choosing.complexity import COMPARED, LONGEST, NEGATIONS, WORDS, likeness, options_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

PLACES: Final = 1024
SIGN: Final = 1 << 31
REMEMBERED: Final = 8192  # texts whose features are kept, some 2 KB each


def forms(texts: Sequence[str]) -> Numbers:
    """One row per text: how long it is, what is asked and how; counts as logarithms."""
    return np.array([_form(text[:LONGEST]) for text in texts], dtype=np.float32).reshape(len(texts), -1)


@lru_cache(maxsize=REMEMBERED)
def _form(text: str) -> list[float]:
    folded = text.casefold()
    words = WORDS.findall(folded)
    many = max(len(words), 1)
    options = options_in(text)
    stem = text[: text.find(options[0])] if options else text
    numbers = NUMBERS.findall(stem)
    return [
        log1p(len(text)), log1p(len(words)), log1p(len(numbers)), log1p(len(set(numbers))),
        *(log1p(len(pattern.findall(folded))) for pattern in (NEGATIONS, COMPARED, CONDITIONS, TO_WORK_OUT)),
        *(log1p(len(pattern.findall(folded))) for pattern in (COMPOUND, SYMBOLS, BLANKS)),
        log1p(len(SENTENCE_ENDS.findall(stem))),
        sum(map(len, words)) / many, sum(len(word) > 8 for word in words) / many, len(set(words)) / many,
        log1p(sum(map(len, options)) / len(options)) if options else 0.0, likeness(options),
        sum(bool(NUMBERS.search(each)) for each in options) / max(len(options), 1),
        float("?" in stem),
    ]  # fmt: skip


def hashed(texts: Sequence[str]) -> Numbers:
    """One row per text: logarithms of how often its words occur."""
    found = np.zeros((len(texts), PLACES), dtype=np.float32)
    for row, text in zip(found, texts, strict=True):
        places, counts = _counted(text[:LONGEST])
        row[places] = counts
    return found


@lru_cache(maxsize=REMEMBERED)
def _counted(text: str) -> tuple[NDArray[np.intp], Numbers]:
    """The places that are not 0, and what stands there."""
    row = np.zeros(PLACES, dtype=np.float32)
    for feature in TOKENS.findall(text.casefold()):
        place = zlib.crc32(feature.encode())
        row[place % PLACES] += 1.0 if place & SIGN else -1.0
    places = np.flatnonzero(row)
    return places, np.sign(row[places]) * np.log1p(np.abs(row[places]))


TOKENS: Final = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")
NUMBERS: Final = re.compile(r"\d+(?:[.,]\d+)*")
CONDITIONS: Final = re.compile(
    r"\b(?:if|then|suppose|assume|given|unless|otherwise|whether|when|after|before)\b"
)
TO_WORK_OUT: Final = re.compile(
    r"\b(?:calculate|compute|find|determine|prove|derive|solve|evaluate|how many|how much)\b"
)
COMPOUND: Final = re.compile(
    r"\b(?:statements?|i and ii|ii only|both|all of the above|none of the above|following)\b"
)
SYMBOLS: Final = re.compile(r"[=+*/^<>\\{}]")
BLANKS: Final = re.compile(r"_{2,}")
SENTENCE_ENDS: Final = re.compile(r"[.!?](?:\s|$)")
