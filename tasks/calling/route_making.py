"""Routes for the models a run may use, from the catalog, the environment and the price list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from multidict import CIMultiDict

from tasks.calling.prices import price_of
from tasks.calling.unsent_routes import unsent_route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import SecretStr

    from tasks.calling.catalog import Catalog
    from tasks.calling.engine import Engine
    from tasks.calling.prices import Price
    from tasks.calling.route import Route

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
    route = unsent_route(catalog, name, price)
    model, provider = route.model, catalog.providers[route.provider_name]
    secret = keys[route.provider_name]
    key = secret.get_secret_value() if secret else None
    headers = {**PLAIN_JSON, **route.wire.headers(key, provider, model)}
    return replace(
        route,
        headers=CIMultiDict(headers),
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
