"""The wire formats: one model call as a provider's HTTP request and back. No I/O.

The URL is `provider.base_url + wire.path(model)`. Keys travel in headers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tasks.calling.messages import Ask, Finish, Format, Message, Reply, Role, Usage
from tasks.calling.wire_anthropic import AnthropicWire
from tasks.calling.wire_gemini import GeminiWire
from tasks.calling.wire_openai import OpenAIWire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Model, Provider
    from tasks.calling.failures import CallFailed

__all__ = ["WIRES", "Ask", "Finish", "Format", "Message", "Reply", "Role", "Usage", "Wire"]


class Wire(Protocol):
    """One provider format; stateless.

    Attributes:
        name: the `api` of the models file.
        version: part of every ledger key; raised when the same ask is sent in another form.
    """

    name: str
    version: int

    def path(self, model: Model) -> str:
        """What follows `base_url`, with its leading slash."""

    def headers(self, key: str | None, provider: Provider, model: Model) -> dict[str, str]:
        """All headers of the request, names in lower case.

        Raises:
            UserError: a header of the models file names a variable that is not set.
        """

    def body(self, model: Model, ask: Ask) -> dict[str, Any]:
        """The JSON body; what stays equal between calls comes first, for the providers' caches."""

    def reply(self, body: dict[str, Any]) -> Reply:
        """The answer in a response of status 200.

        Raises:
            CallFailed: the body has no answer in it (`bad_body`, or the error it carries).
        """

    def failure(self, status: int, headers: Mapping[str, str], body: bytes) -> CallFailed:
        """What a response of another status means; its own codes count before the status."""


WIRES: dict[str, Wire] = {wire.name: wire for wire in (OpenAIWire(), AnthropicWire(), GeminiWire())}
