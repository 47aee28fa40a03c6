"""One request for text, the same whatever wire format it came in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from deployments.simulator.config import Api

BETWEEN = "\n\n"
Finish = Literal["stop", "length", "content_filter", "refusal"]


class MalformedError(Exception):
    """The body does not fit the wire format.

    Args:
        message: in the provider's manner of speaking.
        param: the field at fault, if one is.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants.

    Attributes:
        messages: (role, text) in order; a system prompt comes first with role `system`.
        max_tokens: most output tokens; None where the format leaves it to the model.
        form: `text`, `json`, or the JSON schema (as a dict) that the answer has to fit.
        tool: name of the tool whose input the answer has to be, where JSON was forced that way.
        cache_marks: where in `prompt` each explicit prompt cache breakpoint of the body stands.
    """

    api: Api
    model: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int | None
    form: Literal["text", "json"] | dict[str, Any]
    tool: str | None = None
    cache_marks: tuple[int, ...] = ()

    @property
    def prompt(self) -> str:
        """All messages' texts, joined by blank lines."""
        return BETWEEN.join(text for _, text in self.messages)

    def seed(self, seed: int) -> int:
        """128 bits drawn from what the answer may depend on: seed, model and messages."""
        digest = blake2b(f"{seed}\0{self.model}".encode(), digest_size=16)
        for role, text in self.messages:
            digest.update(f"\0{role}\0".encode())
            digest.update(text.encode("utf-8", "surrogatepass"))
        return int.from_bytes(digest.digest())


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, before it is put in a provider's shape.

    Attributes:
        text: what the model says; empty on a refusal or a filtered answer.
        serial: 24 hex digits, unique in this server's life, for ids.
        tokens_in: all input tokens, those read from or written to a prompt cache included.
    """

    text: str
    finish: Finish
    serial: str
    tokens_in: int
    tokens_out: int
    tokens_cached: int = 0
    tokens_cache_written: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """An error in a provider's own shape: status, headers, body."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
