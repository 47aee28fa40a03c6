"""What is asked of a model and what comes back, in no provider's format. No I/O.

Plain frozen dataclasses: these are made for each of hundreds of thousands of calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Role: TypeAlias = Literal["system", "user", "assistant"]
Finish: TypeAlias = Literal["stop", "length", "refusal", "content_filter", "other"]
Format: TypeAlias = Literal["text", "json"] | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        common: how many of its first characters many calls begin with, messages before it included; 0 where few do. It
            decides what a provider is told to cache, and is in no ledger key.
    """

    role: Role
    content: str
    common: int = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one model.

    Attributes:
        messages: in order; system messages are sent first wherever they stand.
        temperature: None leaves the provider's default.
        max_tokens: most tokens of the answer, above 0.
        format: free text, any JSON value, or JSON that fits this JSON Schema.
    """

    messages: tuple[Message, ...]
    temperature: float | None = None
    max_tokens: int = 2048
    format: Format = "text"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; None is unknown, never 0.

    Attributes:
        tokens_in: all input, the part read from the provider's cache included.
        tokens_out: all output that is billed, hidden reasoning included.
        tokens_cached: the part of tokens_in read from the provider's cache.
        tokens_written: the part of tokens_in written to the provider's cache.
    """

    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None = None
    tokens_written: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        text: may be empty, and is partial where finish is "length".
        finish: why the model stopped; only "stop" is a whole answer.
        usage: None if the provider did not say.
        simulated: the server says of itself that it is not a real model.
        model_id: the exact model that answered, as the provider names it.
    """

    text: str
    finish: Finish
    usage: Usage | None
    simulated: bool
    model_id: str | None
