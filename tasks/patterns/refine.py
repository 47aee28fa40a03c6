"""The pattern `refine`: judge first, improve stage by stage while the target is not met, keep the best seen.

Self-refine, arXiv 2303.17651, with another model as the judge.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tasks.patterns.assess import Assessor
from tasks.patterns.best_draft import Best, RefinementSkipped, tried
from tasks.patterns.degrading import refining
from tasks.patterns.draft import NOTHING
from tasks.patterns.ran import Ran

if TYPE_CHECKING:
    from tasks.patterns.ran import RunStep
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Refine, Step


async def refine(step: Step, spec: Refine, scope: Scope, run_step: RunStep) -> Ran:
    """The best of the start and what the stages made of it; a stage that fails leaves things as they are."""
    assessor = Assessor(step, spec.judge)
    target = scope.setting.quality.target if spec.target is None else spec.target
    drafts = dict.fromkeys((stage.name for stage in spec.stages), NOTHING)
    start = await run_step(spec.start, scope, "start")
    if spec.start.name:
        drafts[spec.start.name] = start
    if not start:
        return Ran(start, drafts)
    scope = refining(scope)
    best = Best(start, await assessor.assess(start, scope, scope.at(spec.start.name or "start").path))
    with suppress(RefinementSkipped):
        for round_, stage in enumerate(spec.stages, 2):
            if best.score is None or best.score >= target:
                break
            showing, at = best.shown_in(scope, round_), scope.at(stage.name)
            said = f"the stage {stage.name} failed and was left out"
            draft = await tried(partial(run_step, stage, showing), scope, at, said)
            if draft:
                drafts[stage.name] = draft
                best.offer(draft, await assessor.assess(draft, showing, at.path), round_)
    return Ran(best.scored, drafts, best.draft.content, best.draft.data or None, scope.round)
