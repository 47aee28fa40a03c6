"""Which requests a stronger model is worth its price for: the gain to expect of it, by the request's text. No I/O.

RouteLLM's question (arXiv 2406.18665), answered from a user's own rows: each says what a request came to with the
stronger model less what it came to with the cheaper one. Before any row the request's `complexity` ranks; with rows it
is the start from which four groups of features are learnt, each as far as the rows bear it out: the complexity itself,
the type of request, the form of the question, its words.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.choosing.complexity import complexity
from tasks.choosing.ridge import solved, strengths_of
from tasks.choosing.text_features import forms, hashed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

WAVES: Final = 256
FARTHEST: Final = 3.0
DIGITS: Final = 5
LEAST_SPREAD: Final = 1e-3
LEAST: Final = 1e-9
FEWEST_TYPES: Final = 6
CARRY_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """A request that both models have worked.

    Attributes:
        gain: the stronger model's score less the cheaper one's, from -1 to 1.
    """

    text: str
    gain: float
    request_type: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Learnt:
    """What examples say beyond complexity; no text is in it.

    Attributes:
        types: types of request of the examples, None for those without one. Each has a weight of its own.
        middle, spread: of each feature of form.
        rarity: of each place of hashed words.
        weights: of the complexity, the types, the form's waves and the words, one after another.
        carry: how much of it holds for a type of request that is not among the examples, from 0 to 1.
    """

    types: tuple[str | None, ...]
    middle: Numbers
    spread: Numbers
    rarity: Numbers
    weights: Numbers
    carry: float = 0.0

    def adds(self, texts: Sequence[str], types: Sequence[str | None], prior: Numbers) -> Numbers:
        """What it adds to the gain that the complexity `prior` lets expect."""
        features = np.concatenate(self.groups(texts, types, prior), axis=1)
        familiar = np.array([1.0 if each in self.types else self.carry for each in types], dtype=np.float32)
        added: Numbers = familiar * (features @ self.weights)
        return added

    def groups(self, texts: Sequence[str], types: Sequence[str | None], prior: Numbers) -> list[Numbers]:
        """The groups of features, one row per text in each."""
        own = np.array([[each == known for known in self.types] for each in types], dtype=np.float32)
        words = hashed(texts) * self.rarity
        words /= np.maximum(np.linalg.norm(words, axis=1, keepdims=True), np.float32(LEAST))
        form = np.clip((forms(texts) - self.middle) / self.spread, -FARTHEST, FARTHEST)
        return [prior[:, None], own, _waves(form), words]


@dataclass(frozen=True, eq=False, slots=True)
class Router:
    """The gain to expect of a stronger model.

    Attributes:
        slope: gain for one unit of complexity.
        learnt: None before there are examples.
        n: examples.
    """

    slope: float = 1.0
    learnt: Learnt | None = None
    n: int = 0

    def gains(self, texts: Sequence[str], request_types: Sequence[str | None] | None = None) -> list[float]:
        """The gain to expect for each text, in order; without examples only their order means something."""
        if not texts:
            return []
        prior = _complexities(texts)
        found = self.slope * prior
        if self.learnt is not None:
            types = request_types if request_types is not None else [None] * len(texts)
            found = found + self.learnt.adds(texts, types, prior)
        return [float(each) for each in found]

    def plain(self) -> dict[str, Any]:
        """JSON-able, without any text and of some 25 KB: what a run's plan can freeze."""
        plain: dict[str, Any] = {"slope": self.slope, "n": self.n, "learnt": None}
        if self.learnt is not None:
            arrays = {
                name: [float(f"{number:.{DIGITS}g}") for number in getattr(self.learnt, name).tolist()]
                for name in ARRAYS
            }
            plain["learnt"] = {**asdict(self.learnt), "types": list(self.learnt.types), **arrays}
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Router:
        """What `plain` gave; one that knows nothing, of an empty mapping."""
        if not plain:
            return cls()
        learnt = plain["learnt"]
        if learnt is not None:
            arrays = {name: np.array(learnt[name], dtype=np.float32) for name in ARRAYS}
            learnt = Learnt(tuple(learnt["types"]), **arrays, carry=learnt["carry"])
        return cls(plain["slope"], learnt, plain["n"])


def router(examples: Iterable[Example]) -> Router:
    """What requests that both models have worked say of others; the same for any order of them."""
    rows = sorted(examples, key=lambda each: (each.text, each.request_type or "", each.gain))
    if not rows:
        return Router()
    texts, types = [each.text for each in rows], [each.request_type for each in rows]
    values = np.array([each.gain for each in rows], dtype=np.float32)
    prior, form = _complexities(texts), forms(texts)
    slope = max(0.0, float(values.mean())) / max(float(prior.mean()), LEAST)
    holding = (hashed(texts) != 0).sum(axis=0)
    unknown = Learnt(
        tuple(sorted(set(types), key=lambda each: each or "")),
        form.mean(axis=0),
        np.maximum(form.std(axis=0), np.float32(LEAST_SPREAD)),
        (np.log((1 + len(texts)) / (1 + holding)) + 1).astype(np.float32),
        np.zeros(0, dtype=np.float32),
    )
    groups, rest = unknown.groups(texts, types, prior), (values - slope * prior).astype(np.float32)
    strengths = strengths_of(groups, rest)
    carry = _carry(groups, strengths, rest, [unknown.types.index(each) for each in types])
    return Router(slope, replace(unknown, weights=solved(groups, strengths, rest), carry=carry), len(rows))


def _carry(
    groups: Sequence[Numbers], strengths: Sequence[float], rest: Numbers, types: Sequence[int]
) -> float:
    """The share of what is learnt from some types of request that holds for others; 0 where there are few types."""
    if len(set(types)) < FEWEST_TYPES:
        return 0.0
    parts, found = np.array(types) % CARRY_PARTS, np.zeros_like(rest)
    for part in range(CARRY_PARTS):
        left_out = parts == part
        weights = solved([each[~left_out] for each in groups], strengths, rest[~left_out])
        found[left_out] = np.concatenate([each[left_out] for each in groups], axis=1) @ weights
    return min(1.0, max(0.0, float(found @ rest) / max(float(found @ found), LEAST)))


def _complexities(texts: Sequence[str]) -> Numbers:
    return np.array([complexity(text) for text in texts], dtype=np.float32)


def _waves(form: Numbers) -> Numbers:
    """Random waves over the form, whose products are a bell-shaped closeness (Rahimi and Recht, NIPS 2007)."""
    turn, start = _directions(form.shape[1])
    waves: Numbers = np.sqrt(np.float32(2 / WAVES)) * np.cos(form @ turn + start)
    return waves


@cache
def _directions(size: int) -> tuple[Numbers, Numbers]:
    random = Random(0)
    turn = np.array(
        [[random.gauss(0, size**-0.5) for _ in range(WAVES)] for _ in range(size)], dtype=np.float32
    )
    start = np.array([random.uniform(0, 2 * np.pi) for _ in range(WAVES)], dtype=np.float32)
    return turn, start


ARRAYS: Final = ("middle", "spread", "rarity", "weights")
