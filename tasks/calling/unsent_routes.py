"""Routes by which nothing is sent: enough to settle a call on a model and to price it, without keys, headers or quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from multidict import CIMultiDict

from tasks.calling.route import Route
from tasks.calling.wire import WIRES

if TYPE_CHECKING:
    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price


def unsent_routes(catalog: Catalog, priced: dict[str, Price | None]) -> dict[str, Route]:
    """A route for every priced model, which `route_making` completes: the same in all that the ledger's key is made of."""
    return {name: unsent_route(catalog, name, price) for name, price in priced.items()}


def unsent_route(catalog: Catalog, name: str, price: Price | None) -> Route:
    """The route to one model, with nothing that sending takes."""
    model = catalog.model(name)
    provider = catalog.providers[model.provider]
    wire = WIRES[provider.api]
    url = httpx.URL(provider.base_url.rstrip("/") + wire.path(model))
    return Route(
        name=name,
        model=model,
        provider_name=model.provider,
        wire=wire,
        url=url,
        host=url.netloc.decode(),
        headers=CIMultiDict(),
        price=price,
        quotas=(),
        secrets=(),
    )
