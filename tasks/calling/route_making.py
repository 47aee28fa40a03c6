"""Routes for the models a run may use, from the catalog, the environment and the price list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from multidict import CIMultiDict

from tasks.calling.prices import price_of
from tasks.calling.route import Route
from tasks.calling.wire import WIRES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import SecretStr

    from tasks.calling.catalog import Catalog
    from tasks.calling.engine import Engine
    from tasks.calling.prices import Price

PLAIN_JSON = {"content-type": "application/json", "accept-encoding": "identity"}


def reachable(catalog: Catalog, models: Iterable[str]) -> list[str]:
    """The named models and, after them, every fallback of theirs, each once."""
    waiting, names = list(models), []
    while waiting:
        name = waiting.pop(0)
        if name not in names:
            names.append(name)
            waiting.extend(catalog.model(name).fallback)
    return names


def prices(catalog: Catalog, models: Iterable[str]) -> dict[str, Price | None]:
    """What each model costs, None where nobody knows."""
    found: dict[str, Price | None] = {}
    for name in models:
        model = catalog.model(name)
        found[name] = price_of(model, catalog.providers[model.provider])
    return found


def make_routes(
    engine: Engine,
    catalog: Catalog,
    priced: dict[str, Price | None],
    key_of: Callable[[str], SecretStr | None],
) -> dict[str, Route]:
    """A route for every priced model.

    Args:
        priced: catalog name → its price in this run.
        key_of: provider name → its key.

    Raises:
        UserError: a key cannot be had.
    """
    keys = {name: key_of(name) for name in sorted({catalog.model(each).provider for each in priced})}
    return {name: _route(engine, catalog, name, price, keys) for name, price in priced.items()}


def _route(
    engine: Engine, catalog: Catalog, name: str, price: Price | None, keys: dict[str, SecretStr | None]
) -> Route:
    model = catalog.model(name)
    provider = catalog.providers[model.provider]
    wire = WIRES[provider.api]
    secret = keys[model.provider]
    key = secret.get_secret_value() if secret else None
    url = httpx.URL(provider.base_url.rstrip("/") + wire.path(model))
    headers = {**PLAIN_JSON, **wire.headers(key, provider, model)}
    return Route(
        name=name,
        model=model,
        provider_name=model.provider,
        wire=wire,
        url=url,
        host=url.netloc.decode(),
        headers=CIMultiDict(headers),
        price=price,
        quotas=tuple(engine.quotas(catalog, name)),
        secrets=tuple(_secrets(key, {**provider.headers, **model.headers}, headers)),
    )


def _secrets(key: str | None, written: dict[str, str], sent: dict[str, str]) -> Iterator[str]:
    """The key, and what the variables in headers stand for, with and without a word like Bearer before it."""
    if key:
        yield key
    for name, value in written.items():
        if "${" in value:
            yield sent[name.lower()]
            yield sent[name.lower()].split()[-1]
