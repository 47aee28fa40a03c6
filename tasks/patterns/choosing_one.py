"""The vote of an ensemble: one of the answers as it stands, chosen by majority, by a judge, or by likeness."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasks.choosing.estimates import strength
from tasks.judging.canonical import is_short
from tasks.judging.similarity import medoid
from tasks.judging.voting import Ballot, Vote, is_yes_or_no, vote, weak_members, weight_among_many, weight_of
from tasks.patterns.assess import Assessor
from tasks.patterns.believing import comparable, likeliest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.patterns.draft import Draft
    from tasks.patterns.members import Candidate
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ensemble, Step

NONE_KNOWN = 1.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer that won.

    Attributes:
        draft: with its score, where a judge gave one.
        by: majority, judge, similarity, or skill where nobody could judge.
        agreement: share of the weight behind it, from 0 to 1; None unless by majority.
        chance: that it is right; None where nothing was learnt of the members together.
    """

    name: str
    draft: Draft
    by: str
    agreement: float | None = None
    chance: float | None = None

    def as_data(self) -> dict[str, Any]:
        """What the draft's data says of it."""
        learnt = {} if self.chance is None else {"chance": self.chance}
        return {
            **learnt,
            "member": self.name,
            "content": self.draft.content,
            "score": self.draft.score,
            "by": self.by,
            "agreement": self.agreement,
        }


async def choose(candidates: Sequence[Candidate], spec: Ensemble, step: Step, scope: Scope) -> Chosen:
    """The best of the answers; majority where all are short or structured, else a judge's, unless `by` says how.

    Raises:
        RowDeferred: the row cannot go on now.
    """
    by = spec.by or ("majority" if are_short(candidates) else "judge")
    _flag_weak(candidates, scope)
    if by == "majority":
        counted = count(candidates, scope)
        believed = likeliest([each.model for each in candidates], [each.draft for each in candidates], scope)
        if believed is None:
            return _chosen(candidates[counted.winner], by, counted.agreement)
        taken = candidates[believed.place]
        return Chosen(taken.name, taken.draft, by, counted.shares[believed.place], believed.chance)
    if by == "similarity":
        return _chosen(candidates[medoid([each.draft.content for each in candidates])], by)
    return await _judged(candidates, Assessor(step, spec.judge), scope)


def are_short(candidates: Sequence[Candidate]) -> bool:
    """Whether all answers can be compared as they are: numbers, choices, JSON.

    Their texts decide: data may stand beside prose.
    """
    return all(is_short(each.draft.content) for each in candidates)


def answer_of(candidate: Candidate) -> object:
    """What a vote counts: the canonical form of the text, JSON included."""
    return comparable(candidate.draft.content)


def count(candidates: Sequence[Candidate], scope: Scope) -> Vote:
    """The weighted majority."""
    weights = _weights(candidates, scope)
    ballots = zip(candidates, weights, strict=True)
    return vote([Ballot(each.name, answer_of(each), weight) for each, weight in ballots])


async def _judged(candidates: Sequence[Candidate], assessor: Assessor, scope: Scope) -> Chosen:
    """One text at a time, equal texts once; ties go to the first listed."""
    texts: dict[str, Candidate] = {}
    for each in candidates:
        texts.setdefault(each.draft.content, each)
    judged = list(texts.values())
    found = await asyncio.gather(
        *(assessor.assess(each.draft, scope.at(each.name), of=scope.at(each.member).path) for each in judged),
        return_exceptions=True,
    )
    scores: dict[str, float] = {}
    for each, assessment in zip(judged, found, strict=True):
        if isinstance(assessment, BaseException):
            raise assessment
        if assessment.score is not None:
            scores[each.draft.content] = assessment.score
    known = [each for each in candidates if each.draft.content in scores]
    if not known:
        return _most_skilled(candidates, scope)
    best = max(known, key=lambda each: scores[each.draft.content])
    scored = replace(best.draft, score=scores[best.draft.content])
    return Chosen(best.name, scored, "judge")


def _most_skilled(candidates: Sequence[Candidate], scope: Scope) -> Chosen:
    weights = _weights(candidates, scope)
    scope.warn("no judge, so the answer of the member that is known to be best was taken")
    return _chosen(candidates[weights.index(max(weights))], "skill")


def _weights(candidates: Sequence[Candidate], scope: Scope) -> list[float]:
    """By what is known of each member; equal where nothing is known of any."""
    skills = [_skill(each, scope) for each in candidates]
    by = weight_of if is_yes_or_no([answer_of(each) for each in candidates]) else weight_among_many
    known = [skill for skill in skills if skill is not None]
    unknown = by(min(known), NONE_KNOWN) if known else NONE_KNOWN
    return [by(skill, unknown) for skill in skills]


def _flag_weak(candidates: Sequence[Candidate], scope: Scope) -> None:
    skills = {each.member: _skill(each, scope) for each in candidates}
    for name in weak_members(skills):
        best = max(skill for skill in skills.values() if skill is not None)
        scope.warn(
            f"{name} is known to be much weaker ({skills[name]:.2f}, the best {best:.2f}): it can only harm"
        )


def _skill(candidate: Candidate, scope: Scope) -> float | None:
    """How often the member is right: what past runs say of its model for such requests, else its strengths' mean."""
    chooser = scope.setting.chooser
    if chooser is not None:
        return chooser.skill(candidate.model, scope.request_type)
    return strength(scope.setting.models.get(candidate.model), None)


def _chosen(candidate: Candidate, by: str, agreement: float | None = None) -> Chosen:
    return Chosen(candidate.name, candidate.draft, by, agreement)
