"""One row from its request to its draft: the recipe's `make`, run with the row's asker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.patterns.running import RowFailed, run_step
from tasks.patterns.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Catalog
    from tasks.patterns.draft import Draft
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Asker
    from tasks.patterns.templates import Renderer


async def make_draft(
    recipe: Recipe, request: Mapping[str, Any], ask: Asker, renderer: Renderer, catalog: Catalog
) -> Draft:
    """The finished draft of one request.

    Raises:
        CallFailed, RowFailed, RenderFailed: it has none.
        RowDeferred: it has none yet.
    """
    scope = Scope(
        request=request,
        ask=ask,
        renderer=renderer,
        about=recipe.about,
        ttl_seconds=recipe.cache.ttl,
        handoffs={name: model.handoff for name, model in catalog.models.items()},
        columns=tuple(recipe.columns),
    )
    draft = await run_step(recipe.make, scope)
    if not draft:
        raise RowFailed("empty", "no step of the recipe ran for this request")
    return draft.warned(*scope.warnings)
