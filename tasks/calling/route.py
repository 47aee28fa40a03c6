"""The way to one model: everything about a request to it that does not change from call to call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from tasks.calling.prices import cost
from tasks.calling.prompt_caching import MARKED, prefix_of

if TYPE_CHECKING:
    import httpx
    from multidict import CIMultiDict

    from tasks.calling.catalog import Model
    from tasks.calling.prices import Price
    from tasks.calling.quota import Quota
    from tasks.calling.wire import Ask, Usage, Wire

ASCII_CHARACTERS_PER_TOKEN = 3.0
TOKENS_PER_MESSAGE = 8


@dataclass(frozen=True, slots=True)
class Route:
    """A model, how to speak to it, what it costs and what it lets through.

    Attributes:
        host: host and port of the provider's base_url.
        quotas: that a request passes, the most specific first.
        secrets: what must never appear in a message.
    """

    name: str
    model: Model
    provider_name: str
    wire: Wire
    url: httpx.URL
    host: str
    headers: CIMultiDict[str] = field(repr=False)
    price: Price | None
    quotas: tuple[Quota, ...]
    secrets: tuple[str, ...] = field(repr=False)

    def usd(self, usage: Usage | None) -> float | None:
        """What `usage` costs; None if the price or the usage is not known."""
        if self.price is None or usage is None or usage.tokens_in is None:
            return None
        return cost(self.price, usage.tokens_in, usage.tokens_out, usage.tokens_cached, usage.tokens_written)

    def worst_usd(self, tokens_in: int, max_tokens: int, prefix: bytes | None = None) -> float | None:
        """What a call may cost at most; None if the price is not known.

        Args:
            prefix: as `prefix_of` gives it: what is marked may be written to the provider's cache. Of a provider that
                caches by itself, all may.
        """
        if self.price is None:
            return None
        by_itself = self.wire.name not in MARKED or "cache_control" in self.model.params
        dearer = (self.price.cache_write or 0.0) > self.price.input
        written = tokens_in if dearer and (by_itself or prefix is not None) else 0
        return cost(self.price, tokens_in, max_tokens, 0, written)

    def prefix_of(self, ask: Ask) -> bytes | None:
        """Digest of what the provider is told to cache of a question; None if nothing."""
        return prefix_of(self.wire.name, self.model.id, ask)


def estimated_tokens(ask: Ask) -> int:
    """Input tokens of `ask`, on the high side: a third of a token for an ASCII character, one for any other.

    A JSON schema that the answer has to fit is sent, and billed, as well.
    """
    tokens = 0.0
    if isinstance(ask.format, dict):
        tokens += len(orjson.dumps(ask.format)) / ASCII_CHARACTERS_PER_TOKEN
    for message in ask.messages:
        tokens += text_tokens(message.content)
    return int(tokens) + TOKENS_PER_MESSAGE * (len(ask.messages) + 1)


def text_tokens(text: str) -> float:
    """Tokens of a text, estimated as `estimated_tokens` does."""
    size = len(text)
    if text.isascii():
        return size / ASCII_CHARACTERS_PER_TOKEN
    plain = sum(map(str.isascii, text))
    return plain / ASCII_CHARACTERS_PER_TOKEN + (size - plain)
