"""Which parts of a ledger key differ between a past call and one that is to be asked. No I/O.

A key is a digest. What it was made of stands in the past call's row, but for the model's `params` and the version of the
wire format: the key is made again with those of today, and where it does not come out, they have changed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from tasks.calling.call import question_digest
from tasks.calling.call_rows import prompt_text
from tasks.calling.messages import Ask, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.call import Asked

BEFORE, AFTER = 40, 60
ROLE = re.compile(r"(?:\A|\n\n)\[(system|user|assistant)\]\n")
ELSE = "model params or wire version"
NOT_KEPT = "prompt, or model params"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the key.

    Attributes:
        part: prompt, model, host, temperature, max_tokens, format, sample, variants, or something else by elimination.
        then: what it was, in a few words; empty where nobody can tell.
    """

    part: str
    then: str = ""
    now: str = ""


def key_changes(past: Mapping[str, Any], prompt: str | None, asked: Asked) -> tuple[Change, ...]:
    """What made the keys differ, the prompt last but for what is found by elimination.

    Args:
        past: a row of `calls`: key, request_id, host, model_id, params, sample.
        prompt: its text, None if it is not kept.
    """
    ask, route = asked.call.ask, asked.route
    params = orjson.loads(past["params"] or "{}")
    pairs: list[tuple[str, Any, Any]] = [
        ("model", past["model_id"], route.model.id),
        ("host", past["host"], route.host),
        *((name, params.get(name), getattr(ask, name)) for name in ("temperature", "max_tokens", "format")),
        ("sample", past["sample"], asked.sample),
    ]
    found = [Change(part, _shown(then), _shown(now)) for part, then, now in pairs if then != now]
    same_prompt = prompt == prompt_text(ask)
    messages = ask.messages if prompt is None or same_prompt else messages_in(prompt)
    if prompt is not None and not same_prompt:
        found.append(_prompt_change(messages, ask.messages))
    known = {change.part for change in found}
    if known & {"model", "host"}:  # another model's params are its own
        return tuple(found)
    if _key(past, params, messages, asked, _variant(asked)) != past["key"]:
        other = None if asked.row.per_request_variants else past["request_id"]
        if _key(past, params, messages, asked, other) == past["key"]:
            found.append(Change("variants", *_variants(asked)))
        else:
            found.append(Change(NOT_KEPT if prompt is None else ELSE))
    return tuple(found)


def messages_in(prompt: str) -> tuple[Message, ...]:
    """The messages that `prompt_text` made one text of; a text that itself holds such heads may be cut wrongly."""
    pieces = ROLE.split(prompt)
    if pieces[0] or len(pieces) == 1:
        return (Message("user", prompt),)
    roles: list[Any] = pieces[1::2]
    return tuple(Message(role, text) for role, text in zip(roles, pieces[2::2], strict=True))


def first_difference(then: str, now: str) -> tuple[str, str]:
    """Both texts from shortly before where they part, on one line each."""
    at = shared_start(then, now)
    start = max(0, at - BEFORE)
    return _cut(then, start, at + AFTER), _cut(now, start, at + AFTER)


def shared_start(then: str, now: str) -> int:
    """Characters that both begin with."""
    shorter = min(len(then), len(now))
    return next((at for at in range(shorter) if then[at] != now[at]), shorter)


def _prompt_change(then: tuple[Message, ...], now: tuple[Message, ...]) -> Change:
    for place, (old, new) in enumerate(zip(then, now, strict=False)):
        if old.role != new.role:
            break
        if old.content != new.content:
            of_role = [message for message in now[: place + 1] if message.role == new.role]
            which = new.role if len(of_role) == 1 else f"{new.role} message {len(of_role)}"
            old_text, new_text = first_difference(old.content, new.content)
            return Change("prompt", f"{which}: {old_text}", new_text)
    roles = (", ".join(message.role for message in each) for each in (then, now))
    return Change("prompt", *(f"messages {each}" for each in roles))


def _cut(text: str, start: int, end: int) -> str:
    shown = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{shown}{'…' if end < len(text) else ''}"


def _shown(value: Any) -> str:
    if value is None:
        return "default"
    return "a JSON Schema" if isinstance(value, dict) else str(value)


def _variant(asked: Asked) -> str | None:
    return asked.row.request_id if asked.row.per_request_variants else None


def _variants(asked: Asked) -> tuple[str, str]:
    both = ("same", "per_request")
    return both if asked.row.per_request_variants else (both[1], both[0])


def _key(
    past: Mapping[str, Any],
    params: dict[str, Any],
    messages: tuple[Message, ...],
    asked: Asked,
    variant: str | None,
) -> str:
    """The past call's key as it would be made today."""
    ask = Ask(messages, params.get("temperature"), params.get("max_tokens", 0), params.get("format", "text"))
    digest = question_digest(
        wire_version=asked.route.wire.version,
        api=asked.route.wire.name,
        host=past["host"],
        model_id=past["model_id"],
        ask=ask,
        params=asked.route.model.params,
        variant=variant if ask.temperature else None,
    )
    return hashlib.sha256(digest + int(past["sample"]).to_bytes(4, "big")).hexdigest()
