"""How likely each of several answers is right: who said it, who said something else, how sure they were. No I/O.

One logistic regression over answers, whose weights are learnt from requests of which it is known who was right. It holds
what a vote by log-odds leaves out: that two voters err together (weights of pairs that agree), that one is better at some
types of request, that a long or unsure answer is worth less, that one says `A` whenever it does not know. It is the vote
of stacked generalization (Wolpert, Neural Networks 5, 1992) with a chance as its result, so that a cascade can stop on it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.choosing.logit import fitted, sigmoid
from tasks.choosing.normal_scores import NormalScores, seen_scores
from tasks.choosing.panel import answers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tasks.choosing.panel import Answers, Panel

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

FEWEST: Final = 30  # requests of which something can be learnt
MOST_VALUES: Final = 12  # answers that come again and again: choices, yes and no
VALUES_COVER: Final = 0.9
MOST_IN_PAIRS: Final = 8  # voters; pairs of more would be too many weights
FEWEST_OF_KIND: Final = 30  # requests of a type; of fewer nothing can be learnt for it alone
INTERCEPT, SUPPORT, DISSENT, KIND, SUPPORT_IN_KIND, SURE, DISSENT_SURE, VALUE, PAIR, LOOK = range(10)


@dataclass(frozen=True, slots=True)
class Believed:
    """Which answer of each request is most likely right.

    Attributes:
        best: the first voter who said it, as a column; -1 where nobody said anything.
        chance: that it is right; 0 where nobody said anything.
    """

    best: Places
    chance: Floats


@dataclass(frozen=True, slots=True)
class Belief:
    """What was learnt of some voters together.

    Attributes:
        kinds: types of request that were seen.
        values: answers that come again and again; empty for open questions.
        scores: for each voter and signal, how its values rank.
        weights: of the features, in the order of `_features`.
        n: requests it was learnt from.
        looks: of an answer among the options; 0 where they were not known.
    """

    voters: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    scores: tuple[tuple[NormalScores, ...], ...] = ()
    weights: tuple[float, ...] = ()
    n: int = 0
    looks: int = 0

    def believed(self, panel: Panel) -> Believed:
        """Of the panel's requests; its voters are these, in this order."""
        answers = answers_of(panel)
        best, chance = np.full(panel.n, -1, dtype=np.intp), np.zeros(panel.n)
        utility = _features(self, panel, answers)[0] @ np.array(self.weights, dtype=np.float64)
        for place in np.lexsort((-answers.first, utility)):  # the best of each request comes last
            best[answers.request[place]] = answers.first[place]
            chance[answers.request[place]] = utility[place]
        spoken = best >= 0
        chance[spoken] = sigmoid(chance[spoken])
        return Believed(best, chance)

    def plain(self) -> dict[str, Any]:
        """JSON-able."""
        scores = [[list(each.knots) for each in of] for of in self.scores]
        return {
            "voters": list(self.voters), "kinds": list(self.kinds), "values": list(self.values), "scores": scores,
            "weights": list(self.weights), "n": self.n, "looks": self.looks,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Belief:
        """What `plain` gave."""
        scores = tuple(tuple(NormalScores(tuple(each)) for each in of) for of in plain["scores"])
        voters, kinds, values = (tuple(plain[name]) for name in ("voters", "kinds", "values"))
        return cls(voters, kinds, values, scores, tuple(plain["weights"]), plain["n"], plain.get("looks", 0))


def learnt_belief(panel: Panel, counts: Floats | None = None) -> Belief:
    """From requests of which it is known who was right.

    Args:
        counts: how much each request counts, older ones less; by default all alike.

    Raises:
        ValueError: of fewer than FEWEST requests anything is known.
    """
    answers = answers_of(panel)
    right, known = _right(panel, answers)
    n = len(np.unique(answers.request[known]))
    if n < FEWEST:
        raise ValueError(f"{n} requests with a known answer are too few to learn from; {FEWEST} are needed")
    looks = 0 if panel.looks is None else panel.looks.shape[2]
    belief = Belief(panel.voters, _kinds(panel), _values(panel), _scores(panel), n=n, looks=looks)
    features, groups = _features(belief, panel, answers)
    each = np.ones(panel.n) if counts is None else counts
    _, numbers = np.unique(groups, return_inverse=True)
    weights = fitted(features[known], right[known], each[answers.request[known]], numbers)
    return replace(belief, weights=tuple(weights.tolist()))


def _features(belief: Belief, panel: Panel, answers: Answers) -> tuple[Floats, Places]:
    """What speaks for each answer, shape (answers, features), and the group of each feature."""
    many, voters = len(answers.request), len(panel.voters)
    backs, opposes = answers.supporters(), answers.dissenters()
    kind = _one_hot(panel.kinds, belief.kinds)[answers.request]
    blocks: list[tuple[int, Floats]] = [
        (INTERCEPT, np.ones((many, 1))), (KIND, kind), (SUPPORT, backs.astype(np.float64)), (DISSENT, opposes.astype(np.float64)),
    ]  # fmt: skip
    for place in range(voters):
        own = backs[:, place, None]
        blocks.append((SUPPORT_IN_KIND, kind * own))
        if belief.values:
            said = _one_hot(panel.said[:, place], belief.values)[answers.request]
            blocks.append((VALUE, said * own))
        for signal, scores in enumerate(belief.scores[place]):
            if not scores.knots:
                continue
            score = scores.of(panel.signals[:, place, signal])[answers.request, None]
            curved = np.concatenate([score, score**2], axis=1)
            blocks += [(SURE, curved * own), (DISSENT_SURE, curved * opposes[:, place, None])]
    if voters <= MOST_IN_PAIRS:
        blocks += [
            (PAIR, (backs[:, one] & backs[:, other])[:, None].astype(np.float64))
            for one, other in combinations(range(voters), 2)
        ]
    if belief.looks:
        seen = (
            np.zeros((many, belief.looks))
            if panel.looks is None
            else panel.looks[answers.request, answers.first]
        )
        blocks.append((LOOK, np.concatenate([seen, seen**2], axis=1)))
    groups = [np.full(block.shape[1], group) for group, block in blocks]
    return np.concatenate([block for _, block in blocks], axis=1), np.concatenate(groups)


def _right(panel: Panel, answers: Answers) -> tuple[Floats, NDArray[np.bool_]]:
    """How right each answer is, by those who said it, and of which anything is known."""
    told = answers.supporters() & ~np.isnan(panel.right[answers.request])
    sums = np.where(told, np.nan_to_num(panel.right[answers.request]), 0.0).sum(axis=1)
    times = told.sum(axis=1)
    return np.asarray(sums / np.maximum(times, 1)), np.asarray(times > 0)


def _kinds(panel: Panel) -> tuple[str, ...]:
    often = Counter(kind for kind in panel.kinds if kind is not None)
    return tuple(sorted(kind for kind, number in often.items() if FEWEST_OF_KIND <= number < panel.n))


def _values(panel: Panel) -> tuple[str, ...]:
    often = Counter(text for row in panel.said for text in row if text is not None)
    common = often.most_common(MOST_VALUES)
    covered = sum(number for _, number in common) / max(1, often.total())
    return tuple(sorted(text for text, _ in common)) if len(often) > 1 and covered >= VALUES_COVER else ()


def _scores(panel: Panel) -> tuple[tuple[NormalScores, ...], ...]:
    return tuple(
        tuple(seen_scores(panel.signals[:, place, signal]) for signal in range(panel.signals.shape[2]))
        for place in range(len(panel.voters))
    )


def _one_hot(found: NDArray[np.object_], names: Sequence[str]) -> Floats:
    numbers = {name: number for number, name in enumerate(names)}
    places = np.array([numbers.get(each, -1) for each in found], dtype=np.intp)
    table = np.zeros((len(places), len(names)))
    table[places >= 0, places[places >= 0]] = 1.0
    return table
