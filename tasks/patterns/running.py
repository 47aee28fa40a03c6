"""Running a step: its condition, its pattern, its checks, its result; whatever the pattern is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tasks.calling.failures import CallFailed
from tasks.judging.checks import failed_checks
from tasks.patterns.ask import Correction, ask
from tasks.patterns.draft import NOTHING, Draft
from tasks.patterns.model_choice import Cascade, Need
from tasks.patterns.pipeline import pipeline
from tasks.patterns.recipe_check import places
from tasks.patterns.step_tree import model_choices
from tasks.patterns.templates import RenderFailed
from tasks.storing.errors import NightpressError, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Result, Step

RUNS = ("ask", "pipeline")
TRUNCATED = "the answer was cut off at max_tokens"


class RowFailed(NightpressError):
    """A row has no usable result; `error_kind` is what the tables say."""

    def __init__(self, error_kind: str, message: str) -> None:
        super().__init__(error_kind, message)
        self.error_kind = error_kind
        self.message = message

    def __str__(self) -> str:
        return self.message


async def run_step(step: Step, scope: Scope) -> Draft:
    """A step's draft; empty if its condition does not hold, or if it failed and is optional.

    Raises:
        CallFailed, RowFailed, RenderFailed: the row fails.
        RowDeferred: the row cannot go on now.
    """
    scope = scope.at(step.name)
    if step.cache is not None:
        scope = scope.caching(step.cache.ttl)
    try:
        if step.when is not None and not scope.holds(step.when):
            return NOTHING
        return await _checked(step, scope)
    except (CallFailed, RowFailed, RenderFailed) as failure:
        if not step.optional:
            raise
        scope.warnings.append(f"{scope.place} is optional and failed: {failure}")
        return NOTHING


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a pattern came to.

    Attributes:
        inner: drafts of the steps inside it.
        text: what a model gave, before it became a draft.
        value: the JSON in it, None if there is none.
        round: in which it came about.
    """

    draft: Draft
    inner: Mapping[str, Draft]
    text: str
    value: object
    round: int
    truncated: bool = False


async def _checked(step: Step, scope: Scope) -> Draft:
    ran = await _run_pattern(step, scope, None)
    if wrong := _wrong(step, scope, ran):
        ran = await _run_pattern(step, scope, Correction(ran.text, wrong, ran.round + 1))
        if wrong := _wrong(step, scope, ran):
            raise RowFailed("checks_failed", f"{scope.place}: {'; '.join(wrong)}")
    if ran.truncated:
        scope.warnings.append(f"{scope.place}: {TRUNCATED}")
    return ran.draft if step.result is None else _with_result(step, step.result, scope, ran)


async def _run_pattern(step: Step, scope: Scope, correction: Correction | None) -> _Ran:
    if step.ask is not None:
        answer = await ask(step, step.ask, scope, correction)
        return _Ran(answer.draft, {}, answer.text, answer.value, answer.round, answer.truncated)
    if correction is not None:
        scope = scope.again(correction.wrong, correction.round)
    if step.pipeline is not None:
        draft, inner = await pipeline(step.pipeline, scope, run_step)
        return _Ran(draft, inner, draft.content, draft.data or None, scope.round)
    raise UserError(f"the pattern {step.kind!r} is not run by this version")


def _wrong(step: Step, scope: Scope, ran: _Ran) -> list[str]:
    """What the checks find; a pattern of which nothing ran has nothing to check."""
    if not ran.draft or not step.checks:
        return []
    render = scope.seeing(ran.inner).render
    return failed_checks(step.checks, ran.draft.content, render, ran.value)


def _with_result(step: Step, result: Result, scope: Scope, ran: _Ran) -> Draft:
    draft = ran.draft
    own = {step.name: draft} if step.name else {}
    scope = scope.seeing({"draft": draft, **ran.inner, **own})
    data = {name: scope.render(template) for name, template in result.data.items()}
    content = draft.content if result.content is None else scope.render(result.content)
    return replace(draft, content=content, data=data or draft.data)


def check_runs(recipe: Recipe) -> None:
    """Whether this version runs every pattern and every way of choosing a model in the recipe.

    Raises:
        UserError: it does not; names the first such step.
    """
    for place in places(recipe):
        at = ".".join(map(str, place.loc))
        if place.step.kind not in RUNS:
            raise UserError(
                f"the pattern {place.step.kind!r} is valid, but not run by this version",
                where=at, hint=f"it runs {' and '.join(RUNS)}",
            )  # fmt: skip
        for loc, choice in model_choices(place):
            if isinstance(choice, Cascade | Need):
                raise UserError(
                    "choosing a model by need or cascade is valid, but not run by this version",
                    where=".".join(map(str, loc)), hint="give a model's name, or a list of names",
                )  # fmt: skip
