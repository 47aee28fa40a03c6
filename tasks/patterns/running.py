"""Running a step: its condition, its pattern, its checks, its result; whatever the pattern is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.calling.failures import CallFailed
from tasks.judging.checks import failed_checks
from tasks.judging.json_answers import Correction
from tasks.patterns.ask import ask
from tasks.patterns.cascade import cascade
from tasks.patterns.draft import NOTHING, Draft
from tasks.patterns.ensemble import ensemble
from tasks.patterns.model_choice import Cascade
from tasks.patterns.pipeline import pipeline
from tasks.patterns.ran import Ran, RowFailed
from tasks.patterns.refine import refine
from tasks.patterns.repeat import repeat
from tasks.patterns.replayed import comes_again
from tasks.patterns.route import route
from tasks.patterns.step_tree import Place, inner_places
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Team
from tasks.patterns.team import team
from tasks.patterns.templates import RenderFailed

if TYPE_CHECKING:
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Result, Step

TRUNCATED = "the answer was cut off at max_tokens"


async def run_step(step: Step, scope: Scope, place: str = "") -> Draft:
    """A step's draft; empty if its condition does not hold, or if it failed and is optional.

    Args:
        place: what it is called in paths if it has no name.

    Raises:
        CallFailed, RowFailed, RenderFailed: the row fails.
        RowDeferred: the row cannot go on now.
    """
    scope = scope.at(step.name or place)
    if step.cache is not None:
        scope = scope.caching(step.cache.ttl)
    if step.optional:
        return await _optional(step, scope)
    return await _under_condition(step, scope)


async def _under_condition(step: Step, scope: Scope) -> Draft:
    if step.when is not None and not scope.holds(step.when):
        return NOTHING
    return await _checked(step, scope)


async def _optional(step: Step, scope: Scope) -> Draft:
    """Its failure gives an empty draft, in a replay too: what follows was asked without it."""
    decided = scope.decided("optional")
    because = decided.known["because"] if decided.known is not None else None
    if because is None:
        try:
            return await _under_condition(step, scope)
        except (CallFailed, RowFailed, RenderFailed) as failure:
            because = str(failure)
            if not comes_again(failure):
                decided.settle({"because": because})
    scope.warn(f"is optional and failed: {because}")
    return NOTHING


async def _checked(step: Step, scope: Scope) -> Draft:
    ran = await _run_pattern(step, scope, None)
    if wrong := _wrong(step, scope, ran):
        ran = await _run_pattern(step, scope, Correction(ran.text, wrong, ran.round + 1))
        if wrong := _wrong(step, scope, ran):
            raise RowFailed("checks_failed", f"{scope.place}: {'; '.join(wrong)}")
    if ran.truncated:
        scope.warn(TRUNCATED)
    return ran.draft if step.result is None else _with_result(step, step.result, scope, ran)


async def _run_pattern(step: Step, scope: Scope, correction: Correction | None) -> Ran:
    pattern = step.pattern
    if isinstance(pattern, Ask):
        if isinstance(pattern.model, Cascade):
            return await cascade(step, pattern, pattern.model, scope, correction)
        return await ask(step, pattern, scope, correction)
    if correction is not None:
        scope = scope.again(correction.wrong, correction.round)
    match pattern:
        case tuple():
            return await pipeline(pattern, scope, run_step)
        case Ensemble():
            return await ensemble(step, pattern, scope, run_step)
        case Route():
            return await route(pattern, scope, run_step)
        case Refine():
            return await refine(step, pattern, scope, run_step)
        case Repeat():
            return await repeat(step, pattern, scope, run_step)
        case Team():
            return await team(step, pattern, scope, run_step)


def _wrong(step: Step, scope: Scope, ran: Ran) -> list[str]:
    """What the checks find; a pattern of which nothing ran has nothing to check."""
    if not ran.draft or not step.checks:
        return []
    render = scope.seeing(ran.inner).render
    return failed_checks(step.checks, ran.draft.content, render, ran.value)


def _with_result(step: Step, result: Result, scope: Scope, ran: Ran) -> Draft:
    draft = ran.draft
    inner = (each.step.name for each in inner_places(Place((), step, frozenset())))
    not_run = {name: NOTHING for name in inner if name}
    own = {step.name: draft} if step.name else {}
    scope = scope.seeing({**not_run, "draft": draft, **ran.inner, **own})
    data = {name: scope.render(template) for name, template in result.data.items()}
    content = draft.content if result.content is None else scope.render(result.content)
    judged = scope.notes.judgement_of(content)
    score = draft.score if content == draft.content else judged.score if judged else None
    return replace(draft, content=content, data=data or draft.data, score=score)
