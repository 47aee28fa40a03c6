"""The pattern `pipeline`: steps in order, each seeing the request and every earlier step by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.draft import NOTHING, Draft

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import NamedStep


async def pipeline(
    steps: Sequence[NamedStep], scope: Scope, run_step: Callable[[NamedStep, Scope], Awaitable[Draft]]
) -> tuple[Draft, dict[str, Draft]]:
    """The draft of the last step that ran, and every step's draft by name."""
    drafts: dict[str, Draft] = {}
    last = NOTHING
    for step in steps:
        drafts[step.name] = await run_step(step, scope.seeing(drafts))
        last = drafts[step.name] or last
    return last, drafts
