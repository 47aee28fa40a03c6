"""The control arm: the same request worked by one call of one model. No I/O of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tasks.patterns.baseline_step import BASELINE, baseline_step
from tasks.patterns.ran import RowFailed
from tasks.patterns.running import run_step
from tasks.patterns.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.call import Asker, Call, Completion
    from tasks.patterns.draft import Draft
    from tasks.patterns.notes import Notes
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting
    from tasks.patterns.settings import Baseline


@dataclass(frozen=True, slots=True)
class Alone:
    """An asker whose models nobody stands in for: what another one writes is not theirs."""

    inner: Asker

    async def __call__(self, call: Call) -> Completion:
        return await self.inner(replace(call, stands_alone=True, may_be_cheaper=False))


async def make_baseline(
    recipe: Recipe, baseline: Baseline, request: Mapping[str, Any], setting: Setting, notes: Notes, ask: Asker
) -> Draft:
    """What one call of the baseline's model gives for a request; no other model stands in for it.

    Raises:
        CallFailed, RowFailed, RenderFailed: it gave nothing.
        RowDeferred: it cannot be asked now.
    """
    scope = Scope(setting, request, Alone(ask), recipe.cache.ttl, notes)
    draft = await run_step(baseline_step(recipe, baseline), scope, BASELINE)
    if not draft:
        raise RowFailed("empty", "the baseline gave no text")
    return draft.warned(*notes.warnings)
