"""Several judges of pairs as one: each weighs as much as past pairs with a known right answer show. No I/O.

The weights are those of Fisher's linear discriminant on the judges' preferences: a judge counts for how much more often
it is right than wrong, and judges that err together share a weight. A judge that flips with the order has a preference of
0 and says nothing on that pair. The weights differ by kind of pair as far as there are pairs of the kind. With few pairs
all judges count alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BELIEVED: Final = (
    0.2  # preference for the right text that a judge is believed to have on average: right in 6 of 10
)
BELIEF: Final = 10.0  # pairs that this belief is worth, and a judge's figure in all for one kind
MOST: Final = 30.0
GAUSSIAN: Final = 2.0
STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class KnownPair:
    """A pair of which the right text is known.

    Attributes:
        preferences: judge → preference for A, from -1 to 1; judges that have not seen it are left out.
        right: above 0 if A is the right one, below 0 if B is.
    """

    preferences: Mapping[str, float]
    right: float
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class JudgeWeights:
    """What each judge's preference is worth, in log-odds for a preference of 1.

    Attributes:
        of: kind → judge → weight; the kind None is for any.
        n: pairs behind it.
    """

    of: Mapping[str | None, Mapping[str, float]] = field(default_factory=dict)
    n: int = 0

    def log_odds(self, preferences: Mapping[str, float], kind: str | None = None) -> float:
        """For A being the right one; judges of whom nothing is known count as they are believed to be."""
        weights = self.of.get(kind, self.of.get(None, {}))
        return sum(
            preference * weights.get(judge, GAUSSIAN * BELIEVED) for judge, preference in preferences.items()
        )

    def likely(self, preferences: Mapping[str, float], kind: str | None = None) -> float:
        """The chance that A is the right one."""
        return 1 / (1 + exp(-max(-MOST, min(MOST, self.log_odds(preferences, kind)))))

    def plain(self) -> dict[str, Any]:
        """JSON-able."""
        return {"n": self.n, "of": [[kind, dict(weights)] for kind, weights in self.of.items()]}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> JudgeWeights:
        """What `plain` gave; nothing known, of an empty mapping."""
        return cls(dict(plain.get("of", [])), plain.get("n", 0))


def judge_weights(pairs: Iterable[KnownPair]) -> JudgeWeights:
    """The weights that past pairs show; the same for any order of them."""
    known = [each for each in pairs if each.right]
    judges = sorted({judge for each in known for judge in each.preferences})
    if not judges:
        return JudgeWeights()
    table = np.array([[_for_the_right(each, judge) for judge in judges] for each in known])
    mean = _shrunk(table, np.full(len(judges), BELIEVED))
    inverse = np.linalg.inv(_spread(table, mean))
    scale = _scale(np.nan_to_num(table) @ inverse @ mean)
    of: dict[str | None, dict[str, float]] = {None: _named(judges, scale * inverse @ mean)}
    for kind in sorted({each.kind for each in known if each.kind is not None}):
        own = table[[each.kind == kind for each in known]]
        of[kind] = _named(judges, scale * inverse @ _shrunk(own, mean))
    return JudgeWeights(of, len(known))


def _for_the_right(pair: KnownPair, judge: str) -> float:
    """Preference for the right text; not a number for a judge that has not seen the pair."""
    seen = pair.preferences.get(judge)
    return np.nan if seen is None else seen * np.sign(pair.right)


def _shrunk(table: Numbers, towards: Numbers) -> Numbers:
    counts = (~np.isnan(table)).sum(axis=0)
    means: Numbers = (np.nansum(table, axis=0) + BELIEF * towards) / (counts + BELIEF)
    return means


def _spread(table: Numbers, mean: Numbers) -> Numbers:
    """How the judges vary around their means and with each other; believed beforehand: each by 1 and alone."""
    apart = np.nan_to_num(table - mean)
    seen = (~np.isnan(table)).astype(np.float64)
    found: Numbers = (apart.T @ apart + BELIEF * np.eye(len(mean))) / (seen.T @ seen + BELIEF)
    return _positive(found)


def _positive(matrix: Numbers) -> Numbers:
    """The nearest matrix with an inverse: where judges saw different pairs the sums need not belong together."""
    values, vectors = np.linalg.eigh(matrix)
    found: Numbers = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    return found


def _scale(towards_right: Numbers) -> float:
    """What turns the discriminant into log-odds: the likeliest factor, believed to be the one of bell-shaped figures."""
    firmness = BELIEF * float((towards_right**2).mean()) / 4
    scale = GAUSSIAN
    for _ in range(STEPS):
        wrong = 1 / (1 + np.exp(np.clip(scale * towards_right, -MOST, MOST)))
        slope = float(towards_right @ wrong) - firmness * (scale - GAUSSIAN)
        bend = float((towards_right**2) @ (wrong * (1 - wrong))) + firmness
        scale = max(0.0, scale + slope / bend) if bend > 0 else scale
    return scale


def _named(judges: Sequence[str], weights: Numbers) -> dict[str, float]:
    return {judge: float(weight) for judge, weight in zip(judges, weights, strict=True)}
