"""One row from its request to its draft: the recipe's `make`, run with the row's asker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.patterns.degrading import Thrift
from tasks.patterns.notes import Notes
from tasks.patterns.ran import RowFailed
from tasks.patterns.running import run_step
from tasks.patterns.scope import Scope, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.call import Asker
    from tasks.calling.catalog import Catalog
    from tasks.choosing.chooser import Chooser
    from tasks.patterns.draft import Draft
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.templates import Renderer


def setting_of(
    recipe: Recipe,
    renderer: Renderer,
    catalog: Catalog,
    lessons: Sequence[str] = (),
    chooser: Chooser | None = None,
    rows: int = 1,
) -> Setting:
    """What all rows of a run are worked with."""
    return Setting(
        renderer,
        recipe.about,
        tuple(recipe.columns),
        catalog.models,
        recipe.quality,
        tuple(lessons),
        chooser,
        recipe.request_type,
        rows,
    )


async def make_draft(
    recipe: Recipe, request: Mapping[str, Any], ask: Asker, setting: Setting, notes: Notes | None = None
) -> Draft:
    """The finished draft of one request.

    Args:
        notes: filled as the row goes on, also if it fails; holds its decisions.

    Raises:
        CallFailed, RowFailed, RenderFailed: it has none.
        RowDeferred: it has none yet.
    """
    notes = notes or Notes()
    scope = Scope(setting, request, Thrift(ask, recipe.budget.on_budget, notes), recipe.cache.ttl, notes)
    draft = await run_step(recipe.make, scope)
    if not draft:
        raise RowFailed("empty", "no step of the recipe ran for this request")
    return draft.warned(*notes.warnings)
