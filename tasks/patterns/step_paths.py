"""What the calls at each path of a recipe are for: their task, whether they write, whose text they work from. No I/O.

Paths are as scopes build them while a recipe runs: `draft`, `refine/polish`, `panel/judge`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tasks.patterns.model_choice import Cascade, Need
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Team

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.steps import Step

JUDGING: Final = "judging"
CLASSIFICATION: Final = "classification"
PATTERNS_OWN: Final = {
    "judge": JUDGING, "reviewer": JUDGING, "comparer": JUDGING, "classifier": CLASSIFICATION, "coordinator": "",
}  # fmt: skip
_AGAIN: Final = re.compile(r" \d+(?=/|$)")  # the second subtask of a team's writer is at `writer 2`


@dataclass(frozen=True, slots=True)
class PathFacts:
    """What the calls at one path are for.

    Attributes:
        task: the `for` of the need, else the role where a model has a strength of that name.
        after: paths, of which the first that has written holds the text it works from; of several texts there the last.
        writes: its answers are texts, not judgements, plans or classes.
        cascade: the models of which each is asked only while the ones before it score too low; empty for other steps.
        by_gain: which of them is asked hangs on the request, for the first one too.
    """

    task: str | None = None
    after: tuple[str, ...] = ()
    writes: bool = True
    cascade: tuple[str, ...] = ()
    by_gain: bool = False

    @property
    def asked_for_some(self) -> tuple[str, ...]:
        """The models that are asked for some kind of requests only: what they come to says nothing of others."""
        return self.cascade if self.by_gain else self.cascade[1:]


@dataclass(frozen=True, slots=True)
class StepPaths:
    """A recipe's paths.

    Attributes:
        loops: where the best of several drafts counts, not the last; of loops within a loop the outer one.
    """

    facts: Mapping[str, PathFacts] = field(default_factory=dict)
    loops: tuple[str, ...] = ()

    def at(self, path: str) -> PathFacts:
        """Of the calls at a path; a path that the recipe does not spell out belongs to a pattern's own calls."""
        found = self.facts.get(path) or self.facts.get(_AGAIN.sub("", path))
        return found or PathFacts(writes=path.rsplit("/", 1)[-1] not in PATTERNS_OWN)

    def loop_around(self, path: str) -> str | None:
        """The loop that a path is in; None if it is in none."""
        return next((loop for loop in self.loops if within(path, loop)), None)


def step_paths(recipe: Recipe, tasks: Collection[str]) -> StepPaths:
    """The paths of a recipe's calls.

    Args:
        tasks: names of strengths in the models file.
    """
    walk = _Walk(tasks, recipe.quality.judge)
    walk.step(recipe.make, "", "", {}, ())
    return StepPaths(walk.found, tuple(walk.loops))


def within(path: str, outer: str) -> bool:
    """Whether a path is `outer` or inside it; all are inside the top."""
    return not outer or path == outer or path.startswith(f"{outer}/")


@dataclass(slots=True)
class _Walk:
    tasks: Collection[str]
    judge: ModelChoice | None
    found: dict[str, PathFacts] = field(default_factory=dict)
    loops: list[str] = field(default_factory=list)

    def step(
        self, step: Step, outer: str, label: str, names: Mapping[str, str], before: tuple[str, ...]
    ) -> None:
        """Args: `names`: earlier steps, where they are; `before`: where the text before it is, the nearest first."""
        path = _below(outer, step.name or label)
        if isinstance(step.pattern, Refine | Repeat | Team) and not any(
            within(path, each) for each in self.loops
        ):
            self.loops.append(path)
        match step.pattern:
            case Ask(model=model):
                partner = (model.partner or "") if isinstance(model, Need) else ""
                after = (names[partner], *before) if partner in names else before
                chain = model.cascade if isinstance(model, Cascade) else ()
                by_gain = isinstance(model, Cascade) and model.by == "gain"
                task = self._task(model, step.role)
                self.found[path] = PathFacts(task, after, cascade=chain, by_gain=by_gain)
                self._own(path, judge=self.judge)
            case tuple() as steps:
                for each in steps:
                    self.step(each, path, "", names, before)
                    here = _below(path, each.name)
                    names, before = {**names, each.name: here}, (here, *before)
            case Ensemble() as spec:
                for each in spec.members:
                    self.step(each, path, "", names, before)
                    self._own(_below(path, each.name), judge=spec.judge or self.judge)
                merger = spec.merger if spec.merger is not None else spec.judge
                self._own(path, comparer=merger or self.judge)
                self.found[_below(path, "merger")] = PathFacts(self._task(merger or self.judge, "merger"))
            case Route() as spec:
                for kind, each in {**spec.to, "general": spec.general}.items():
                    self.step(each, path, kind, names, before)
                self._own(path, classifier=spec.classifier)
            case Refine() as spec:
                self.step(spec.start, path, "start", names, before)
                for each in spec.stages:
                    self.step(each, path, "", names, (path, *before))
                self._own(path, judge=spec.judge or self.judge)
            case Repeat() as spec:
                self.step(spec.body, path, "body", names, (path, *before))
                self._own(path, judge=spec.judge or self.judge)
            case Team() as spec:
                self._team(spec, path, names, before)

    def _team(self, spec: Team, path: str, names: Mapping[str, str], before: tuple[str, ...]) -> None:
        for role, model in spec.specialists.items():
            self.found[_below(path, role)] = PathFacts(self._task(model, role))
        self.found[_below(path, "assembly")] = PathFacts(self._task(spec.coordinator, "assembly"))
        self._own(path, coordinator=spec.coordinator, reviewer=spec.reviewer or self.judge)
        if spec.general is not None:
            self.step(spec.general, path, "general", names, before)

    def _own(self, path: str, **asked: ModelChoice | None) -> None:
        """What a pattern asks for itself and does not hand on."""
        for role, model in asked.items():
            fact = PathFacts(self._task(model, PATTERNS_OWN[role]), writes=False)
            self.found.setdefault(_below(path, role), fact)

    def _task(self, model: ModelChoice | None, role: str | None) -> str | None:
        if isinstance(model, Need):
            return model.strength
        return role if role in self.tasks else None


def _below(outer: str, name: str) -> str:
    if not name:
        return outer
    return f"{outer}/{name}" if outer else name
