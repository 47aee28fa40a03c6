"""The pattern `ask`: one model call, asked again once if its answer is not the JSON that was asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.calling.call import Call, any_text
from tasks.calling.failures import CallFailed
from tasks.calling.messages import Ask, Format, Message
from tasks.judging.json_shapes import shape_faults
from tasks.patterns.draft import Draft, draft_from_json, draft_from_text, json_in
from tasks.patterns.handoff import context_for
from tasks.patterns.model_choice import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from tasks.calling.call import Completion
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ask as AskSpec
    from tasks.patterns.steps import Step

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A usable answer.

    Attributes:
        text: as the model gave it.
        value: the JSON in it, where JSON was asked for.
        round: in which it was given, from 1.
        truncated: it, or another sample, was cut off at max_tokens.
    """

    draft: Draft
    text: str
    value: Any
    round: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """What was wrong with an answer, as the next messages of the conversation, and their round."""

    answer: str
    wrong: Sequence[str]
    round: int

    def messages(self) -> tuple[Message, Message]:
        listed = "\n".join(f"- {each}" for each in self.wrong)
        return Message("assistant", self.answer), Message("user", CORRECT.format(wrong=listed))


async def ask(step: Step, spec: AskSpec, scope: Scope, correction: Correction | None = None) -> Answer:
    """One answer; with `samples` above one, the first of them, all their contents in its `data`.

    Args:
        correction: an earlier answer of this step and what was wrong with it.

    Raises:
        CallFailed: no model gave an answer, or none of the JSON asked for (`no_parse`).
        RowDeferred: the row cannot go on now.
        RenderFailed: the prompt cannot be filled in.
    """
    call = _call(step, spec, scope, correction)
    completions = await _all([scope.ask(call) for _ in range(spec.samples)])
    answers = await _all([_usable(call, completion, scope) for completion in completions])
    if len(answers) == 1:
        return answers[0]
    first = answers[0]
    named = first.draft.data if isinstance(first.draft.data, dict) else {}
    samples = {"samples": [answer.draft.content for answer in answers]}
    draft = replace(first.draft, data={**named, **samples})
    return replace(first, draft=draft, truncated=any(answer.truncated for answer in answers))


def _call(step: Step, spec: AskSpec, scope: Scope, correction: Correction | None) -> Call:
    models = names_in(spec.model)
    system = scope.render(spec.system) if spec.system else ""
    context = context_for(
        scope,
        (spec.prompt, spec.system or ""),
        role=step.role,
        expects=step.expects,
        form=scope.setting.handoffs.get(models[0], "markdown"),
    )
    before = "\n\n".join(part for part in (system, context) if part)
    messages = [Message("system", before)] if before else []
    messages.append(Message("user", scope.render(spec.prompt)))
    messages += correction.messages() if correction else ()
    question = Ask(tuple(messages), spec.temperature, spec.max_tokens, _format(spec))
    round_ = correction.round if correction else scope.round
    accepts = any_text if spec.format == "text" else _fits(question.format)
    return Call(models, question, scope.path, step.role, round_, scope.ttl_seconds, accepts)


def _fits(form: Format) -> Callable[[str], bool]:
    """Whether a text is the JSON asked for: what does not parse is never reused."""

    def fits(text: str) -> bool:
        try:
            _read_json(form, text)
        except UnusableAnswer:
            return False
        return True

    return fits


def _format(spec: AskSpec) -> Format:
    return spec.format if isinstance(spec.format, str) else dict(spec.format.json_schema)


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order. What is paid for is awaited even if another fails; the first failure counts."""
    if len(work) == 1:
        return [await work[0]]
    results: list[T] = []
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results


async def _usable(call: Call, completion: Completion, scope: Scope) -> Answer:
    try:
        return _read(call, completion)
    except UnusableAnswer as fault:
        correction = Correction(completion.text, fault.wrong, call.round + 1)
    question = replace(call.ask, messages=(*call.ask.messages, *correction.messages()))
    again = replace(call, ask=question, round=correction.round)
    completion = await scope.ask(again)
    try:
        return _read(again, completion)
    except UnusableAnswer as fault:
        said = f"{scope.place} gave no usable JSON: {'; '.join(fault.wrong)}"
        raise CallFailed("row_fails", "no_parse", said, model=completion.model) from fault


class UnusableAnswer(ValueError):
    """An answer that is not what was asked for; `wrong` says why, for the model."""

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


def _read(call: Call, completion: Completion) -> Answer:
    text, form = completion.text, call.ask.format
    cut = completion.finish == "length"
    if form == "text":
        return Answer(draft_from_text(text), text, None, call.round, cut)
    draft, value = _read_json(form, text)
    return Answer(draft, text, value, call.round, cut)


def _read_json(form: Format, text: str) -> tuple[Draft, Any]:
    try:
        value = json_in(text)
    except ValueError as error:
        raise UnusableAnswer([f"it is not valid JSON: {error}"]) from error
    if isinstance(form, dict) and (faults := shape_faults(form, value)):
        raise UnusableAnswer([f"it does not fit the JSON Schema: {fault}" for fault in faults])
    draft = draft_from_json(value)
    if not draft:
        raise UnusableAnswer(["its content is empty"])
    return draft, value


CORRECT = """\
That answer cannot be used as it is:
{wrong}

Answer again, in full, with this put right. Give only the answer."""
