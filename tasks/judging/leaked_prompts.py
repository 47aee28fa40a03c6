"""Long runs of words in a text that stand in what the models were told: a prompt that leaked. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.judging.word_runs import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.judging.word_runs import Digests, Words

RUN: Final = 12
"""Words in a row that nobody writes by chance."""
QUOTED_WORDS: Final = 10


class PromptLeaks:
    """Args:
    told: templates and instructions; what stands between their variables is what may leak.
    wished: texts that outputs are asked to have; templates as well.
    """

    def __init__(self, told: Iterable[str], wished: Iterable[str] = ()) -> None:
        self._runs = np.setdiff1d(_runs_in(told), _runs_in(wished))

    def longest(self, words: Words, request: str) -> tuple[int, str] | None:
        """The longest run of leaked words, as its number of words and how it begins; not what the request says itself."""
        runs = words.runs(RUN)
        if not len(self._runs):
            return None
        near = np.searchsorted(self._runs, runs).clip(max=len(self._runs) - 1)
        leaked = self._runs[near] == runs
        if leaked.any():
            leaked &= ~np.isin(runs, words_of(request).runs(RUN))
        places = np.flatnonzero(leaked)
        if not len(places):
            return None
        streaks = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
        streak = max(streaks, key=len)
        first, number = int(streak[0]), len(streak) + RUN - 1
        return number, " ".join(words.words[first : first + QUOTED_WORDS])


def _runs_in(texts: Iterable[str]) -> Digests:
    pieces = (piece for text in texts for piece in _VARIABLE.split(text))
    found = [words_of(piece).runs(RUN) for piece in pieces]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)


_VARIABLE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\{\w+\}", re.DOTALL)
