"""A recipe as a tree to be drawn: its steps, the calls its patterns make of their own, and which calls are whose.

No I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.patterns.model_choice import Need, names_in
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Team

if TYPE_CHECKING:
    from tasks.landing.call_figures import Asked
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.steps import Step

DEFAULT_JUDGE: Final = "default judge"
OWN_JUDGE: Final = (Refine, Repeat, Team, Ensemble)


@dataclass(frozen=True, slots=True)
class Shape:
    """One box of the picture.

    Attributes:
        kind: a pattern, or what a pattern asks on its own, such as `judge`.
        steps: matches the `step` of its calls.
        role: of its calls; None for a box that makes none itself.
        models: as the recipe names them.
        notes: what else the recipe says of it.
        label: on the way that leads to it; empty if there is nothing to say.
        inner: the steps inside, in the recipe's order.
        helpers: the calls that its pattern makes of its own, by kind.
        again: when and how often it is done over; empty if it is not.
    """

    kind: str
    title: str
    steps: re.Pattern[str]
    role: str | None = None
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    label: str = ""
    inner: tuple[Shape, ...] = ()
    helpers: tuple[Shape, ...] = ()
    again: str = ""

    def made(self, asked: Asked) -> bool:
        """Whether this box made these calls: none of another arm did, which may have steps of the same name."""
        own = asked.is_own and self.role is not None and asked.role == self.role
        return own and bool(self.steps.fullmatch(asked.step))

    def helper(self, kind: str) -> Shape | None:
        """The helper of this kind."""
        return next((each for each in self.helpers if each.kind == kind), None)


def shape_of(recipe: Recipe) -> Shape:
    """The recipe's `make` and all in it."""
    return _Drawing(recipe).step(recipe.make, "", "")


@dataclass(frozen=True, slots=True)
class _Drawing:
    recipe: Recipe

    def step(self, step: Step, path: str, place: str, label: str = "") -> Shape:
        """`path` of what is around it, `place` what it is called there if it has no name."""
        path = _below(path, step.name or place)
        title = step.name or place or "make"
        notes = _notes(step)
        match step.pattern:
            case Ask() as spec:
                more = (*notes, f"{spec.samples} samples") if spec.samples > 1 else notes
                return Shape("ask", title, _exactly(path), step.role or "", _models(spec.model), more, label)
            case tuple() as steps:
                inner = tuple(self.step(each, path, "") for each in steps)
                return Shape("pipeline", title, _exactly(path), None, (), notes, label, inner)
            case Ensemble() as spec:
                return self._ensemble(spec, path, title, notes, label)
            case Route() as spec:
                return self._route(spec, path, title, notes, label)
            case Refine() as spec:
                return self._refine(spec, path, title, notes, label)
            case Repeat() as spec:
                return self._repeat(spec, path, title, notes, label)
            case Team() as spec:
                return self._team(spec, path, title, notes, label)

    def _ensemble(self, spec: Ensemble, path: str, title: str, notes: tuple[str, ...], label: str) -> Shape:
        judged = [each.name for each in spec.members if not isinstance(each.pattern, OWN_JUDGE)]
        at_members = "|".join(re.escape(each) for each in judged) or "(?!)"
        judge = re.compile(re.escape(_below(path, "")) + rf"(?:{at_members})(?: \d+)?/judge")
        comparing = spec.merger if spec.merger is not None else spec.judge
        helpers = (
            self._helper("comparer", path, comparing),
            Shape("judge", "judge", judge, "judge", self._judges(spec.judge)),
            self._helper("merger", path, comparing),
        )
        said = (" + ".join(spec.combine), *((f"by {spec.by}",) if spec.by else ()))
        said += (f"quorum {spec.quorum}",) if spec.quorum else ()
        again = f"until they agree, at most {spec.max_rounds} rounds" if spec.max_rounds > 1 else ""
        members = tuple(self.step(each, path, "") for each in spec.members)
        return Shape(
            "ensemble", title, _exactly(path), None, (), (*said, *notes), label, members, helpers, again
        )

    def _route(self, spec: Route, path: str, title: str, notes: tuple[str, ...], label: str) -> Shape:
        by_model = spec.by == "model" and spec.classifier is not None
        helpers = (self._helper("classifier", path, spec.classifier),) if by_model else ()
        said = f"by {spec.by}" + ("" if spec.by == "rules" else f", sure above {spec.threshold:g}")
        inner = tuple(self.step(each, path, kind, kind) for kind, each in spec.to.items())
        general = self.step(spec.general, path, "general", "general")
        return Shape(
            "route", title, _exactly(path), None, (), (said, *notes), label, (*inner, general), helpers
        )

    def _refine(self, spec: Refine, path: str, title: str, notes: tuple[str, ...], label: str) -> Shape:
        target = self.recipe.quality.target if spec.target is None else spec.target
        inner = (
            self.step(spec.start, path, "start"),
            *(self.step(each, path, "", f"below {target:g}") for each in spec.stages),
        )
        said = (f"judged first, to {target:g}", *notes)
        judge = self._helper("judge", path, spec.judge)
        return Shape("refine", title, _exactly(path), None, (), said, label, inner, (judge,))

    def _repeat(self, spec: Repeat, path: str, title: str, notes: tuple[str, ...], label: str) -> Shape:
        target = self.recipe.quality.target if spec.threshold is None else spec.threshold
        inner = (self.step(spec.body, path, "body"),)
        again = f"below {target:g}, at most {spec.max_iterations} rounds"
        judge = self._helper("judge", path, spec.judge)
        return Shape(
            "repeat",
            title,
            _exactly(path),
            None,
            (),
            (f"to {target:g}", *notes),
            label,
            inner,
            (judge,),
            again,
        )

    def _team(self, spec: Team, path: str, title: str, notes: tuple[str, ...], label: str) -> Shape:
        feedback = spec.feedback
        inner = tuple(
            Shape("specialist", role, _numbered(_below(path, role)), role, _models(choice))
            for role, choice in spec.specialists.items()
        )
        if spec.general is not None:
            inner += (self.step(spec.general, path, "general", "no plan"),)
        assembly = Shape(
            "assembly",
            "assembly",
            _exactly(_below(path, "assembly")),
            "coordinator",
            _models(spec.coordinator),
        )
        helpers = (
            self._helper("coordinator", path, spec.coordinator),
            assembly,
            self._helper("reviewer", path, spec.reviewer),
        )
        again = f"below {feedback.quality_threshold:g}, at most {feedback.max_iterations} rounds"
        said = (f"to {feedback.quality_threshold:g}", *notes)
        return Shape("team", title, _exactly(path), None, (), said, label, inner, helpers, again)

    def _helper(self, kind: str, path: str, choice: ModelChoice | None) -> Shape:
        return Shape(kind, kind, _exactly(_below(path, kind)), kind, self._judges(choice))

    def _judges(self, choice: ModelChoice | None) -> tuple[str, ...]:
        named = choice if choice is not None else self.recipe.quality.judge
        return (DEFAULT_JUDGE,) if named is None else _models(named)


def _models(choice: ModelChoice) -> tuple[str, ...]:
    return (f"best for {choice.strength}",) if isinstance(choice, Need) else names_in(choice)


def _notes(step: Step) -> tuple[str, ...]:
    when = (f"when {step.when}",) if step.when else ()
    return (*when, "optional") if step.optional else when


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _exactly(path: str) -> re.Pattern[str]:
    return re.compile(re.escape(path))


def _numbered(path: str) -> re.Pattern[str]:
    """A role's second subtask is called `writer 2`."""
    return re.compile(rf"{re.escape(path)}(?: \d+)?")
