"""The pattern `team`: a coordinator plans subtasks, specialists work in parallel, a reviewer scores, the plan is remade.

The best round counts. What the reviewer taught is kept for later runs where `auto_improvement` says so.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tasks.calling.failures import CallFailed
from tasks.calling.messages import Message
from tasks.judging.json_answers import ask_for_json
from tasks.patterns.assess import Assessment, Assessor
from tasks.patterns.best_draft import Best, RefinementSkipped, tried
from tasks.patterns.degrading import refining
from tasks.patterns.draft import NOTHING
from tasks.patterns.draft_reading import draft_from_text
from tasks.patterns.notes import Lesson
from tasks.patterns.ran import Ran, RowFailed
from tasks.patterns.team_plan import plan_faults, plan_of, plan_schema
from tasks.patterns.team_work import TRUNCATED, Assignment, so_far, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.patterns.draft import Draft
    from tasks.patterns.ran import RunStep
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Step, Team
    from tasks.patterns.team_plan import TeamPlan

PLAN_TOKENS = 3000
TEXT_TOKENS = 4096


class NoPlan(RowFailed):
    """The coordinator gave no plan that can be worked, twice."""


async def team(step: Step, spec: Team, scope: Scope, run_step: RunStep) -> Ran:
    """The best draft of all rounds; the general step's where no plan came about.

    Raises:
        NoPlan: and there is no general step.
        CallFailed: nobody gave a first draft.
        RowDeferred: the row cannot go on now.
    """
    assessor = Assessor(step, spec.reviewer, role="reviewer", teaches=spec.feedback.auto_improvement)
    inner = {spec.general.name: NOTHING} if spec.general and spec.general.name else {}
    try:
        draft = await _round(step, spec, scope)
    except NoPlan as failure:
        if spec.general is None:
            raise
        scope.warn(f"{failure}; the general step works instead")
        draft = await run_step(spec.general, scope, "general")
        return Ran(draft, dict.fromkeys(inner, draft), draft.content, draft.data or None, scope.round)
    scope = refining(scope)
    best = Best(draft, await _reviewed(assessor, draft, scope))
    with suppress(RefinementSkipped):
        for round_ in range(2, spec.feedback.max_iterations + 1):
            if best.score is None or best.score >= spec.feedback.quality_threshold:
                break
            showing = best.shown_in(scope, round_)
            said = f"round {round_} failed, so the best before it counts"
            again = await tried(partial(_round, step, spec, showing), scope, scope, said)
            if again is None:
                break
            best.offer(again, await _reviewed(assessor, again, showing), round_)
    return Ran(best.scored, inner, best.draft.content, best.draft.data or None, scope.round)


async def _round(step: Step, spec: Team, scope: Scope) -> Draft:
    assignment = Assignment(await _planned(step, spec, scope), step, spec, scope)
    pieces = await assignment.done()
    last = assignment.plan.last
    return draft_from_text(pieces[last.id]) if last else await _assembled(assignment, pieces)


async def _planned(step: Step, spec: Team, scope: Scope) -> TeamPlan:
    """A plan without faults; a bad one is asked for again once, with what is wrong."""
    planning = scope.at("coordinator")
    roles = "\n".join(f"- {role}" for role in spec.specialists)
    call = planning.question(
        spec.coordinator,
        lambda texts: (
            Message("system", PLAN.format(roles=roles)),
            Message("user", whole(step, spec, scope, texts)),
        ),
        role="coordinator",
        texts=so_far(scope),
        form=plan_schema(list(spec.specialists)),
        max_tokens=PLAN_TOKENS,
    )
    try:
        value, _ = await ask_for_json(scope.ask, call, planning.place, plan_faults)
    except CallFailed as failure:
        if failure.error_kind != "no_parse":
            raise
        raise NoPlan("no_plan", str(failure)) from failure
    return plan_of(value)


async def _assembled(assignment: Assignment, pieces: dict[str, str]) -> Draft:
    """One text of several ends; only what nothing else needed goes in, the rest is in there already."""
    step, spec, scope = assignment.step, assignment.spec, assignment.scope.at("assembly")
    before = so_far(assignment.scope)
    ends: dict[str, str] = {}
    for each in assignment.plan.ends:
        name = f"{each.task} ({each.role})"
        ends[name if name not in ends else f"{name} {each.id}"] = pieces[each.id]

    def messages(texts: Mapping[str, str]) -> tuple[Message, Message]:
        known = {name: text for name, text in texts.items() if name in before}
        quoted = "\n\n".join(f"## {name}\n{text}" for name, text in texts.items() if name in ends)
        told = f"{whole(step, spec, assignment.scope, known)}\n\n# The pieces\n\n{quoted}"
        return Message("system", ASSEMBLE), Message("user", told)

    call = scope.question(
        spec.coordinator,
        messages,
        role="coordinator",
        texts={**before, **ends},
        max_tokens=TEXT_TOKENS,
    )
    completion = await scope.ask(call)
    if completion.finish == "length":
        scope.warn(TRUNCATED)
    return draft_from_text(completion.text)


async def _reviewed(assessor: Assessor, draft: Draft, scope: Scope) -> Assessment:
    assessment = await assessor.assess(draft, scope)
    if assessment.lesson and assessment.score is not None:
        scope.notes.lessons.append(Lesson(assessment.lesson, assessment.score))
    return assessment


PLAN = """\
You coordinate specialists. Break the task into the fewest subtasks that bring it to a finished text, at most twelve, \
each for one of these roles:
{roles}

Give every subtask a short id, its role, what is to be done in it (with all that the specialist has to know: they see \
the task, your instruction and the results they need, nothing else), and the ids of the subtasks whose results it needs. \
What does not need one another is done at the same time. Let one last subtask write the finished text from the others. \
Where there is a text already and a reviewer's wishes, plan only what has to be done to meet them, and have the finished \
text written again in full."""

ASSEMBLE = """\
You coordinate specialists who have done their parts of the task. Put the pieces together into the one finished text that \
the task asks for: nothing left out that matters, nothing said twice, one voice throughout. Give the text alone."""
