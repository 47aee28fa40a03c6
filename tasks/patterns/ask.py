"""The pattern `ask`: one model call, asked again once if its answer does not parse."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks.calling.call import Call
from tasks.calling.failures import CallFailed
from tasks.calling.messages import Ask, Format, Message
from tasks.patterns.draft import Draft, draft_from_json, draft_from_text
from tasks.patterns.handoff import context_for
from tasks.patterns.model_choice import names_in

if TYPE_CHECKING:
    from tasks.calling.call import Completion
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ask as AskSpec
    from tasks.patterns.steps import Step

TRUNCATED = "the answer was cut off at max_tokens"


async def ask(step: Step, spec: AskSpec, scope: Scope, correction: Correction | None = None) -> Draft:
    """One draft; with `samples` above one, the first of them, the others in `data`.

    Args:
        correction: an earlier answer of this step and what was wrong with it.

    Raises:
        CallFailed: no model gave an answer, or none that parses (`no_parse`).
        RowDeferred: the row cannot go on now.
        RenderFailed: the prompt cannot be filled in.
    """
    call = _call(step, spec, scope, correction)
    if spec.samples == 1:
        return await _parsed(call, scope)
    drafts = await asyncio.gather(*(_parsed(call, scope) for _ in range(spec.samples)))
    return replace(drafts[0], data={"samples": [draft.content for draft in drafts]})


def _call(step: Step, spec: AskSpec, scope: Scope, correction: Correction | None) -> Call:
    models = names_in(spec.model)
    context = context_for(
        scope,
        spec.prompt,
        role=step.role,
        expects=step.expects,
        form=scope.handoffs.get(models[0], "markdown"),
    )
    system = "\n\n".join(part for part in (scope.render(spec.system) if spec.system else "", context) if part)
    messages = [Message("system", system)] if system else []
    messages.append(Message("user", scope.render(spec.prompt)))
    if correction:
        messages += correction.messages()
    question = Ask(tuple(messages), spec.temperature, spec.max_tokens, _format(spec))
    return Call(
        models, question, scope.path, step.role, correction.round if correction else 1, scope.ttl_seconds
    )


def _format(spec: AskSpec) -> Format:
    return spec.format if isinstance(spec.format, str) else dict(spec.format.json_schema)


async def _parsed(call: Call, scope: Scope) -> Draft:
    completion = await scope.ask(call)
    try:
        return _draft(call, completion)
    except ValueError as error:
        again = Correction(completion.text, [f"it is not valid JSON: {error}"], call.round + 1)
    question = replace(call.ask, messages=(*call.ask.messages, *again.messages()))
    completion = await scope.ask(replace(call, ask=question, round=again.round))
    try:
        return _draft(call, completion)
    except ValueError as error:
        raise CallFailed(
            "row_fails", "no_parse", f"step {call.step}: the answer is not JSON: {error}"
        ) from error


def _draft(call: Call, completion: Completion) -> Draft:
    draft = (
        draft_from_text(completion.text) if call.ask.format == "text" else draft_from_json(completion.text)
    )
    return draft.warned(f"{call.step}: {TRUNCATED}") if completion.finish == "length" else draft


class Correction:
    """What was wrong with an answer, as the next messages of the conversation."""

    def __init__(self, answer: str, wrong: list[str], round_: int) -> None:
        self.answer = answer
        self.wrong = wrong
        self.round = round_

    def messages(self) -> list[Message]:
        listed = "\n".join(f"- {each}" for each in self.wrong)
        return [Message("assistant", self.answer), Message("user", CORRECT.format(wrong=listed))]


CORRECT = """\
That answer cannot be used as it is:
{wrong}

Answer again, in full, with this put right. Give only the answer."""
