"""How close texts are, by their words and letters: sparse TF-IDF and cosine. No I/O, no model.

Words count half, their runs of three to five characters the other half, so that inflections and
compounds are near each other; in scripts without spaces, pairs of characters are the words. Only the first
20 000 characters of a text are read. Everything is linear in the texts.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

Vector = dict[str, float]

_LONGEST: Final = 20_000
_MOST_NEIGHBOURS: Final = 5
_TIE: Final = 1e-9
FLOOR: Final = 0.06


class Similarity:
    """Closeness of texts, where a word that is rare in a corpus says more than a common one.

    Args:
        texts: the corpus; how often a word occurs in these is what counts as rare or common.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        counts = {text: _counts(text) for text in texts}
        seen = Counter(feature for text in texts for part in counts[text] for feature in part)
        self._rarity = {feature: _rarity(len(texts), times) for feature, times in seen.items()}
        self._unseen = _rarity(len(texts), 0)
        self._vectors = {text: self._weighted(each) for text, each in counts.items()}

    def vector(self, text: str) -> Vector:
        """A unit vector; empty for a text without a letter or digit."""
        known = self._vectors.get(text)
        return self._weighted(_counts(text)) if known is None else known

    def between(self, a: str, b: str) -> float:
        """0 for texts with nothing in common, 1 for texts of the same words in any order."""
        if a == b:
            return 1.0
        one, other = sorted((self.vector(a), self.vector(b)), key=len)
        return _within(math.fsum(weight * other.get(feature, 0.0) for feature, weight in one.items()))

    def _weighted(self, counts: tuple[Mapping[str, int], ...]) -> Vector:
        vector: Vector = {}
        parts = [part for part in counts if part]
        for part in parts:
            weighted = {
                feature: (1 + math.log(times)) * self._rarity.get(feature, self._unseen)
                for feature, times in part.items()
            }
            length = math.sqrt(len(parts) * sum(weight * weight for weight in weighted.values()))
            vector.update({feature: weight / length for feature, weight in weighted.items()})
        return vector


class NearestExamples:
    """Sorts texts into classes by the labelled examples they are nearest to.

    Args:
        examples: texts of each class, as many of one as of another if possible.
    """

    def __init__(self, examples: Mapping[str, Sequence[str]]) -> None:
        self._labels = [label for label, texts in examples.items() for _ in texts]
        texts = [text for each in examples.values() for text in each]
        self._similarity = Similarity(texts)
        self._holders: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for index, text in enumerate(texts):
            for feature, weight in self._similarity.vector(text).items():
                self._holders[feature].append((index, weight))

    def classify(self, text: str) -> tuple[str, float]:
        """The class of the nearest examples, and how sure that is; ("", 0.0) if nothing is similar.

        Sure, from 0 to 1, is the share of the similarity of the five nearest that is with the class.
        """
        similarities = [0.0] * len(self._labels)
        for feature, weight in self._similarity.vector(text).items():
            for index, other in self._holders.get(feature, ()):
                similarities[index] += weight * other
        return nearest_label(similarities, self._labels, FLOOR)


def nearest_label(similarities: Sequence[float], labels: Sequence[str], floor: float) -> tuple[str, float]:
    """The label with the most similarity among the nearest, and its share of it; ("", 0.0) if none is near.

    Args:
        similarities: to each example.
        labels: of each example.
        floor: above zero; if not even the nearest is this similar, none is near.
    """
    nearest = sorted(zip(similarities, labels, strict=True), key=lambda each: -each[0])[:_MOST_NEIGHBOURS]
    if not nearest or nearest[0][0] < floor:
        return "", 0.0
    mass: defaultdict[str, float] = defaultdict(float)
    for similarity, label in nearest:
        mass[label] += max(0.0, similarity)
    label = max(mass, key=mass.__getitem__)
    return label, _within(mass[label] / math.fsum(mass.values()))


def medoid(texts: Sequence[str]) -> int:
    """Index of the text that is closest to all others; of several such, the earliest.

    Raises:
        ValueError: there are no texts.
    """
    if not texts:
        raise ValueError("no texts to choose from")
    similarity = Similarity(texts)
    vectors = [similarity.vector(text) for text in texts]
    total: defaultdict[str, float] = defaultdict(float)
    for feature, weight in (item for vector in vectors for item in vector.items()):
        total[feature] += weight
    closeness = [sum(weight * (total[name] - weight) for name, weight in each.items()) for each in vectors]
    best = max(closeness)
    return next(index for index, each in enumerate(closeness) if each >= best - _TIE)


def _counts(text: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """How often each word, marked as one, and each run of characters occurs."""
    words = Counter(_words(text))
    runs: dict[str, int] = {}
    for word, times in words.items():
        for run in _runs(word):
            runs[run] = runs.get(run, 0) + times
    return {f"={word}": times for word, times in words.items()}, runs


def _words(text: str) -> Iterable[str]:
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    for word in _WORD.findall(folded):
        if _SPACELESS.search(word):
            yield from (word[at : at + 2] for at in range(max(1, len(word) - 1)))
        else:
            yield word


@lru_cache(maxsize=8192)
def _runs(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(padded[at : at + size] for size in (3, 4, 5) for at in range(len(padded) - size + 1))


def _rarity(texts: int, holding: int) -> float:
    return math.log((1 + texts) / (1 + holding)) + 1


def _within(share: float) -> float:
    return min(1.0, max(0.0, share))


_WORD: Final = re.compile(r"[^\W_]{1,40}")
_SPACELESS: Final = re.compile(
    "[\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
