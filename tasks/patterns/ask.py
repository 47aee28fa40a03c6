"""The pattern `ask`: one model call, asked again once if its answer is not the JSON that was asked for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.calling.call import Call, any_text
from tasks.calling.failures import CallFailed
from tasks.judging.json_answers import fits, usable
from tasks.patterns.asking import question
from tasks.patterns.draft_reading import draft_from_json, draft_from_text
from tasks.patterns.needs import models_for
from tasks.patterns.ran import Ran
from tasks.patterns.replayed import comes_again

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from tasks.calling.call import Completion
    from tasks.calling.messages import Ask
    from tasks.judging.json_answers import Correction
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ask as AskSpec
    from tasks.patterns.steps import Step

T = TypeVar("T")
NOBODY = ""


async def ask(step: Step, spec: AskSpec, scope: Scope, correction: Correction | None = None) -> Ran:
    """One answer; with `samples` above one, the first of them, all their contents in its `data`.

    Args:
        correction: an earlier answer of this step and what was wrong with it.

    Raises:
        CallFailed: no model gave an answer, or none of the JSON asked for (`no_parse`).
        RowDeferred: the row cannot go on now.
        RenderFailed: the prompt cannot be filled in.
    """
    found = await answers(step, spec, scope, correction)
    first = found[0]
    if len(found) == 1:
        return first
    named = first.draft.data if isinstance(first.draft.data, dict) else {}
    samples = {"samples": [answer.draft.content for answer in found]}
    draft = replace(first.draft, data={**named, **samples})
    return replace(first, draft=draft, truncated=any(answer.truncated for answer in found))


async def answers(
    step: Step, spec: AskSpec, scope: Scope, correction: Correction | None = None
) -> Sequence[Ran]:
    """As many answers as `samples` says, all of one model; raises as `ask`."""
    call = _call(step, spec, scope, correction)
    completions = await _all([scope.ask(call) for _ in range(spec.samples)])
    return await _all([_read(call, completion, scope) for completion in completions])


def _call(step: Step, spec: AskSpec, scope: Scope, correction: Correction | None) -> Call:
    def plain() -> Ask:
        return question(step, spec, scope, NOBODY, correction)[0]

    models = models_for(spec.model, scope, plain)
    asked, saved = question(step, spec, scope, models[0], correction)
    round_ = correction.round if correction else scope.round
    accepts = any_text if spec.format == "text" else fits(asked.format, _says_nothing)
    return Call(models, asked, scope.path, step.role, round_, scope.ttl_seconds, accepts, saved)


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order. What is paid for is awaited even if another fails.

    Of several failures one that a replay may not meet again counts, so that it is journalled; else the first.
    """
    if len(work) == 1:
        return [await work[0]]
    results: list[T] = []
    failures: list[BaseException] = []
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            failures.append(result)
        else:
            results.append(result)
    if failures:
        raise min(failures, key=_counts)
    return results


def _counts(failure: BaseException) -> int:
    """Which of several failures counts: the lowest."""
    if not isinstance(failure, CallFailed):
        return 0  # the row cannot go on now, or is cancelled
    return 2 if comes_again(failure) else 1


async def _read(call: Call, completion: Completion, scope: Scope) -> Ran:
    if call.ask.format == "text":
        draft = draft_from_text(completion.text)
        return Ran(draft, {}, completion.text, None, call.round, completion.finish == "length")
    value, call, completion = await usable(scope.ask, call, completion, scope.place, _says_nothing)
    cut = completion.finish == "length"
    return Ran(draft_from_json(value), {}, completion.text, value, call.round, cut)


def _says_nothing(value: Any) -> Sequence[str]:
    return () if draft_from_json(value) else ["its content is empty"]
