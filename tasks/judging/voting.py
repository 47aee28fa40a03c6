"""The weighted vote over answers in canonical form. No I/O."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_TIE: Final = 1e-9
_SURE: Final = 0.98


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


def weight_of(skill: float | None, unknown: float) -> float:
    """The weight that makes a vote between two answers right most often: log(p / (1 - p)), below zero under one half.

    Optimal for independent voters (Nitzan and Paroush, 1982, "Optimal decision rules in uncertain
    dichotomous choice situations").

    Args:
        skill: how often the voter is right, 0 to 1; held within 0.02 and 0.98, as nobody is certain.
        unknown: the weight of a voter of whom nothing is known.
    """
    if skill is None:
        return unknown
    likely = min(_SURE, max(1 - _SURE, skill))
    return math.log(likely / (1 - likely))


def weight_among_many(skill: float | None, unknown: float) -> float:
    """The weight where more than two answers are possible: -log(1 - p), never below zero.

    Who is right four times of ten still speaks for what it says; log(p / (1 - p)) would count it against that. An answer
    then has the more support the less likely it is that all who gave it err. It is a cautious weight: of wrong answers
    it takes voters to choose the same one, as models that err often do (Kim and others 2025, "Correlated errors in large
    language models": six times of ten), so that several poor ones do not outvote a good one.
    """
    return unknown if skill is None else -math.log(1 - min(_SURE, max(1 - _SURE, skill)))


def is_yes_or_no(answers: Sequence[object]) -> bool:
    """Whether all answers, in canonical form, are true or false."""
    return all(each in ("true", "false") for each in answers)


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
