"""The pattern `repeat`: run, assess, feed back, run again; the best round counts.

Ends at the threshold, after `max_iterations`, or with the first round that is no better than the best before it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tasks.patterns.assess import Assessor
from tasks.patterns.best_draft import DRAFT, Best, RefinementSkipped, tried
from tasks.patterns.degrading import refining
from tasks.patterns.draft import NOTHING
from tasks.patterns.ran import Ran

if TYPE_CHECKING:
    from tasks.patterns.ran import RunStep
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Repeat, Step


async def repeat(step: Step, spec: Repeat, scope: Scope, run_step: RunStep) -> Ran:
    """The best round's draft; a later round that fails leaves the best before it.

    In the first round `draft` is empty, unless the scope has one: a loop inside a loop begins with the outer one's.
    """
    assessor = Assessor(step, spec.judge)
    threshold = scope.setting.quality.target if spec.threshold is None else spec.threshold
    at = scope.at(spec.body.name or "body")
    first = await run_step(
        spec.body, scope if DRAFT in scope.drafts else scope.seeing({DRAFT: NOTHING}), "body"
    )
    scope = refining(scope)
    best = Best(first, await assessor.assess(first, scope, at.path)) if first else None
    with suppress(RefinementSkipped):
        for round_ in range(2, spec.max_iterations + 1):
            if best is None or best.score is None or best.score >= threshold:
                break
            showing = best.shown_in(scope, round_)
            said = f"round {round_} failed, so the best before it counts"
            draft = await tried(partial(run_step, spec.body, showing, "body"), scope, at, said)
            if not draft or not best.offer(draft, await assessor.assess(draft, showing, at.path), round_):
                break
    made = best.scored if best else first
    inner = {spec.body.name: made} if spec.body.name else {}
    return Ran(made, inner, made.content, made.data or None, scope.round)
