"""What a recipe must hold beyond the shape of its keys. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.patterns.model_choice import Cascade, Need
from tasks.patterns.step_tree import Loc, Place, model_choices, walk
from tasks.patterns.steps import Ask, Ensemble, Refine, Route
from tasks.patterns.template_check import expression_faults, template_faults
from tasks.patterns.worst_case import too_large
from tasks.storing.errors import near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.patterns.recipe import Recipe
    from tasks.patterns.steps import NamedStep


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something to change in a recipe, at a place of its document."""

    loc: Loc
    what: str
    hint: str = ""


def mistakes(recipe: Recipe) -> list[Mistake]:
    """Everything that is wrong, in the document's order by step; empty for a sound recipe."""
    return [*_top(recipe), *(each for place in places(recipe) for each in _of_step(place, recipe))]


def places(recipe: Recipe) -> Iterator[Place]:
    """Every step of the recipe, `make` first."""
    return walk(Place(("make",), recipe.make, frozenset()))


def _top(recipe: Recipe) -> Iterator[Mistake]:
    wanted = recipe.request_type
    if wanted is not None and wanted not in recipe.request:
        hint = near_miss(wanted, recipe.request)
        yield Mistake(("request_type",), f"no column {wanted!r} is declared under 'request'", hint)
    if isinstance(recipe.quality.judge, Cascade):
        yield _no_cascade(("quality", "judge"))
    if recipe.make.name is not None:
        yield Mistake(("make", "name"), "'make' is a step without a name", "leave it out")
    if fault := too_large(recipe):
        yield Mistake(("make",), fault.what, fault.hint)
    if recipe.baseline is not None and recipe.baseline.prompt is not None:
        for fault in template_faults(recipe.baseline.prompt, frozenset(), recipe.request):
            yield Mistake(("baseline", "prompt"), fault.what, fault.hint)
    judges = recipe.quality.judges
    for number, name in enumerate(judges):
        if name in judges[:number]:
            yield Mistake(("quality", "judges", number), f"{name!r} is there twice")
    repeated = {each for each in recipe.budget.on_budget if recipe.budget.on_budget.count(each) > 1}
    for each in sorted(repeated):
        yield Mistake(("budget", "on_budget"), f"{each!r} is there twice")
    for loc, source in recipe.batch.templates if recipe.batch is not None else ():
        for fault in template_faults(source, (), recipe.request):
            yield Mistake(("batch", *loc), fault.what, fault.hint)


def _no_cascade(loc: Loc) -> Mistake:
    return Mistake(loc, "a cascade is for the model of an ask", "name one model, or a list in fallback order")


def _of_step(place: Place, recipe: Recipe) -> Iterator[Mistake]:
    step, pattern = place.step, place.step.pattern
    inside = (*place.loc, step.kind)
    yield from _of_templates(place, recipe)
    for loc, choice in model_choices(place):
        if isinstance(choice, Cascade) and step.ask is None:
            yield _no_cascade(loc)
        if isinstance(choice, Need) and choice.partner is not None and choice.partner not in place.names:
            hint = near_miss(choice.partner, place.names)
            yield Mistake((*loc, "with"), f"{choice.partner!r} is not an earlier step", hint)
    match pattern:
        case tuple():
            yield from _repeated_names(pattern, inside)
        case Ensemble(members=members):
            yield from _repeated_names(members, (*inside, "members"))
        case Route():
            yield from _of_route(pattern, inside)
        case Refine():
            yield from _repeated_names(pattern.stages, (*inside, "stages"))


def _of_templates(place: Place, recipe: Recipe) -> Iterator[Mistake]:
    columns = recipe.request
    for loc, source, names in _templates(place):
        for fault in template_faults(source, names, columns):
            yield Mistake(loc, fault.what, fault.hint)
    for loc, source in _expressions(place):
        for fault in expression_faults(source, place.names, columns):
            yield Mistake(loc, fault.what, fault.hint)


def _templates(place: Place) -> Iterator[tuple[Loc, str, frozenset[str]]]:
    step, loc = place.step, place.loc
    if isinstance(step.pattern, Ask):
        for key in ("prompt", "system"):
            if source := getattr(step.pattern, key):
                yield (*loc, "ask", key), source, place.names
    for index, check in enumerate(step.checks):
        for source in check.templates:
            yield (*loc, "checks", index, check.kind), source, place.names
    if step.result is not None:
        if step.result.content is not None:
            yield (*loc, "result", "content"), step.result.content, place.names_of_result
        for key, source in step.result.data.items():
            yield (*loc, "result", "data", key), source, place.names_of_result


def _expressions(place: Place) -> Iterator[tuple[Loc, str]]:
    if place.step.when is not None:
        yield (*place.loc, "when"), place.step.when
    if isinstance(place.step.pattern, Route):
        for index, rule in enumerate(place.step.pattern.rules):
            yield (*place.loc, "route", "rules", index, "if"), rule.condition


def _repeated_names(steps: tuple[NamedStep, ...], loc: Loc) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, step in enumerate(steps):
        earlier = first.setdefault(step.name, index)
        if earlier != index:
            yield Mistake((*loc, index, "name"), f"{step.name!r} is the name of step {earlier + 1} too")


def _of_route(route: Route, loc: Loc) -> Iterator[Mistake]:
    known: Mapping[str, object] = route.to
    if "general" in known:
        yield Mistake(
            (*loc, "to", "general"), "this step never runs", "requests of no class go to 'general:'"
        )
    for index, rule in enumerate(route.rules):
        if rule.to not in known and rule.to != "general":
            yield Mistake(
                (*loc, "rules", index, "to"), f"no step is given for {rule.to!r}", near_miss(rule.to, known)
            )
    for kind in route.examples:
        if kind not in known and kind != "general":
            yield Mistake((*loc, "examples", kind), f"no step is given for {kind!r}", near_miss(kind, known))
