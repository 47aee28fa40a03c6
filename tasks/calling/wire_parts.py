"""What the three wire formats share: reading untrusted bodies, merging a model's params. No I/O."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Model, Provider
    from tasks.calling.messages import Ask

JSON_ONLY = "Answer with one JSON value and nothing else: no code fence, no comment."
HASHED = "sha256:"


def split(ask: Ask) -> tuple[list[str], list[tuple[str, str]]]:
    """System texts, and the other turns as (role, content), both in order."""
    system = [message.content for message in ask.messages if message.role == "system"]
    turns = [(str(message.role), message.content) for message in ask.messages if message.role != "system"]
    return system, turns


def most_tokens(model: Model, ask: Ask) -> int:
    """What the ask wants, within what the model can: more than that is a 400."""
    return ask.max_tokens if model.max_output is None else min(ask.max_tokens, model.max_output)


def with_params(body: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """`body` after the model's own params: they win, a null takes a field out, objects merge."""
    for name, value in params.items():
        if name == "max_tokens_field":
            continue
        present = body.get(name)
        if value is None:
            body.pop(name, None)
        elif isinstance(value, dict) and isinstance(present, dict):
            body[name] = {**present, **value}
        else:
            body[name] = value
    return body


def own_headers(provider: Provider, model: Model) -> dict[str, str]:
    """Headers from the models file, `${NAME}` taken from the environment; the model's win.

    Raises:
        UserError: the variable is not set, or the value was a key when the plan was frozen.
    """
    return {
        name.lower(): _VARIABLE.sub(_from_environment, value) if "${" in value else _sendable(name, value)
        for name, value in {**provider.headers, **model.headers}.items()
    }


def count(value: object) -> int | None:
    """A token count, or None for whatever is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 1 << 53 and int(value) == value else None


def added(*counts: int | None) -> int | None:
    """The sum of what is known; None if nothing is."""
    known = [each for each in counts if each is not None]
    return sum(known) if known else None


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _sendable(name: str, value: str) -> str:
    if value.startswith(HASHED):
        what = f"the header {name!r} held a key when the run was planned, and keys are not kept"
        raise UserError(what, where="models file", hint="write it as ${NAME_OF_A_VARIABLE}")
    return value


def _from_environment(found: re.Match[str]) -> str:
    value = os.environ.get(found[1], "").strip()
    if not value:
        raise UserError(
            f"the environment variable {found[1]} is not set", hint="a header in the models file uses it"
        )
    return value


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
