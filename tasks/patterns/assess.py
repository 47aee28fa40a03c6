"""Assessing a draft inside a pattern: the free checks first, then a judge; a judge that is down fails no row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.calling.failures import CallFailed
from tasks.judging.checks import failed_checks
from tasks.judging.json_answers import ask_for_json
from tasks.judging.rubric import Judgement, Rubric
from tasks.patterns.degrading import GivenUp, is_for
from tasks.patterns.handoff import task_of
from tasks.patterns.judge_choice import judges_of, writers
from tasks.patterns.replayed import comes_again

if TYPE_CHECKING:
    from tasks.patterns.draft import Draft
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Step

JUDGE = "judge"
MOST_TOKENS = 1500


@dataclass(frozen=True, slots=True)
class Assessment:
    """How good a draft is.

    Attributes:
        score: from 0 to 1; 0 where a check failed; None where no judge answered.
        feedback: what to change.
        lesson: what to do differently another time; empty if nothing was said.
    """

    score: float | None
    feedback: str = ""
    lesson: str = ""


@dataclass(frozen=True, slots=True)
class Assessor:
    """Assesses the drafts of one step.

    Attributes:
        step: its checks come first, its subtree's writers decide on the default judge.
        judge: as the pattern says it; None takes the recipe's, then the default.
        teaches: a lesson is asked for.
    """

    step: Step
    judge: ModelChoice | None
    role: str = JUDGE
    teaches: bool = False

    async def assess(self, draft: Draft, scope: Scope, of: str = "") -> Assessment:
        """Of one draft, on its own.

        Args:
            of: path of the step that gave it; by default the scope's own.

        Raises:
            RowDeferred: the row cannot go on now.
        """
        value = draft.data or None
        wrong = failed_checks(self.step.checks, draft.content, scope.seeing({"draft": draft}).render, value)
        if wrong:
            return Assessment(0.0, "\n".join(wrong))
        judging = scope.at(self.role)
        decided = judging.decided("down")
        if decided.known is not None:
            return _nobody(scope, decided.known["because"])
        try:
            judgement = await self._judged(draft, judging)
        except (CallFailed, GivenUp) as failure:
            if isinstance(failure, GivenUp) and not is_for(failure, judging):
                raise
            if not comes_again(failure):
                decided.settle({"because": str(failure)})
            return _nobody(scope, str(failure))
        scope.notes.judge(of or scope.path, scope.round, draft.content, judgement, asked_at=judging.path)
        return Assessment(judgement.score, judgement.feedback, judgement.lesson)

    async def _judged(self, draft: Draft, scope: Scope) -> Judgement:
        rubric = Rubric(scope.setting.quality.criteria, self.teaches)
        call = scope.question(
            judges_of(self.step, self.judge, scope.setting),
            rubric.messages(draft.content, task_of(scope), self.step.expects),
            role=self.role,
            form=rubric.schema(),
            temperature=0.0,
            max_tokens=MOST_TOKENS,
            avoid=self._families(scope),
        )
        value, model = await ask_for_json(scope.ask, call, scope.place)
        return rubric.judgement(value, model)

    def _families(self, scope: Scope) -> set[str]:
        """Of the writers: judges prefer texts of their own kind."""
        models = scope.setting.models
        return {models[name].family for name in writers(self.step) if name in models}


def _nobody(scope: Scope, because: str) -> Assessment:
    scope.warn(f"nobody could judge this: {because}")
    return Assessment(None)
