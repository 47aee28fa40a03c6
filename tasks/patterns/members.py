"""The members of an ensemble: all at once, who fails drops out, and enough of them must answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tasks.calling.budget import KeptWhole, OverBudget
from tasks.calling.failures import CallFailed
from tasks.judging.json_answers import json_in
from tasks.patterns.degrading import drops_before_skipping, indispensable, is_for
from tasks.patterns.draft import Draft
from tasks.patterns.draft_reading import draft_from_json
from tasks.patterns.judge_choice import last_writer
from tasks.patterns.ran import RowFailed
from tasks.patterns.replayed import comes_again
from tasks.patterns.templates import RenderFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tasks.patterns.notes import Decided
    from tasks.patterns.ran import RunStep
    from tasks.patterns.scope import Scope
    from tasks.patterns.steps import Ask, Ensemble, NamedStep

Dropped = CallFailed | RowFailed | RenderFailed | OverBudget
OWN = "own_answer"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer that an ensemble has to choose from.

    Attributes:
        name: of the member; its further samples are `name 2`, `name 3`.
        model: that wrote it.
        member: the step that gave it.
    """

    name: str
    draft: Draft
    model: str
    member: str


@dataclass(slots=True)
class Members:
    """The members of one ensemble that take part; those that failed once do not come back."""

    spec: Ensemble
    scope: Scope
    run_step: RunStep

    async def answer(self) -> dict[str, Draft]:
        """Each member's first answer by name, in the recipe's order.

        Who is counted in is decided once: a replay asks nobody who had dropped out. Where the money did not reach for
        some, one answer is enough; the first listed is not dropped for that, it may be asked of a cheaper model.

        Raises:
            RowFailed, CallFailed: fewer than the quorum have answered; of the kind of the first failure.
            RowDeferred: the row cannot go on now.
        """
        decided = self.scope.decided("members")
        lost = _dropped_before(decided)
        steps = [step for step in self.spec.members if step.name not in lost]
        drafts, failures = await self._at_once(steps, self.scope)
        self._warn(lost, failures)
        took_part = len(drafts) + len(lost) + len(failures)
        short = [each for each in failures.values() if isinstance(each, OverBudget)]
        if short and not drafts:
            raise next(each for each in (failures.get(self.spec.members[0].name), *short) if each in short)
        quorum = self.spec.quorum or max(1, took_part - 1)
        if short or (decided.known or {}).get("short"):
            quorum = 1
        if len(drafts) < quorum:
            raise _too_few(self.scope.place, len(drafts), quorum, failures.values())
        _settle(decided, lost, failures, is_short=bool(short))
        return drafts

    async def answer_again(self, last: dict[str, Draft], round_: int) -> dict[str, Draft]:
        """Each member's answer after reading the others'; who fails now keeps what it said (arXiv 2305.14325)."""
        decided = self.scope.decided(f"round {round_}")
        lost = _dropped_before(decided)
        steps = [step for step in self.spec.members if step.name in last and step.name not in lost]
        drafts, failures = await self._at_once(steps, self.scope.with_reserved(round=round_), last)
        self._warn(lost, failures)
        _settle(decided, lost, failures)
        return {name: drafts.get(name, draft) for name, draft in last.items()}

    def candidates(self, drafts: dict[str, Draft]) -> list[Candidate]:
        """The answers to choose from: a member that was sampled several times gives several."""
        found = []
        for step in self.spec.members:
            if step.name not in drafts:
                continue
            path = self.scope.at(step.name).path
            writer = self.scope.notes.writer_at(path) or last_writer(step)
            for number, draft in enumerate(_samples(step, drafts[step.name]), 1):
                name = step.name if number == 1 else f"{step.name} {number}"
                found.append(Candidate(name, draft, writer, step.name))
        return found

    async def _at_once(
        self, steps: Sequence[NamedStep], scope: Scope, last: dict[str, Draft] | None = None
    ) -> tuple[dict[str, Draft], dict[str, Dropped]]:
        """Drafts by name, and why others failed; who had nothing to do is in neither. What is paid for is awaited."""
        work = [self.run_step(step, _hearing(self._for(step, scope, last), step, last)) for step in steps]
        results = await asyncio.gather(*work, return_exceptions=True)
        drafts: dict[str, Draft] = {}
        failures: dict[str, Dropped] = {}
        for step, result in zip(steps, results, strict=True):
            if isinstance(result, OverBudget) and not self._does_without(result):
                raise result
            if isinstance(result, Dropped):
                failures[step.name] = result
            elif isinstance(result, BaseException):
                raise result
            elif result:
                drafts[step.name] = result
        return drafts, failures

    def _for(self, step: NamedStep, scope: Scope, last: dict[str, Draft] | None) -> Scope:
        return indispensable(scope) if last is None and step is self.spec.members[0] else scope

    def _does_without(self, short: OverBudget) -> bool:
        """Whether a member drops out for want of money; the first listed has tried all else that the recipe allows."""
        if isinstance(short, KeptWhole):
            return False
        return is_for(short, self.scope) or drops_before_skipping(self.scope, short)

    def _warn(self, before: Mapping[str, str], failures: Mapping[str, Dropped]) -> None:
        """Say why each member is out, in a replay as the first time."""
        for name, because in {**before, **failures}.items():
            self.scope.warn(f"{name} dropped out: {because}")


def _settle(
    decided: Decided, before: Mapping[str, str], failures: Mapping[str, Dropped], *, is_short: bool = False
) -> None:
    """A replay does not ask again who might answer by then: what the others were asked after would be asked anew."""
    lost = {name: str(failure) for name, failure in failures.items() if not comes_again(failure)}
    if lost:
        decided.settle({"dropped": {**before, **lost}, **({"short": True} if is_short else {})})


def _dropped_before(decided: Decided) -> dict[str, str]:
    """Who had dropped out when a dead process got here, and why."""
    return dict(decided.known["dropped"]) if decided.known is not None else {}


def _samples(step: NamedStep, draft: Draft) -> list[Draft]:
    """A member's answers: one, or as many as it was sampled for."""
    data = draft.data if isinstance(draft.data, dict) else {}
    if step.ask is None or step.ask.samples == 1 or "samples" not in data:
        return [draft]
    first = replace(draft, data={name: each for name, each in data.items() if name != "samples"})
    return [first, *(_sample(text, step.ask) for text in data["samples"][1:])]


def _sample(text: str, spec: Ask) -> Draft:
    if spec.format == "text":
        return Draft(text)
    try:
        return draft_from_json(json_in(text))
    except ValueError:
        return Draft(text)


def _hearing(scope: Scope, step: NamedStep, last: dict[str, Draft] | None) -> Scope:
    if last is None:
        return scope
    others = [draft for name, draft in last.items() if name != step.name]
    return scope.with_reserved(members=others).seeing({OWN: last[step.name]})


def _too_few(place: str, answered: int, quorum: int, failures: Iterable[Dropped]) -> Exception:
    reasons = [str(failure) for failure in failures]
    said = f"{place}: {answered} members answered, {quorum} are needed; {'; '.join(reasons) or 'none ran'}"
    kinds = [failure.error_kind for failure in failures if isinstance(failure, CallFailed)]
    if kinds:
        return CallFailed("row_fails", kinds[0], said)
    return RowFailed("quorum", said)
