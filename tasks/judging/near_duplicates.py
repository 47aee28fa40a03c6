"""Texts that are almost the same as another of the same night: runs of words, MinHash and LSH. No I/O.

Broder, "On the resemblance and containment of documents" (1997): two texts are as alike as the share of their runs of
words that stand in both. Locality-sensitive hashing (`datasketch`) finds who may be alike, so that not every text is
held against every other; whether they are is then counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from tasks.judging.word_runs import Words

RUN: Final = 3
FEWEST_WORDS: Final = 12
"""Of shorter texts (a class, a name, a title) many may well be the same."""
LONGEST_SKETCH: Final = 1024
PERMUTATIONS: Final = 64
MOST_COMPARED: Final = 50
SLACK: Final = 0.05
MISSES_WEIGH: Final = 0.9

Sketch = np.ndarray[Any, np.dtype[np.uint32]]


@dataclass(frozen=True, slots=True)
class Twin:
    """What a text is almost the same as, and how much so, from 0 to 1."""

    of: str
    similarity: float


@dataclass(slots=True)
class _Text:
    """What is kept of a text.

    Attributes:
        sketch: the smallest digests of its runs, each once, ascending; all of them up to LONGEST_SKETCH.
        asked: digest of its request; the same request may well get the same text.
        stands: it was delivered before and stays as it is.
    """

    sketch: Sketch
    minhash: Any
    asked: bytes
    stands: bool


class NearDuplicates:
    """Finds for each text the first, by key, that it is almost the same as.

    Args:
        threshold: from which similarity two texts are almost the same.
    """

    def __init__(self, threshold: float) -> None:
        library: Any = import_module(
            "datasketch"
        )  # brings scipy: only a recipe that asks for this pays for it
        self._threshold = threshold
        self._lean = library.LeanMinHash
        self._hashing = library.MinHash(num_perm=PERMUTATIONS, hashfunc=int)
        self._texts: dict[str, _Text] = {}
        self._index = library.MinHashLSH(
            threshold=threshold - SLACK, num_perm=PERMUTATIONS, weights=(1 - MISSES_WEIGH, MISSES_WEIGH)
        )

    def add(self, key: str, words: Words, asked: bytes, *, stands: bool = False) -> None:
        """Take in a text; the request of `asked` is its digest."""
        if len(words.words) >= FEWEST_WORDS:
            self._texts[key] = self._taken(words, asked, stands)

    def found(self) -> dict[str, Twin]:
        """Who is almost the same as one that comes before it: those that stand first, then by key.

        Only who is like nobody before is held against who follows, so that a thousand alike are no million pairs.
        """
        twins: dict[str, Twin] = {}
        for key, text in sorted(self._texts.items(), key=lambda each: (not each[1].stands, each[0])):
            twin = self._twin(key, text)
            if twin is None:
                self._index.insert(key, text.minhash, check_duplication=False)
            elif self._texts[twin.of].asked != text.asked and not text.stands:
                twins[key] = twin
        return twins

    def twin_of(self, key: str, words: Words) -> Twin | None:
        """What a new text for `key` would be almost the same as, after `found`."""
        if len(words.words) < FEWEST_WORDS:
            return None
        asked = self._texts[key].asked if key in self._texts else b""
        twin = self._twin(key, self._taken(words, asked, stands=False))
        return None if twin is None or self._texts[twin.of].asked == asked else twin

    def replace(self, key: str, words: Words) -> None:
        """From now on this is the text of `key`."""
        asked = self._texts[key].asked if key in self._texts else b""
        if key in self._index:
            self._index.remove(key)
        self._texts.pop(key, None)
        self.add(key, words, asked)
        if key in self._texts:
            self._index.insert(key, self._texts[key].minhash, check_duplication=False)

    def _taken(self, words: Words, asked: bytes, stands: bool) -> _Text:
        runs = (words.runs(RUN) >> np.uint64(32)).astype(np.uint32)
        sketch = np.unique(runs)[:LONGEST_SKETCH]
        self._hashing.clear()
        self._hashing.update_batch(sketch.tolist())
        return _Text(sketch, self._lean(self._hashing), asked, stands)

    def _twin(self, key: str, text: _Text) -> Twin | None:
        """The most similar of those indexed, of equal ones the first by key."""
        others = [each for each in self._index.query(text.minhash) if each != key]
        if len(others) > MOST_COMPARED:
            others.sort(key=lambda each: (-text.minhash.jaccard(self._texts[each].minhash), each))
        best = max(
            (
                (similarity(text.sketch, self._texts[each].sketch), each)
                for each in sorted(others[:MOST_COMPARED])
            ),
            key=lambda each: each[0],
            default=(0.0, ""),
        )
        return Twin(best[1], best[0]) if best[0] >= self._threshold else None


def similarity(one: Sketch, other: Sketch) -> float:
    """The share of runs that stand in both; of texts longer than a sketch an estimate."""
    union = np.union1d(one, other)
    if max(len(one), len(other)) >= LONGEST_SKETCH:
        union = union[:LONGEST_SKETCH]
    both = np.intersect1d(one, other, assume_unique=True)
    return float(np.count_nonzero(both <= union[-1]) / len(union)) if len(union) else 0.0
