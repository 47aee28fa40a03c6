"""The control arm: the same request worked by one call of one model. No I/O of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tasks.patterns.baseline_step import BASELINE, baseline_step
from tasks.patterns.ran import RowFailed
from tasks.patterns.running import run_step
from tasks.patterns.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.call import Asker
    from tasks.patterns.draft import Draft
    from tasks.patterns.notes import Notes
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting
    from tasks.patterns.settings import Baseline

NO_OTHER: Final = "another_model"


async def make_baseline(
    recipe: Recipe, baseline: Baseline, request: Mapping[str, Any], setting: Setting, notes: Notes, ask: Asker
) -> Draft:
    """What one call of the baseline's model gives for a request.

    Raises:
        CallFailed, RowFailed, RenderFailed: it gave nothing, or another model had to stand in.
        RowDeferred: it cannot be asked now.
    """
    scope = Scope(setting, request, ask, recipe.cache.ttl, notes)
    draft = await run_step(baseline_step(recipe, baseline), scope, BASELINE)
    if not draft:
        raise RowFailed("empty", "the baseline gave no text")
    others = {str(step["model"]) for step in notes.steps} - {baseline.model}
    if others:
        raise RowFailed(NO_OTHER, f"{', '.join(sorted(others))} answered instead of {baseline.model}")
    return draft.warned(*notes.warnings)
