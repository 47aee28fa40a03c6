"""The pattern `ensemble`: members at once, then one draft of them all: voted for, merged, or with their consensus.

Several samples and a vote: self-consistency, arXiv 2203.11171. Members that read one another: debate, arXiv 2305.14325.
Layers are ensembles inside one another: mixture of agents, arXiv 2406.04692.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tasks.patterns.choosing_one import are_short, choose
from tasks.patterns.comparing import Comparison, compare
from tasks.patterns.degrading import ensembling
from tasks.patterns.judge_choice import judges_of
from tasks.patterns.members import Members
from tasks.patterns.merging import merge
from tasks.patterns.ran import Ran

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.patterns.draft import Draft
    from tasks.patterns.members import Candidate
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.ran import RunStep
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ensemble, Step

UNANIMOUS = 0.999
NOT_COMPARED = Comparison(None)


async def ensemble(step: Step, spec: Ensemble, scope: Scope, run_step: RunStep) -> Ran:
    """One draft; its data carries `best_individual`, `merged_insights` and `consensus` as `combine` asks for them."""
    scope = ensembling(scope)
    members = Members(spec, scope, run_step)
    drafts, comparison = await _debated(members, step)
    candidates = members.candidates(drafts)
    content, found = await _combined(candidates, comparison, step, spec, scope)
    draft = replace(content, data=_with(content.data, found))
    return Ran(draft, drafts, draft.content, content.data or None, scope.round)


async def _debated(members: Members, step: Step) -> tuple[dict[str, Draft], Comparison | None]:
    """The last answers, after as many rounds as it takes to agree, and how far they agree where that was asked."""
    spec, scope = members.spec, members.scope
    drafts = await members.answer()
    wanted = {"merge", "consensus"} & set(spec.combine) or spec.max_rounds > 1
    comparison = await _compared(members, drafts, step) if wanted else None
    for round_ in range(2, spec.max_rounds + 1):
        if len(drafts) == 1 or _agree(comparison, _enough(members, drafts)):
            break
        drafts = await members.answer_again(drafts, round_)
        comparison = await _compared(members, drafts, step, scope.with_reserved(round=round_))
    return drafts, comparison


async def _compared(
    members: Members, drafts: dict[str, Draft], step: Step, scope: Scope | None = None
) -> Comparison | None:
    return await compare(
        members.candidates(drafts), _comparers(members.spec, step, members.scope), scope or members.scope
    )


def _comparers(spec: Ensemble, step: Step, scope: Scope) -> ModelChoice:
    return judges_of(step, spec.merger if spec.merger is not None else spec.judge, scope.setting)


def _agree(comparison: Comparison | None, enough: float) -> bool:
    return comparison is not None and comparison.agreement is not None and comparison.agreement >= enough


def _enough(members: Members, drafts: dict[str, Draft]) -> float:
    """Short answers have to be the same; of prose, as much as the recipe's target has to be agreed."""
    return UNANIMOUS if are_short(members.candidates(drafts)) else members.scope.setting.quality.target


async def _combined(
    candidates: list[Candidate], comparison: Comparison | None, step: Step, spec: Ensemble, scope: Scope
) -> tuple[Draft, dict[str, Any]]:
    """The content, and what its data says of all answers."""
    data: dict[str, Any] = {}
    found: dict[str, Draft] = {}
    if "vote" in spec.combine or "consensus" in spec.combine or len(candidates) == 1:
        chosen = await choose(candidates, spec, step, scope)
        found["vote"] = found["consensus"] = chosen.draft
        if "vote" in spec.combine:
            data["best_individual"] = chosen.as_data()
    if "merge" in spec.combine:
        merged = None
        if len(candidates) > 1:
            merged = await merge(
                candidates, comparison, _comparers(spec, step, scope), scope, expects=step.expects
            )
        if merged is not None:
            found["merge"] = merged
        data["merged_insights"] = merged.content if merged else ""
    if "consensus" in spec.combine:
        data["consensus"] = (comparison or NOT_COMPARED).as_data()
    first = next((found[each] for each in (*spec.combine, *found) if each in found), None)
    if first is None:
        first = (await choose(candidates, spec, step, scope)).draft
    return first, data


def _with(own: Mapping[str, Any] | list[Any], more: dict[str, Any]) -> dict[str, Any]:
    """The content's own data beside what the ensemble adds; a list gets a name."""
    if isinstance(own, list):
        own = {"items": own}
    return {**own, **more}
