"""Answers that must be JSON: read, held against a schema, and asked for once more with what was wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from tasks.calling.failures import CallFailed
from tasks.calling.messages import Message
from tasks.judging.json_shapes import shape_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tasks.calling.call import Asker, Call, Completion
    from tasks.calling.messages import Format

    Faults = Callable[[Any], Sequence[str]]

FENCED = re.compile(r"\A\s*```[a-zA-Z0-9_-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)


class UnusableAnswer(ValueError):
    """An answer that is not what was asked for; `wrong` says why, for the model."""

    def __init__(self, wrong: Sequence[str]) -> None:
        super().__init__(wrong)
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Correction:
    """What was wrong with an answer, as the next messages of the conversation, and their round."""

    answer: str
    wrong: Sequence[str]
    round: int

    def messages(self) -> tuple[Message, Message]:
        listed = "\n".join(f"- {each}" for each in self.wrong)
        return Message("assistant", self.answer), Message("user", CORRECT.format(wrong=listed))


def json_in(text: str) -> Any:
    """The value of an answer that had to be JSON, fenced or not.

    Raises:
        ValueError: it is not JSON; the message says where.
    """
    fenced = FENCED.match(text)
    value = orjson.loads(fenced[1] if fenced else text)
    try:
        # orjson reads deeper nesting than it writes, and tables hold this up to two levels down.
        orjson.dumps([[value]])
    except TypeError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def nothing_wrong(_: Any) -> Sequence[str]:
    """Every value that fits the schema is of use."""
    return ()


def value_in(form: Format, text: str, faults: Faults = nothing_wrong) -> Any:
    """The JSON asked for.

    Args:
        form: `json`, or the JSON Schema that it has to fit.
        faults: what else may be wrong with a value, in words.

    Raises:
        UnusableAnswer: the text is not that.
    """
    try:
        value = json_in(text)
    except ValueError as error:
        raise UnusableAnswer([f"it is not valid JSON: {error}"]) from error
    if isinstance(form, dict) and (found := shape_faults(form, value)):
        raise UnusableAnswer([f"it does not fit the JSON Schema: {fault}" for fault in found])
    if wrong := faults(value):
        raise UnusableAnswer(wrong)
    return value


def fits(form: Format, faults: Faults = nothing_wrong) -> Callable[[str], bool]:
    """Whether a text is the JSON asked for: what does not parse is never reused."""

    def is_usable(text: str) -> bool:
        try:
            value_in(form, text, faults)
        except UnusableAnswer:
            return False
        return True

    return is_usable


async def usable(
    ask: Asker, call: Call, completion: Completion, where: str, faults: Faults = nothing_wrong
) -> tuple[Any, Call, Completion]:
    """The JSON in an answer, or in the answer to asking once more; with the call and the completion it came from.

    Args:
        where: the step, as errors name it.

    Raises:
        CallFailed: `no_parse`, after the second answer; or asking failed.
        RowDeferred: the row cannot go on now.
    """
    try:
        return value_in(call.ask.format, completion.text, faults), call, completion
    except UnusableAnswer as fault:
        correction = Correction(completion.text, fault.wrong, call.round + 1)
    question = replace(call.ask, messages=(*call.ask.messages, *correction.messages()))
    again = replace(call, ask=question, round=correction.round)
    completion = await ask(again)
    try:
        return value_in(call.ask.format, completion.text, faults), again, completion
    except UnusableAnswer as fault:
        said = f"{where} gave no usable JSON: {'; '.join(fault.wrong)}"
        raise CallFailed("row_fails", "no_parse", said, model=completion.model) from fault


async def ask_for_json(ask: Asker, call: Call, where: str, faults: Faults = nothing_wrong) -> tuple[Any, str]:
    """The JSON that `call` asks for, and the model that gave it; raises as `usable`."""
    call = replace(call, accepts=fits(call.ask.format, faults))
    value, _, completion = await usable(ask, call, await ask(call), where, faults)
    return value, completion.model


CORRECT = """\
That answer cannot be used as it is:
{wrong}

Answer again, in full, with this put right. Give only the answer."""
