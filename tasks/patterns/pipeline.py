"""The pattern `pipeline`: steps in order, each seeing the request and every earlier step by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.draft import NOTHING, Draft
from tasks.patterns.ran import Ran

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.patterns.ran import RunStep
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import NamedStep


async def pipeline(steps: Sequence[NamedStep], scope: Scope, run_step: RunStep) -> Ran:
    """The draft of the last step that ran; every step's draft by name inside."""
    drafts: dict[str, Draft] = {}
    last = NOTHING
    for step in steps:
        drafts[step.name] = await run_step(step, scope.seeing(drafts))
        last = drafts[step.name] or last
    return Ran(last, drafts, last.content, last.data or None, scope.round)
