"""Walks a recipe's steps: where each stands in the document, and which names it sees. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Route, Team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.steps import Step

Loc = tuple[str | int, ...]

DRAFT: Final = "draft"


@dataclass(frozen=True, slots=True)
class Place:
    """A step in its recipe.

    Attributes:
        loc: keys and indices from the document's root, as pydantic spells them.
        names: earlier steps, and `draft` where a loop hands on its best one.
    """

    loc: Loc
    step: Step
    names: frozenset[str]

    @property
    def names_of_result(self) -> frozenset[str]:
        """What the step's `result` sees: its inner steps too, itself, and its outcome as `draft`."""
        inner = {child.step.name for child in inner_places(self) if child.step.name}
        own = {self.step.name} if self.step.name else set()
        return self.names | inner | own | {DRAFT}


def walk(place: Place) -> Iterator[Place]:
    """The place itself and all below it, in the document's order."""
    yield place
    for child in inner_places(place):
        yield from walk(child)


def inner_places(place: Place) -> Iterator[Place]:
    """The steps directly inside a step."""
    loc, names = (*place.loc, place.step.kind), place.names
    looped = names | {DRAFT}
    match place.step.pattern:
        case tuple() as steps:
            for index, step in enumerate(steps):
                yield Place((*loc, index), step, names)
                names |= {step.name} if step.name else set()
        case Ensemble(members=members):
            for index, step in enumerate(members):
                yield Place((*loc, "members", index), step, names)
        case Route(to=to, general=general):
            for kind, step in to.items():
                yield Place((*loc, "to", kind), step, names)
            yield Place((*loc, "general"), general, names)
        case Refine(start=start, stages=stages):
            yield Place((*loc, "start"), start, names)
            for index, step in enumerate(stages):
                yield Place((*loc, "stages", index), step, looped)
        case Repeat(body=body):
            yield Place((*loc, "body"), body, looped)
        case Team(general=general) if general is not None:
            yield Place((*loc, "general"), general, names)


def model_choices(place: Place) -> Iterator[tuple[Loc, ModelChoice]]:
    """The models that a step itself asks for, not its inner steps."""
    loc, pattern = (*place.loc, place.step.kind), place.step.pattern
    single: dict[str, ModelChoice | None] = {}
    match pattern:
        case Ask(model=model):
            single = {"model": model}
        case Ensemble(merger=merger, judge=judge):
            single = {"merger": merger, "judge": judge}
        case Route(classifier=classifier, by="model"):
            single = {"classifier": classifier}
        case Refine(judge=judge) | Repeat(judge=judge):
            single = {"judge": judge}
        case Team(coordinator=coordinator, reviewer=reviewer):
            single = {"coordinator": coordinator, "reviewer": reviewer}
            for role, specialist in pattern.specialists.items():
                yield (*loc, "specialists", role), specialist
    for key, choice in single.items():
        if choice is not None:
            yield (*loc, key), choice
