"""JSON where JSON was asked for: the schema given, or else the shape that the prompt describes. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from deployments.simulator.json_values import Values
from deployments.simulator.schema_filling import Filling

if TYPE_CHECKING:
    from random import Random

    from deployments.simulator.asked import Asked
    from deployments.simulator.config import Profile
    from deployments.simulator.reading import Reading

_HEAD, _TAIL = 1500, 2500
_MOST_KEYS = 12
_KEY = re.compile(r"[\"'`](?P<name>[A-Za-z_]\w{0,40})[\"'`]\s*:\s*(?=(?P<rest>[^\n]{0,40}))")
_NUMBER = re.compile(r"[<(\"']?\s*(?:-?\d|number|float|int\b|integer)")


def json_answer(
    asked: Asked, reading: Reading, schema: dict[str, Any] | None, random: Random, profile: Profile
) -> str:
    """Compact JSON that is valid for `schema`; None takes the shape from the prompt's own words."""
    values = Values(asked, reading, random, profile)
    wanted = schema if schema is not None else described_shape(asked)
    value = Filling(wanted, values).fill()
    return orjson.dumps(value).decode()


def described_shape(asked: Asked) -> dict[str, Any]:
    """A schema for the JSON example or the quoted keys in the instructions, else for a small article."""
    system = "\n".join(text for role, text in asked.messages if role == "system")
    last = asked.messages[-1][1]
    instructions = last if len(last) <= _HEAD + _TAIL else f"{last[:_HEAD]}\n{last[-_TAIL:]}"
    for text in (system[-_TAIL:], instructions):
        example = _example_in(text)
        if example:
            return _schema_like(example)
        named = _named_keys(text)
        if named:
            return _object(named)
    return _object(_ARTICLE)


def _example_in(text: str) -> dict[str, Any] | None:
    """The last JSON object in the text that parses and is not empty."""
    start = text.rfind("{")
    for _ in range(_MOST_KEYS):
        if start < 0:
            return None
        end = text.rfind("}")
        while end > start:
            try:
                value = orjson.loads(text[start : end + 1])
            except orjson.JSONDecodeError:
                end = text.rfind("}", start, end)
                continue
            if isinstance(value, dict) and value and _is_outermost(text, start):
                return value
            break
        start = text.rfind("{", 0, start)
    return None


def _is_outermost(text: str, start: int) -> bool:
    """Whether no brace before `start` is still open."""
    before = text[:start]
    return before.count("{") <= before.count("}")


def _named_keys(text: str) -> dict[str, Any]:
    return {found["name"]: _type_of(found["rest"]) for found in list(_KEY.finditer(text))[:_MOST_KEYS]}


def _type_of(rest: str) -> dict[str, Any]:
    if rest.startswith("["):
        return {"type": "array", "items": {"type": "string"}}
    if re.match(r"(?:true|false|bool)", rest):
        return {"type": "boolean"}
    if _NUMBER.match(rest):
        return {"type": "number"}
    return {"type": "object"} if rest.startswith("{") else {"type": "string"}


def _schema_like(example: Any) -> dict[str, Any]:
    if isinstance(example, dict):
        return _object({name: _schema_like(value) for name, value in example.items()})
    if isinstance(example, list):
        return {"type": "array", "items": _schema_like(example[0]) if example else {"type": "string"}}
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, int):
        return {"type": "integer"} if example > 1 else {"type": "number"}
    return {"type": "number"} if isinstance(example, float) else {"type": "string"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_ARTICLE: dict[str, Any] = {
    "title": {"type": "string"},
    "summary": {"type": "string"},
    "points": {"type": "array", "items": {"type": "string"}},
    "confidence": {"type": "number", "minimum": 0, "maximum": 1},
}
