"""The wire formats by name, and which one a path speaks. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from deployments.simulator.wire_anthropic import AnthropicWire
from deployments.simulator.wire_gemini import GeminiWire
from deployments.simulator.wire_openai import OpenAIWire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployments.simulator.asked import Answer, Asked, Refused
    from deployments.simulator.config import FaultKind


class Wire(Protocol):
    """One provider's manner of asking, answering and refusing."""

    @property
    def name(self) -> str: ...
    def has_key(self, headers: Mapping[str, str]) -> bool: ...
    def read(self, body: dict[str, Any], model: str) -> Asked: ...
    def write(self, asked: Asked, answer: Answer) -> dict[str, Any]: ...
    def refuse(
        self, kind: FaultKind, message: str | None = None, param: str | None = None, status: int | None = None
    ) -> Refused: ...
    def refuse_status(self, status: int, message: str) -> Refused: ...
    def limit_headers(self, limit: int, left: int) -> dict[str, str]: ...


OPENAI: Wire = OpenAIWire()
ANTHROPIC: Wire = AnthropicWire()
GEMINI: Wire = GeminiWire()

_GENERATE = re.compile(r"/models/([^/:]+):generateContent$")


def wire_of(path: str) -> tuple[Wire, str] | None:
    """The format that `path` (still percent-encoded) speaks and the model it names, '' if the body does."""
    if path.endswith("/chat/completions"):
        return OPENAI, ""
    if path.endswith("/v1/messages"):
        return ANTHROPIC, ""
    found = _GENERATE.search(path)
    return (GEMINI, unquote(found[1])) if found else None


def likely_wire(path: str) -> Wire:
    """The format whose errors fit an unknown path best."""
    if "/v1beta" in path or ("/models/" in path and ":" in path):
        return GEMINI
    return ANTHROPIC if "/messages" in path else OPENAI
