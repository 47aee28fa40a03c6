"""A text as its words, and digests of all runs of so many words in it. No I/O; linear in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np

Digests = np.ndarray[Any, np.dtype[np.uint64]]

MOST_KNOWN_WORDS: Final = 500_000


@dataclass(frozen=True, slots=True)
class Words:
    """A text's words in order, whatever their case; in scripts without spaces each character is one."""

    words: list[str]
    digests: Digests

    def runs(self, length: int) -> Digests:
        """A digest for every run of `length` words, in order; the same in every process."""
        number = len(self.words) - length + 1
        found = np.zeros(max(0, number), np.uint64)
        for place in range(length if number > 0 else 0):
            found = found * _FACTOR + self.digests[place : place + number]
        return found


def words_of(text: str) -> Words:
    """The words of a text."""
    if len(_KNOWN) > MOST_KNOWN_WORDS:
        _KNOWN.clear()
    pattern = _WORD if text.isascii() else _ANY_WORD
    words: list[str] = pattern.findall(text.casefold())
    return Words(words, np.fromiter(map(_KNOWN.__getitem__, words), np.uint64, len(words)))


class _Known(dict[str, int]):
    """Word → digest; most words of a night are the same few thousand."""

    def __missing__(self, word: str) -> int:
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self[word] = found = int.from_bytes(digest, "big")
        return found


_KNOWN: Final = _Known()
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_SPACELESS: Final = "\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(r"\w+")
_ANY_WORD: Final = re.compile(rf"[{_SPACELESS}]|[^\W{_SPACELESS}]+")
