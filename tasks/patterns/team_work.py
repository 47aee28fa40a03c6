"""The work of a team's specialists: every subtask as soon as what it needs is there, all others at the same time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.calling.messages import Message
from tasks.patterns.handoff import task_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Step, Team
    from tasks.patterns.team_plan import Subtask, TeamPlan

MOST_TOKENS = 4096
SO_FAR = "The text so far"
WISHES = "What the reviewer wants changed"
TRUNCATED = "the answer was cut off at max_tokens"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A plan, and the team that is to work it."""

    plan: TeamPlan
    step: Step
    spec: Team
    scope: Scope

    async def done(self) -> dict[str, str]:
        """Each subtask's result by id.

        What is under way when one fails is awaited, as it is paid for; what needs a failed one is not begun.

        Raises:
            CallFailed: of the first subtask that failed, in the plan's order.
            RowDeferred: the row cannot go on now.
        """
        places = self.plan.places
        working: dict[str, asyncio.Task[str]] = {}
        for subtask in self.plan.subtasks:
            needed = [working[each] for each in subtask.needs]
            working[subtask.id] = asyncio.create_task(self._work(subtask, needed, places[subtask.id]))
        results = await asyncio.gather(*working.values(), return_exceptions=True)
        texts: dict[str, str] = {}
        for name, result in zip(working, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            texts[name] = result
        return texts

    async def _work(self, subtask: Subtask, needed: list[asyncio.Task[str]], place: str) -> str:
        given = dict(zip(subtask.needs, [await each for each in needed], strict=True))
        working = self.scope.at(place)
        call = working.question(
            self.spec.specialists[subtask.role],
            lambda texts: (Message("system", INSTRUCTIONS), Message("user", self._told(subtask, texts))),
            role=subtask.role,
            texts=self._texts(given),
            max_tokens=MOST_TOKENS,
        )
        completion = await working.ask(call)
        if completion.finish == "length":
            working.warn(TRUNCATED)
        return completion.text

    def _texts(self, given: Mapping[str, str]) -> dict[str, str]:
        """What others wrote, in the order in which it is read."""
        scope = self.scope
        before = {SO_FAR: scope.previous[1].content if scope.round > 1 else "", WISHES: scope.feedback}
        taken = {name: text for name, text in before.items() if text}
        return taken | {
            name if name not in taken else f"{name} (result)": text for name, text in given.items()
        }

    def _told(self, subtask: Subtask, texts: Mapping[str, str]) -> str:
        """What all parts are told comes first; only who writes the finished text is told of its form."""
        scope, writes_it = self.scope, subtask is self.plan.last
        given = {name: text for name, text in texts.items() if name not in (SO_FAR, WISHES)}
        results = "\n\n".join(f"## {name}\n{text}" for name, text in given.items())
        sections = {
            "What reviews of earlier work taught": _lessons(self.spec, scope),
            "The whole task": task_of(scope),
            SO_FAR: texts.get(SO_FAR),
            WISHES: texts.get(WISHES),
            "Results of others": results,
            "Your part": f"You are the {subtask.role}.\n{subtask.task}",
            "The form of the finished text": self.step.expects if writes_it else "",
        }
        return _titled(sections)


def so_far(scope: Scope) -> dict[str, str]:
    """What there is of a text, and what is wrong with it."""
    texts = {"What there is so far": scope.previous[1].content, WISHES: scope.feedback}
    return {name: text for name, text in texts.items() if text}


def whole(step: Step, spec: Team, scope: Scope, texts: Mapping[str, str]) -> str:
    """The whole task as the coordinator sees it, with `texts` as `so_far` gives them."""
    return _titled(
        {
            "The form of the finished text": step.expects,
            "What reviews of earlier work taught": _lessons(spec, scope),
            "Task": task_of(scope),
            **texts,
        }
    )


def _lessons(spec: Team, scope: Scope) -> str:
    learns = spec.feedback.auto_improvement
    return "\n".join(f"- {lesson}" for lesson in scope.setting.lessons) if learns else ""


def _titled(sections: Mapping[str, str | None]) -> str:
    return "\n\n".join(f"# {title}\n{text}" for title, text in sections.items() if text)


INSTRUCTIONS = """\
You are a specialist in a small team. Do your part of the task, in full and ready to be used by the others. Say what \
you are not sure of instead of inventing it. Give only the result."""
