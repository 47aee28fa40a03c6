"""The weighted vote over answers in canonical form. No I/O."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_TIE: Final = 1e-9
_SURE: Final = 0.98
MANY: Final = 3  # what many possible answers count as


@dataclass(frozen=True, slots=True)
class Ballot:
    """One candidate, which also votes for itself and for what is like it.

    Attributes:
        answer: plain data, as `canonical` makes it.
        weight: zero or less for a voter that is known to be right no more often than chance.
    """

    name: str
    answer: object
    weight: float


@dataclass(frozen=True, slots=True)
class Vote:
    """What came of it.

    Attributes:
        winner: index of a ballot.
        support: weight behind each ballot's answer, in order; negative if mostly bad voters share it.
        shares: of the positive weight, what is behind each ballot's answer, from 0 to 1.
    """

    winner: int
    support: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def agreement(self) -> float:
        """The share behind the winner."""
        return self.shares[self.winner]


def vote(ballots: Sequence[Ballot]) -> Vote:
    """The answer with the most weight behind it.

    Every ballot supports every answer by its weight times how much the two are the same: all or nothing
    for scalars and lists, the share of fields with equal values for objects. Of answers with equal
    support, the one that more ballots share wins, then the earliest.

    Raises:
        ValueError: there are no ballots.
    """
    if not ballots:
        raise ValueError("a vote needs at least one ballot")
    same = [[_sameness(each.answer, other.answer) for other in ballots] for each in ballots]
    weights = [ballot.weight for ballot in ballots]
    support = tuple(math.fsum(map(operator.mul, weights, row)) for row in same)
    near = max(support) - _TIE * math.fsum(map(abs, weights))
    tied = [index for index, each in enumerate(support) if each >= near]
    winner = max(tied, key=lambda index: (round(math.fsum(same[index]), 9), -index))
    positive = math.fsum(weight for weight in weights if weight > 0)
    shares = tuple(
        1.0 if all(each == 1 for each in row) else min(1.0, max(0.0, behind / positive)) if positive else 0.0
        for row, behind in zip(same, support, strict=True)
    )
    return Vote(winner, support, shares)


def weight_of(skill: float | None, unknown: float, answers: int = 2) -> float:
    """The weight that makes a vote right most often: log(p / (1 - p)) + log(k - 1) for k possible answers.

    Below zero for who is right less often than chance: under one half of two answers, under a tenth of ten. Optimal for
    independent voters (Nitzan and Paroush, 1982, "Optimal decision rules in uncertain dichotomous choice situations";
    for more answers Ben-Yashar and Paroush, 2001), who, where they err, take each wrong answer as often.

    Args:
        skill: how often the voter is right, 0 to 1; held within 0.02 and 0.98, as nobody is certain.
        unknown: the weight of a voter of whom nothing is known.
        answers: how many are possible.
    """
    if skill is None:
        return unknown
    likely = min(_SURE, max(1 - _SURE, skill))
    return math.log(likely / (1 - likely)) + math.log(answers - 1)


def possible_answers(answers: Sequence[object]) -> int:
    """How many answers there may be, from some that were given in canonical form: true and false, else many.

    Many count as three, not as many: models that err often err alike, on leaderboards six times of ten (Kim and others
    2025, "Correlated errors in large language models"), as if there were hardly more than two wrong answers.
    """
    return 2 if all(each in ("true", "false") for each in answers) else MANY


def weak_members(skills: Mapping[str, float | None], gap: float = 0.2) -> list[str]:
    """Members known to be weaker than the best known by `gap` or more, in order: they lower a vote."""
    known = {name: skill for name, skill in skills.items() if skill is not None}
    best = max(known.values(), default=0.0)
    return [name for name, skill in known.items() if best - skill >= gap - _TIE]


def _sameness(one: object, other: object) -> float:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return float(_equal(one, other))
    names = one.keys() | other.keys()
    equal = sum(name in one and name in other and _equal(one[name], other[name]) for name in names)
    return equal / len(names) if names else 1.0


def _equal(one: object, other: object) -> bool:
    """Equality of plain data in which true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(each, other[name]) for name, each in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other
