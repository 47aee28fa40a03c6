"""One walk over a recipe's steps that tells which calls it may come to; what they add up to is told by the sums. No I/O.

The worst case and the expected case are two ways of adding up the same calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from tasks.patterns.baseline_step import BASELINE, baseline_step
from tasks.patterns.batch_settings import LEAST_REWRITTEN, PATH, ROLE
from tasks.patterns.blind_paths import FINAL, PAIR
from tasks.patterns.judge_choice import rewriters
from tasks.patterns.lint_asking import JUDGEMENT_TOKENS
from tasks.patterns.lint_reading import constant
from tasks.patterns.lint_shown import CORRECTION_TOKENS, TEXT_TOKENS, Shown, largest_text, tokens_of
from tasks.patterns.model_choice import Cascade
from tasks.patterns.prior import (
    CASCADE_GOES_ON,
    CHECK_FAILS,
    FAILS_THE_BATCH,
    GOES_ON,
    MAY_NEED_IT,
    RARELY,
    WHEN_HOLDS,
    gain_chances,
    later,
)
from tasks.patterns.step_tree import Place, walk
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Shape, Team
from tasks.patterns.team_plan import MOST_SUBTASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.patterns.lint_shown import Read
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.steps import NamedStep, Step

STRUCTURED_TOKENS: Final = 3000
TOP: Final = "make"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """One call that a pattern may make.

    Attributes:
        label: what it is called in words.
        path: of the step, as the store has it.
        role: as the store has it.
        choice: who is asked; None if nobody says.
        tokens_out: that it may write, at most.
        is_json: it is asked once more if its answer cannot be read.
        checked: it is asked once more if checks fail.
    """

    label: str
    path: str
    role: str
    choice: ModelChoice | None
    read: Read
    tokens_out: int
    is_json: bool = False
    checked: bool = False


class Sums(Protocol[T]):
    """How calls add up."""

    def call(self, question: Question) -> T:
        """One call, and asking again."""

    def after(self, parts: Sequence[T]) -> T:
        """The parts in this order."""

    def at_once(self, parts: Sequence[T]) -> T:
        """All parts, side by side."""

    def one_of(self, parts: Sequence[T]) -> T:
        """Any one of the parts."""

    def some_of(self, parts: Sequence[T], chances: Sequence[float]) -> T:
        """At least one of the parts, each with its chance."""

    def several(self, parts: Sequence[T], most: int) -> T:
        """As many of the parts as a coordinator thinks of, each as often as it likes."""

    def over_again(self, part: T, times: int, chance: float, /) -> T:
        """The part up to so many times, one after the other; `chance` is that of each further time."""

    def copies(self, part: T, number: int) -> T:
        """As many of the part, all at once."""

    def perhaps(self, part: T, chance: float, /) -> T:
        """The part, or nothing."""


@dataclass(frozen=True, slots=True)
class Reckoning(Generic[T]):
    """The walk.

    Attributes:
        judges: who judges where a step does not say.
    """

    recipe: Recipe
    sums: Sums[T]
    judges: ModelChoice | None

    def total(self) -> T:
        """The whole recipe, for one request."""
        made = self._step(self.recipe.make, Shown(tuple(self.recipe.request)), "", TOP)
        batch = self.recipe.batch
        if batch is None or not batch.rewrites:
            return made
        again = self.sums.over_again(self._rewriting(), batch.rounds, GOES_ON)
        return self.sums.after([made, self.sums.perhaps(again, min(batch.max_rows, FAILS_THE_BATCH))])

    def _rewriting(self) -> T:
        """The delivered text once more, and its judgement where the recipe has texts judged."""
        make, shown = self.recipe.make, Shown(tuple(self.recipe.request))
        text = largest_text(make)
        if make.refine is not None:
            told = shown.telling(1.0, draft=text, feedback=JUDGEMENT_TOKENS + text)
            stage = make.refine.stages[-1].model_copy(update={"name": None, "when": None, "role": ROLE})
            turn = [self._step(stage, told, PATH, "")]
        else:
            read = shown.instructed(2 * text)
            tokens_out = text + text // 2 + LEAST_REWRITTEN
            asks = [place.step.ask for place in walk(Place((), make, frozenset()))]
            is_json = any(ask is not None and ask.format != "text" for ask in asks)
            question = Question("rewrite", PATH, ROLE, rewriters(make), read, tokens_out, is_json)
            turn = [self.sums.call(question)]
        if isinstance(make.pattern, Refine | Repeat | Team | Ensemble):
            named = getattr(make.pattern, "judge", None) or getattr(make.pattern, "reviewer", None)
            turn.append(self._judged(named, shown, text, PATH))
        return self.sums.after(turn)

    def proven(self) -> T:
        """The same with the control arm and the blind judges of what is delivered, as often as the recipe says."""
        quality, baseline = self.recipe.quality, self.recipe.baseline
        share = baseline.share if baseline is not None else 0.0
        shown, text = Shown(tuple(self.recipe.request)), largest_text(self.recipe.make)
        parts = [self.total()]
        if baseline is not None and share:
            control = [
                self._step(baseline_step(self.recipe, baseline), shown, "", BASELINE),
                *self._blind(FINAL, text),
            ]
            control += (
                [each for _ in range(2) for each in self._blind(PAIR, 2 * text)] if quality.pairs else []
            )
            parts.append(self.sums.perhaps(self.sums.after(control), share))
        if judged := max(share, quality.share):
            parts.append(self.sums.perhaps(self.sums.after(self._blind(FINAL, text)), judged))
        return self.sums.at_once(parts)

    def _blind(self, path: str, text: int) -> list[T]:
        """A question to each of the judges of what is delivered."""
        quality, shown = self.recipe.quality, Shown(tuple(self.recipe.request))
        judges: tuple[ModelChoice | None, ...] = quality.judges or (quality.judge or self.judges,)
        return [
            self.sums.call(Question("judge", path, "judge", each, shown.instructed(text), JUDGEMENT_TOKENS, is_json=True))
            for each in judges
        ]  # fmt: skip

    def _step(self, step: Step, shown: Shown, parent: str, label: str) -> T:
        """A step with its condition, and its pattern once more where checks can fail."""
        path = step.name or ("" if label == TOP and not parent else label)
        path = f"{parent}/{path}" if parent else path
        label = step.name or label
        again = bool(step.checks) and step.ask is None
        if again:
            shown = shown.telling(later(2, CHECK_FAILS), feedback=CORRECTION_TOKENS)
        found = self._pattern(step, shown, path, label)
        if again:
            found = self.sums.over_again(found, 2, CHECK_FAILS)
        if step.when is None:
            return found
        holds = constant(step.when)
        return self.sums.perhaps(found, WHEN_HOLDS if holds is None else float(holds))

    def _pattern(self, step: Step, shown: Shown, path: str, label: str) -> T:
        match step.pattern:
            case Ask() as pattern:
                return self._ask(step, pattern, shown, path, label)
            case Ensemble() as pattern:
                return self._ensemble(pattern, shown, path)
            case Route() as pattern:
                return self._route(pattern, shown, path)
            case Refine() as pattern:
                return self._refine(pattern, shown, path)
            case Repeat(body=body, max_iterations=rounds) as pattern:
                looped = shown.telling(later(rounds), draft=largest_text(body), feedback=JUDGEMENT_TOKENS)
                turn = [
                    self._step(body, looped, path, "body"),
                    self._judged(pattern.judge, looped, largest_text(body), path),
                ]
                return self.sums.over_again(self.sums.after(turn), rounds, GOES_ON)
            case Team() as pattern:
                return self._team(pattern, shown, path)
            case steps:
                return self._pipeline(steps, shown, path)

    def _pipeline(self, steps: Sequence[NamedStep], shown: Shown, path: str) -> T:
        found = []
        for step in steps:
            found.append(self._step(step, shown, path, step.name))
            shown = shown.followed_by(step)
        return self.sums.after(found)

    def _ask(self, step: Step, ask: Ask, shown: Shown, path: str, label: str) -> T:
        """Once more for an answer that is not JSON, and both once more for failed checks."""
        checked, is_json = bool(step.checks), ask.format != "text"
        templates = (ask.prompt, ask.system or "", step.role or "", step.expects or "", self.recipe.about)
        read, role = shown.read(*templates), step.role or ""

        def asked(choice: ModelChoice, said: str) -> T:
            question = Question(said, path, role, choice, read, ask.max_tokens, is_json, checked)
            return self.sums.call(question)

        if not isinstance(ask.model, Cascade):
            return self.sums.copies(asked(ask.model, label), ask.samples)
        times = (2 if is_json else 1) * (2 if checked else 1)
        judged = self.sums.after([])
        if ask.model.by == "gain":
            if self.recipe.explore:
                judged = self._judged(None, shown, ask.max_tokens, path)
                judged = self.sums.over_again(judged, times, CHECK_FAILS)
            chances = gain_chances(ask.model.strong_share, self.recipe.explore, checked=checked)
            ways = []
            for name, chance in zip(ask.model.cascade, chances, strict=True):
                scored = self.sums.perhaps(judged, self.recipe.explore / chance if chance else 0.0)
                ways.append(self.sums.after([asked(name, f"{label} ({name})"), scored]))
            return self.sums.copies(self.sums.some_of(ways, chances), ask.samples)
        if ask.model.scorer(ask.samples) == "judge":
            judged = self.sums.over_again(self._judged(None, shown, ask.max_tokens, path), times, CHECK_FAILS)
        unscored = self.sums.perhaps(judged, self.recipe.explore)  # the last answer is taken as it is
        tried = []
        for number, name in enumerate(ask.model.cascade):
            scored = unscored if number == len(ask.model.cascade) - 1 else judged
            turn = self.sums.after([asked(name, f"{label} ({name})"), scored])
            tried.append(self.sums.perhaps(turn, CASCADE_GOES_ON**number) if number else turn)
        return self.sums.copies(self.sums.after(tried), ask.samples)

    def _ensemble(self, spec: Ensemble, shown: Shown, path: str) -> T:
        asks = [member.ask for member in spec.members]
        everything = sum(largest_text(member) for member in spec.members)
        largest = max(m.ask.max_tokens if m.ask else largest_text(m) for m in spec.members)
        rounds = spec.max_rounds if len(spec.members) > 1 else 1
        hearing = shown.telling(later(rounds), members=everything) if rounds > 1 else shown
        turn = [self.sums.at_once([self._step(each, hearing, path, each.name) for each in spec.members])]
        several = sum(ask.samples if ask else 1 for ask in asks) > 1
        may_be_prose = not all(ask is not None and _is_structured(ask) for ask in asks)
        is_prose = any(ask is None or ask.format == "text" for ask in asks)
        wanted = set(spec.combine)
        merger = spec.merger if spec.merger is not None else spec.judge
        if may_be_prose and several and (rounds > 1 or wanted != {"vote"}):
            read = shown.instructed(everything)
            compared = self._own("compare", path, "comparer", merger, read, STRUCTURED_TOKENS, is_json=True)
            turn.append(compared if is_prose else self.sums.perhaps(compared, MAY_NEED_IT))
        found = [self.sums.over_again(self.sums.after(turn), rounds, GOES_ON)]
        if spec.by == "judge" or (spec.by is None and may_be_prose):
            voted = self.sums.at_once(
                [
                    self.sums.copies(
                        self._judged(
                            spec.judge, shown, largest, f"{path}/{each.name}" if path else each.name
                        ),
                        each.ask.samples if each.ask else 1,
                    )
                    for each in spec.members
                ]
            )
            is_sure = (spec.by == "judge" or is_prose) and wanted != {"merge"}
            chance = RARELY if wanted == {"merge"} and several else MAY_NEED_IT
            found.append(voted if is_sure else self.sums.perhaps(voted, chance))
        if "merge" in wanted and several:
            read = shown.instructed(everything + STRUCTURED_TOKENS)
            found.append(self._own("merge", path, "merger", merger, read, TEXT_TOKENS))
        return self.sums.after(found)

    def _route(self, spec: Route, shown: Shown, path: str) -> T:
        ways = [self._step(step, shown, path, label) for label, step in spec.to.items()]
        taken = self.sums.one_of([*ways, self._step(spec.general, shown, path, "general")])
        if spec.by != "model":
            return taken
        examples = [text for texts in spec.examples.values() for text in texts]
        read = shown.instructed(0, tokens_of(*examples), whole=True)
        classified = self._own(
            "classify", path, "classifier", spec.classifier, read, JUDGEMENT_TOKENS, is_json=True
        )
        return self.sums.after([classified, taken])

    def _refine(self, spec: Refine, shown: Shown, path: str) -> T:
        best = largest_text(spec.start)
        found = [self._step(spec.start, shown, path, "start"), self._judged(spec.judge, shown, best, path)]
        for number, stage in enumerate(spec.stages, 1):
            looped = shown.telling(1.0, draft=best, feedback=JUDGEMENT_TOKENS)
            turn = [
                self._step(stage, looped, path, stage.name),
                self._judged(spec.judge, shown, largest_text(stage), path),
            ]
            found.append(self.sums.perhaps(self.sums.after(turn), GOES_ON**number))
            best = max(best, largest_text(stage))
        return self.sums.after(found)

    def _team(self, spec: Team, shown: Shown, path: str) -> T:
        """In each round a plan, its subtasks at worst in one chain, their assembly, and a review."""
        rounds = spec.feedback.max_iterations
        told = shown.telling(later(rounds), draft=TEXT_TOKENS, feedback=JUDGEMENT_TOKENS).read()
        chain, usual = TEXT_TOKENS * MOST_SUBTASKS, TEXT_TOKENS * len(spec.specialists)
        planning = shown.instructed(told.drafts, usual=told.usual)
        working = shown.instructed(told.drafts + chain // 2, usual=told.usual + usual / 2)
        assembling = shown.instructed(told.drafts + chain, usual=told.usual + usual)
        subtasks = [
            self._own("subtask", path, role, each, working, TEXT_TOKENS)
            for role, each in spec.specialists.items()
        ]
        assembled = self._own(
            "assemble", path, "coordinator", spec.coordinator, assembling, TEXT_TOKENS, at="assembly"
        )  # fmt: skip
        turn = [
            self._own(
                "plan", path, "coordinator", spec.coordinator, planning, STRUCTURED_TOKENS, is_json=True
            ),
            self.sums.several(subtasks, MOST_SUBTASKS),
            self.sums.perhaps(assembled, MAY_NEED_IT),
            self._judged(spec.reviewer, shown, TEXT_TOKENS, path, "review", "reviewer"),
        ]
        found = self.sums.over_again(self.sums.after(turn), rounds, GOES_ON)
        if spec.general is None:
            return found
        general = self._step(spec.general, shown, path, "general")
        return self.sums.after([found, self.sums.perhaps(general, RARELY)])

    def _judged(
        self,
        choice: ModelChoice | None,
        shown: Shown,
        drafts: int,
        path: str,
        label: str = "judge",
        role: str = "judge",
    ) -> T:
        """A judgement, asked for again if it cannot be read."""
        return self._own(label, path, role, choice, shown.instructed(drafts), JUDGEMENT_TOKENS, is_json=True)

    def _own(
        self,
        label: str,
        path: str,
        role: str,
        choice: ModelChoice | None,
        read: Read,
        tokens_out: int,
        *,
        is_json: bool = False,
        at: str = "",
    ) -> T:
        """A call with a pattern's own instructions; None is whoever judges."""
        path = f"{path}/{at or role}" if path else at or role
        judges = self.judges if choice is None else choice
        return self.sums.call(Question(label, path, role, judges, read, tokens_out, is_json))


def _is_structured(ask: Ask) -> bool:
    """Whether the answers are compared as they are; JSON with a `content` may hold prose."""
    return isinstance(ask.format, Shape) and "content" not in ask.format.json_schema.get("properties", {})
