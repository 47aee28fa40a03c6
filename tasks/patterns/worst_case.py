"""What a recipe may come to for one request: calls, calls after one another, USD. No I/O.

Every bound is at least what the patterns do. USD is an estimate on the high side: a call is taken to write all of its
`max_tokens`, to go to the dearest model that may answer it, and to read its own templates (a token for four bytes), 500
tokens of the request, and of everything it is shown as much as that may be at most. A model's failed attempts and
cells of more than 500 tokens are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.patterns.lint_asking import JUDGEMENT_TOKENS, Asking
from tasks.patterns.lint_calls import (
    LARGEST,
    WorstCase,
    after,
    at_once,
    copies,
    one_of,
    over_again,
    perhaps,
)
from tasks.patterns.lint_shown import CORRECTION_TOKENS, TEXT_TOKENS, Shown, largest_text, tokens_of
from tasks.patterns.model_choice import Cascade
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Shape, Team
from tasks.patterns.team_plan import MOST_SUBTASKS
from tasks.patterns.template_check import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.calling.prices import Price
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.steps import NamedStep, Step

__all__ = ["MOST_CALLS", "WorstCase", "too_large", "worst_case"]

MOST_CALLS: Final = 10_000
STRUCTURED_TOKENS: Final = 3000


def worst_case(
    recipe: Recipe,
    prices: Mapping[str, Price | None],
    default_judge: tuple[str, ...] = (),
    fallbacks: Mapping[str, Sequence[str]] | None = None,
) -> WorstCase:
    """The most that one request may take, and the least.

    Args:
        recipe: need not be free of mistakes.
        prices: catalog name → price. Where a need or nobody says which model, any of these may be meant.
        default_judge: who judges where neither a step nor the recipe says.
        fallbacks: catalog name → the models that serve when this one cannot.
    """
    judges = recipe.quality.judge if recipe.quality.judge is not None else default_judge or None
    reckoning = _Reckoning(recipe, Asking(prices, fallbacks or {}, judges))
    return reckoning.step(recipe.make, Shown(), "make")


def too_large(recipe: Recipe) -> Fault | None:
    """What is wrong with a recipe of which one request may take more than `MOST_CALLS` calls."""
    calls = worst_case(recipe, {}).calls
    if calls <= MOST_CALLS:
        return None
    found = "a billion calls or more" if calls >= LARGEST else f"up to {calls:,} calls"
    hint = "lower max_iterations, max_rounds or samples, or nest fewer of them in one another"
    return Fault(f"one request may take {found}, more than {MOST_CALLS:,}", hint)


@dataclass(frozen=True, slots=True)
class _Reckoning:
    recipe: Recipe
    asking: Asking

    def step(self, step: Step, shown: Shown, label: str) -> WorstCase:
        """A step with its condition, and its pattern once more where checks can fail."""
        label = step.name or label
        if step.checks and step.ask is None:
            shown = shown.telling(feedback=CORRECTION_TOKENS)
        found = self._pattern(step, shown, label)
        if step.checks and step.ask is None:
            found = over_again(found, 2)
        return perhaps(found) if step.when is not None else found

    def _pattern(self, step: Step, shown: Shown, label: str) -> WorstCase:
        match step.pattern:
            case Ask() as pattern:
                return self._ask(step, pattern, shown, label)
            case Ensemble() as pattern:
                return self._ensemble(pattern, shown)
            case Route() as pattern:
                return self._route(pattern, shown)
            case Refine() as pattern:
                return self._refine(pattern, shown)
            case Repeat(body=body, max_iterations=rounds) as pattern:
                looped = shown.telling(draft=largest_text(body), feedback=JUDGEMENT_TOKENS)
                turn = [
                    self.step(body, looped, "body"),
                    self.asking.judged(pattern.judge, largest_text(body)),
                ]
                return over_again(after(turn), rounds)
            case Team() as pattern:
                return self._team(pattern, shown)
            case steps:
                return self._pipeline(steps, shown)

    def _pipeline(self, steps: Sequence[NamedStep], shown: Shown) -> WorstCase:
        found = []
        for step in steps:
            found.append(self.step(step, shown, step.name))
            shown = shown.followed_by(step)
        return after(found)

    def _ask(self, step: Step, ask: Ask, shown: Shown, label: str) -> WorstCase:
        """Once more for an answer that is not JSON, and both once more for failed checks."""
        times = (1 if ask.format == "text" else 2) * (2 if step.checks else 1)
        templates = (ask.prompt, ask.system or "", step.role or "", step.expects or "", self.recipe.about)
        read = shown.read(*templates)
        if not isinstance(ask.model, Cascade):
            return copies(self.asking.call(label, ask.model, read, ask.max_tokens, times), ask.samples)
        judged = over_again(self.asking.judged(None, ask.max_tokens), times)
        tried = [
            after([self.asking.call(f"{label} ({name})", name, read, ask.max_tokens, times), judged])
            for name in ask.model.cascade
        ]
        return copies(after([tried[0], *map(perhaps, tried[1:])]), ask.samples)

    def _ensemble(self, spec: Ensemble, shown: Shown) -> WorstCase:
        asks = [member.ask for member in spec.members]
        everything = sum(largest_text(member) for member in spec.members)
        largest = max(m.ask.max_tokens if m.ask else largest_text(m) for m in spec.members)
        candidates = sum(ask.samples if ask else 1 for ask in asks)
        rounds = spec.max_rounds if len(spec.members) > 1 else 1
        hearing = shown.telling(members=everything) if rounds > 1 else shown
        turn = [at_once([self.step(member, hearing, member.name) for member in spec.members])]
        may_be_prose = not all(ask is not None and _is_structured(ask) for ask in asks)
        is_prose = any(ask is None or ask.format == "text" for ask in asks)
        wanted = set(spec.combine)
        merger = spec.merger if spec.merger is not None else spec.judge
        if may_be_prose and candidates > 1 and (rounds > 1 or wanted != {"vote"}):
            compared = self.asking.own("compare", merger, everything, STRUCTURED_TOKENS, 2)
            turn.append(compared if is_prose else perhaps(compared))
        found = [over_again(after(turn), rounds)]
        if spec.by == "judge" or (spec.by is None and may_be_prose):
            voted = copies(self.asking.judged(spec.judge, largest), candidates)
            is_sure = (spec.by == "judge" or is_prose) and wanted != {"merge"}
            found.append(voted if is_sure else perhaps(voted))
        if "merge" in wanted and candidates > 1:
            found.append(self.asking.own("merge", merger, everything + STRUCTURED_TOKENS, TEXT_TOKENS, 1))
        return after(found)

    def _route(self, spec: Route, shown: Shown) -> WorstCase:
        ways = [self.step(step, shown, label) for label, step in spec.to.items()]
        taken = one_of([*ways, self.step(spec.general, shown, "general")])
        if spec.by != "model":
            return taken
        examples = [text for texts in spec.examples.values() for text in texts]
        classified = self.asking.own("classify", spec.classifier, tokens_of(*examples), JUDGEMENT_TOKENS, 2)
        return after([classified, taken])

    def _refine(self, spec: Refine, shown: Shown) -> WorstCase:
        best = largest_text(spec.start)
        found = [self.step(spec.start, shown, "start"), self.asking.judged(spec.judge, best)]
        for stage in spec.stages:
            looped = shown.telling(draft=best, feedback=JUDGEMENT_TOKENS)
            turn = [self.step(stage, looped, stage.name), self.asking.judged(spec.judge, largest_text(stage))]
            found.append(perhaps(after(turn)))
            best = max(best, largest_text(stage))
        return after(found)

    def _team(self, spec: Team, shown: Shown) -> WorstCase:
        """In each round a plan, its subtasks at worst in one chain, their assembly, and a review."""
        looped = shown.telling(draft=TEXT_TOKENS, feedback=JUDGEMENT_TOKENS).read()
        chain = TEXT_TOKENS * MOST_SUBTASKS
        subtask = one_of(
            [
                self.asking.own("subtask", each, looped + chain // 2, TEXT_TOKENS, 1)
                for each in spec.specialists.values()
            ]
        )
        turn = [
            self.asking.own("plan", spec.coordinator, looped, STRUCTURED_TOKENS, 2),
            over_again(subtask, MOST_SUBTASKS),
            perhaps(self.asking.own("assemble", spec.coordinator, looped + chain, TEXT_TOKENS, 1)),
            self.asking.judged(spec.reviewer, TEXT_TOKENS, "review"),
        ]
        found = over_again(after(turn), spec.feedback.max_iterations)
        if spec.general is None:
            return found
        return after([found, perhaps(self.step(spec.general, shown, "general"))])


def _is_structured(ask: Ask) -> bool:
    """Whether the answers are compared as they are; JSON with a `content` may hold prose."""
    return isinstance(ask.format, Shape) and "content" not in ask.format.json_schema.get("properties", {})
