"""What calls cost. Prices are data: the models file's, else the bundled genai-prices. No network."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Literal

from genai_prices import Usage, calc_price
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from genai_prices.types import PriceCalculation

    from tasks.calling.catalog import Model, Provider

# Published by OpenAI, Anthropic and Google alike for their batch lanes; genai-prices has no field.
PUBLISHED_BATCH_DISCOUNT = 0.5
# platform.claude.com/docs/en/build-with-claude/prompt-caching: what is kept for five minutes.
ANTHROPIC_CACHE_WRITE = 1.25
_SAMPLE_TOKENS = 1000

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """USD per million tokens.

    Attributes:
        input: tokens read by the model for the first time.
        output: tokens written, hidden reasoning included.
        cached: tokens read from the provider's cache; None costs as much as input.
        cache_write: tokens written to the provider's cache; None costs as much as input.
        batch_discount: the part of the price, 0 to 1, that the batch lane takes off.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Usd
    output: Usd
    cached: Usd | None = None
    cache_write: Usd | None = None
    batch_discount: Annotated[float, Field(ge=0, le=1)] = 0.0


def price_of(model: Model, provider: Provider) -> Price | None:
    """The model's price; None if unknown.

    What runs on a loopback or private address has no published price: unless the models file
    gives one it is unknown, not free.
    """
    if model.price is not None:
        return _with_cache_write(model.price, provider.api)
    return None if provider.is_private else _published(model.id, provider.base_url, provider.api)


def cost(
    price: Price | None,
    tokens_in: int | None,
    tokens_out: int | None,
    tokens_cached: int | None = None,
    tokens_written: int | None = None,
    *,
    lane: Literal["online", "batch"] = "online",
) -> float | None:
    """USD of one call; None if the price or the count of anything that costs is unknown.

    Args:
        price: of the model that was called.
        tokens_in: all input tokens, the cached and the written part included.
        tokens_out: all output tokens.
        tokens_cached: the part of tokens_in read from the provider's cache; None counts as 0.
        tokens_written: the part of tokens_in written to the provider's cache; None counts as 0.
        lane: the batch lane takes the price's batch_discount off.
    """
    if price is None:
        return None
    cached = min(tokens_cached or 0, tokens_in or 0)
    written = min(tokens_written or 0, (tokens_in or 0) - cached)
    fresh = None if tokens_in is None else tokens_in - cached - written
    parts = (
        _part(price.input, fresh),
        _part(price.input if price.cached is None else price.cached, cached),
        _part(price.input if price.cache_write is None else price.cache_write, written),
        _part(price.output, tokens_out),
    )
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    factor = 1 - price.batch_discount if lane == "batch" else 1.0
    return sum(known) * factor


def _with_cache_write(price: Price, api: str) -> Price:
    """What a models file leaves out: Anthropic charges a quarter more than for input, and nobody marks what others cache."""
    if api != "anthropic" or price.cache_write is not None:
        return price
    return price.model_copy(update={"cache_write": price.input * ANTHROPIC_CACHE_WRITE})


def _part(usd_per_million: float, tokens: int | None) -> float | None:
    if usd_per_million == 0:
        return 0.0
    return None if tokens is None else usd_per_million * tokens / 1_000_000


@lru_cache(maxsize=1024)
def _published(model_id: str, base_url: str, api: str) -> Price | None:
    """By the server's address, else by whose model it is; tiers above the first are not kept."""
    by_address = partial(calc_price, model_ref=model_id, provider_api_url=base_url)
    by_seller = partial(calc_price, model_ref=model_id, provider_id=_SELLERS.get(api))
    return _listed(by_address) or _listed(by_seller)


def _listed(calculate: Callable[[Usage], PriceCalculation]) -> Price | None:
    """A price per million from two small sums: the library's own price objects have tiers."""
    try:
        fresh, cached, written = (
            calculate(
                Usage(
                    input_tokens=_SAMPLE_TOKENS,
                    cache_read_tokens=read,
                    cache_write_tokens=write,
                    output_tokens=_SAMPLE_TOKENS,
                )
            )
            for read, write in ((0, 0), (_SAMPLE_TOKENS, 0), (0, _SAMPLE_TOKENS))
        )
    except LookupError:
        return None
    per_million = 1_000_000 / _SAMPLE_TOKENS
    return Price(
        input=float(fresh.input_price) * per_million,
        output=float(fresh.output_price) * per_million,
        cached=float(cached.input_price) * per_million,
        cache_write=float(written.input_price) * per_million,
        batch_discount=PUBLISHED_BATCH_DISCOUNT,
    )


_SELLERS = {"anthropic": "anthropic", "gemini": "google"}
