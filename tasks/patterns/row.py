"""One row from its request to its draft: the recipe's `make`, run with the row's asker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.patterns.running import RowFailed, run_step
from tasks.patterns.scope import Scope, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Catalog
    from tasks.patterns.draft import Draft
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Asker
    from tasks.patterns.templates import Renderer


def setting_of(recipe: Recipe, renderer: Renderer, catalog: Catalog) -> Setting:
    """What all rows of a run are worked with."""
    handoffs = {name: model.handoff for name, model in catalog.models.items()}
    return Setting(renderer, recipe.about, handoffs, tuple(recipe.columns))


async def make_draft(recipe: Recipe, request: Mapping[str, Any], ask: Asker, setting: Setting) -> Draft:
    """The finished draft of one request.

    Raises:
        CallFailed, RowFailed, RenderFailed: it has none.
        RowDeferred: it has none yet.
    """
    scope = Scope(setting, request, ask, recipe.cache.ttl)
    draft = await run_step(recipe.make, scope)
    if not draft:
        raise RowFailed("empty", "no step of the recipe ran for this request")
    return draft.warned(*scope.warnings)
