"""A cascade: the first model answers, and the next is asked only while the answer scores too low.

FrugalGPT, arXiv 2305.05176. What scores an answer: the step's checks always, then, as `by` says, how far several samples
of the model agree (arXiv 2203.11171), a judge, or the confidence that the answer states. The last model's answer is
taken as it is; if it gives none, or the money does not reach for it and the recipe's `on_budget` has `cheaper_model`,
the best of the earlier ones. In an explored row every model answers and is scored, so that thresholds can be fitted to
what each would have done.

By belief all answers so far count together: who gave them, who agrees, how sure each is (`tasks.choosing.belief`). What is
scored is the answer that is most likely right, and it is what is taken, after the last model too. By gain the request says
beforehand which of two models works it (`tasks.patterns.gaining`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tasks.calling.budget import OverBudget
from tasks.calling.failures import CallFailed
from tasks.judging.canonical import is_short
from tasks.judging.checks import failed_checks
from tasks.judging.similarity import Similarity, medoid
from tasks.judging.voting import Ballot, vote
from tasks.patterns.ask import answers, ask
from tasks.patterns.assess import Assessor
from tasks.patterns.believing import comparable, likeliest
from tasks.patterns.degrading import keeping_cheaper, keeps_cheaper
from tasks.patterns.gaining import GAIN, by_gain
from tasks.patterns.needs import request_text
from tasks.patterns.replayed import comes_again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.judging.json_answers import Correction
    from tasks.patterns.model_choice import Cascade
    from tasks.patterns.ran import Ran
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ask, Step

BELIEF: Final = "belief"
KEPT: Final = "an earlier answer of the cascade was kept, as the money did not reach for the next model"


@dataclass(frozen=True, slots=True)
class Tried:
    """One model's answer and its score; None where nobody could tell, 0 where it failed a check."""

    ran: Ran
    score: float | None
    is_enough: bool
    model: str


async def cascade(
    step: Step, spec: Ask, chain: Cascade, scope: Scope, correction: Correction | None = None
) -> Ran:
    """The first answer that is good enough, else the last model's.

    Args:
        correction: an answer of this step and what was wrong with it: who wrote it last is asked again.

    Raises:
        CallFailed: no model of the cascade gave an answer.
        RowDeferred: the row cannot go on now.
        RenderFailed: the prompt cannot be filled in.
    """
    if correction is not None:
        writer = scope.notes.writer_at(scope.path) or chain.cascade[-1]
        return await ask(step, spec.model_copy(update={"model": writer}), scope, correction)
    chooser = scope.setting.chooser
    explored = chooser is not None and chooser.explores(request_text(scope))
    strongest = chain.cascade[-1]
    if chain.by == GAIN:
        chain = by_gain(chain, spec, scope, explored=explored)
    tried: list[Tried] = []
    failure: CallFailed | None = None
    for place, model in enumerate(chain.cascade):
        own = spec.model_copy(update={"model": model})
        before = tried if chain.by == BELIEF else []
        is_last = place == len(chain.cascade) - 1
        failure = None
        spent = scope.decided("cascade over budget") if tried else None
        if spent is not None and spent.known is not None:
            scope.warn(f"{KEPT}: {spent.known['because']}")
            return _best(tried, chain, scope)
        asking = keeping_cheaper(scope) if tried else scope
        try:
            is_scored = explored or not (is_last or (chain.by == GAIN and model == strongest))
            tried.append(
                await _asked(step, own, chain, place, asking, before, scored=is_scored, explored=explored)
            )
        except CallFailed as failed:
            failure = failed
            continue
        except OverBudget as short:
            if spent is None or not keeps_cheaper(scope, short):
                raise
            spent.settle({"because": str(short)})
            scope.warn(f"{KEPT}: {short}")
            return _best(tried, chain, scope)
        if tried[-1].is_enough and not explored:
            break
    if failure is not None and not tried:
        raise failure
    takes_best = explored or failure is not None or chain.by == BELIEF
    return _best(tried, chain, scope) if takes_best else tried[-1].ran


async def _asked(
    step: Step,
    spec: Ask,
    chain: Cascade,
    place: int,
    scope: Scope,
    before: Sequence[Tried],
    *,
    scored: bool,
    explored: bool,
) -> Tried:
    """What one model answers; who failed once is not asked again in a replay, since the others were asked instead.

    Args:
        before: answers that count for the score beside this one.
    """
    decided = scope.decided(f"cascade {place}")
    if decided.known is not None:
        scope.warn(f"{spec.model} gave no answer: {decided.known['because']}")
        raise CallFailed("row_fails", decided.known["error_kind"], decided.known["because"])
    try:
        runs = await answers(step, spec, scope)
    except CallFailed as failure:
        if not comes_again(failure):
            decided.settle({"error_kind": failure.error_kind, "because": str(failure)})
        scope.warn(f"{spec.model} gave no answer: {failure}")
        raise
    ran, agreement = _agreed(runs)
    if not scored:
        return Tried(ran, None, is_enough=True, model=chain.cascade[place])
    if failed_checks(step.checks, ran.draft.content, scope.render, ran.value):
        if explored:
            scope.notes.fails(scope.path)
        return Tried(ran, 0.0, is_enough=False, model=chain.cascade[place])
    match chain.scorer(spec.samples):
        case "checks" | "gain":
            score: float | None = 1.0
        case "agreement":
            score = agreement
        case "confidence":
            score = ran.draft.metadata.confidence
        case "belief":
            score = _believed(
                [*before, Tried(ran, None, is_enough=False, model=chain.cascade[place])], scope
            ).score
        case "judge":
            score = (await Assessor(step, None).assess(ran.draft, scope, of=scope.path)).score
            ran = replace(ran, draft=replace(ran.draft, score=score))
    is_enough = score is not None and score >= chain.threshold(place)
    return Tried(ran, score, is_enough, chain.cascade[place])


def _believed(tried: Sequence[Tried], scope: Scope) -> Tried:
    """The answer that is most likely right, with its chance; the last one, without, where nothing was learnt.

    An answer that failed a check counts for nobody.
    """
    sound = [each for each in tried if each.score != 0.0] or list(tried)
    found = likeliest([each.model for each in sound], [each.ran.draft for each in sound], scope)
    if found is None:
        return replace(sound[-1], score=None)
    return replace(sound[found.place], score=found.chance)


def _agreed(runs: Sequence[Ran]) -> tuple[Ran, float]:
    """The sample that most others agree with, and how far they do, from 0 to 1."""
    if len(runs) == 1:
        return runs[0], 1.0
    texts = [each.draft.content for each in runs]
    if all(map(is_short, texts)):
        found = vote([Ballot(str(number), comparable(text), 1.0) for number, text in enumerate(texts)])
        return runs[found.winner], found.agreement
    middle = medoid(texts)
    close = Similarity(texts)
    others = [text for number, text in enumerate(texts) if number != middle]
    return runs[middle], sum(close.between(texts[middle], each) for each in others) / len(others)


def _best(tried: Sequence[Tried], chain: Cascade, scope: Scope) -> Ran:
    """The likeliest by belief, else the best scored; of equals, and where nobody could tell, the strongest: the last."""
    if chain.by == BELIEF:
        return _believed(tried, scope).ran
    return max(enumerate(tried), key=lambda each: (each[1].score or 0.0, each[0]))[1].ran
