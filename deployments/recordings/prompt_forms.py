"""The forms under which a prompt is known again: as it was asked, and with what a wire format or a recipe adds. Pure."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

from tasks.calling.wire_parts import JSON_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SYSTEM_HEAD = re.compile(r"(^|\n\n)\[system\]\n")


def forms(messages: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The texts to look for, the closest first; all but the first are `loose`.

    The `calls` table holds a lone user message as it is, and otherwise every message headed by its role. Wire formats
    join system messages or add one that asks for JSON. Last comes the question without its system text, if no answer
    stands before it.
    """
    yield _written(messages)
    yield loose(_written(tuple(_without_json_only(messages))))
    turns = [text for role, text in messages if role != "system"]
    if len(turns) == 1 and len(messages) > 1:
        yield loose(turns[0])


def loose(text: str) -> str:
    """The text with single spaces and without the heads of its system messages."""
    headless = _SYSTEM_HEAD.sub(r"\1", text) if "[system]" in text else text
    return " ".join(headless.split())


def digest(text: str) -> int:
    """64 bits."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _written(messages: Sequence[tuple[str, str]]) -> str:
    if len(messages) == 1:
        return messages[0][1]
    return "\n\n".join(f"[{role}]\n{text}" for role, text in messages)


def _without_json_only(messages: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for role, text in messages:
        kept = text.removesuffix(JSON_ONLY).rstrip() if role == "system" else text
        if kept or role != "system":
            yield role, kept
