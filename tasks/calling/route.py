"""The way to one model: everything about a request to it that does not change from call to call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from tasks.calling.prices import cost

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
        return cost(self.price, usage.tokens_in, usage.tokens_out, usage.tokens_cached or 0)

    def worst_usd(self, tokens_in: int, max_tokens: int) -> float | None:
        """What a call may cost at most; None if the price is not known."""
        return None if self.price is None else cost(self.price, tokens_in, max_tokens, 0)


def estimated_tokens(ask: Ask) -> int:
    """Input tokens of `ask`, on the high side: a third of a token for an ASCII character, one for any other.

    A JSON schema that the answer has to fit is sent, and billed, as well.
    """
    tokens = 0.0
    if isinstance(ask.format, dict):
        tokens += len(orjson.dumps(ask.format)) / ASCII_CHARACTERS_PER_TOKEN
    for message in ask.messages:
        text = message.content
        size = len(text)
        if text.isascii():
            tokens += size / ASCII_CHARACTERS_PER_TOKEN
        else:
            plain = sum(map(str.isascii, text))
            tokens += plain / ASCII_CHARACTERS_PER_TOKEN + (size - plain)
    return int(tokens) + TOKENS_PER_MESSAGE * (len(ask.messages) + 1)
