"""Parts of a recipe that no request can come to. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.lint_reading import constant
from tasks.patterns.lint_remark import UNREACHABLE, Remark
from tasks.patterns.model_choice import Cascade
from tasks.patterns.step_tree import model_choices
from tasks.patterns.steps import Ensemble, Refine, Repeat, Route, Team

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tasks.patterns.recipe import Recipe
    from tasks.patterns.step_tree import Loc, Place

GENERAL = "general"


def unreachable(place: Place, recipe: Recipe) -> Iterator[Remark]:
    """What can never run in one step, its inner steps left to themselves."""
    step, inside = place.step, (*place.loc, place.step.kind)
    if step.when is not None and constant(step.when) is False:
        yield _never((*place.loc, "when"), f"'when: {step.when}' is false for every request", "step")
    for loc, choice in model_choices(place):
        if isinstance(choice, Cascade) and choice.by == "gain":
            yield from _of_gain(choice, loc, recipe)
        elif isinstance(choice, Cascade) and choice.accept == 0 and len(choice.cascade) > 1:
            what = "any answer is good enough for 'accept: 0', so only the first model is ever asked"
            yield Remark((*loc, "accept"), UNREACHABLE, what, "raise accept, or name the first model alone")
    match step.pattern:
        case Route() as pattern:
            yield from _of_route(pattern, inside)
        case Ensemble() as pattern:
            yield from _of_ensemble(pattern, inside)
        case Refine(target=target) if _or_recipes(target, recipe) == 0:
            what = "every score meets a target of 0, so no stage ever runs"
            yield _by_target(what, inside if target is None else (*inside, "target"), target)
        case Repeat(threshold=target, max_iterations=rounds) if (
            rounds > 1 and _or_recipes(target, recipe) == 0
        ):
            what = "every score meets a threshold of 0, so there is only ever one round"
            yield _by_target(what, inside if target is None else (*inside, "threshold"), target)
        case Team(feedback=feedback) if feedback.quality_threshold == 0 and feedback.max_iterations > 1:
            what = "every score meets a threshold of 0, so there is only ever one round"
            yield _by_target(what, (*inside, "feedback", "quality_threshold"), 0.0)


def _of_gain(chain: Cascade, loc: Loc, recipe: Recipe) -> Iterator[Remark]:
    if "accept" in chain.model_fields_set:
        what = "this cascade goes by gain, so nobody looks at 'accept'"
        yield Remark(
            (*loc, "accept"),
            UNREACHABLE,
            what,
            "leave it out; 'share' says how many go to the stronger model",
        )
    if chain.share in (0, 1) and not recipe.explore:
        taken, other = chain.cascade if chain.share == 0 else reversed(chain.cascade)
        what = (
            f"with 'share: {chain.share:g}' all requests go to {taken!r}, and {other!r} only stands in for it"
        )
        yield Remark(
            (*loc, "share"), UNREACHABLE, what, f"give another share, or write 'model: [{taken}, {other}]'"
        )


def _of_route(route: Route, loc: Loc) -> Iterator[Remark]:
    if GENERAL in route.to:
        what = f"'to' has a step for {GENERAL!r} too, which is taken instead, so this one never runs"
        yield Remark((*loc, GENERAL), UNREACHABLE, what, "take one of the two out")
    if route.by == "rules":
        yield from _of_rules(route, loc)
        for key in ("examples", "classifier"):
            if getattr(route, key):
                yield _looks_elsewhere(route, loc, key)
        return
    if route.rules:
        yield _looks_elsewhere(route, loc, "rules")
    if route.threshold == 1:
        what = "confidence is never above 1, so every request goes to the general step"
        yield Remark((*loc, "threshold"), UNREACHABLE, what, "lower the threshold, such as to 0.8")
    elif route.by == "embedding":
        for label in _unnamed(route, route.examples):
            yield _unled(label, loc, "example", f"give examples of {label!r}, or take it out")


def _of_rules(route: Route, loc: Loc) -> Iterator[Remark]:
    named: set[str] = set()
    earlier: set[str] = set()
    certain = ""
    for index, rule in enumerate(route.rules):
        at, truth = (*loc, "rules", index), constant(rule.condition)
        if certain:
            yield _never(at, f"the rule before it, 'if: {certain}', holds for every request", "rule")
            continue
        if truth is False:
            yield _never(at, f"'if: {rule.condition}' is false for every request", "rule")
            continue
        if rule.condition in earlier:
            yield _never(at, f"an earlier rule has 'if: {rule.condition}' already", "rule")
            continue
        named.add(rule.to)
        earlier.add(rule.condition)
        certain = rule.condition if truth else ""
    for label in _unnamed(route, named):
        yield _unled(label, loc, "rule that can hold", f"add a rule with 'to: {label}', or take it out")


def _of_ensemble(spec: Ensemble, loc: Loc) -> Iterator[Remark]:
    compares = spec.max_rounds > 1 or set(spec.combine) != {"vote"}
    if spec.merger is not None and not compares:
        what = "this ensemble only votes, so the merger is never asked"
        yield Remark((*loc, "merger"), UNREACHABLE, what, "add merge or consensus to combine, or take it out")
    has_comparer = compares and spec.merger is None  # it is the judge who compares
    if spec.judge is not None and spec.by in ("majority", "similarity") and not has_comparer:
        what = f"this ensemble decides by {spec.by}, so the judge is never asked"
        yield Remark((*loc, "judge"), UNREACHABLE, what, "write 'by: judge', or take it out")
    if spec.max_rounds > 1 and len(spec.members) == 1:
        what = "a single member has nobody to hear, so there is only ever one round"
        yield Remark((*loc, "max_rounds"), UNREACHABLE, what, "add a member, or leave max_rounds out")


def _or_recipes(target: float | None, recipe: Recipe) -> float:
    return recipe.quality.target if target is None else target


def _never(loc: Loc, because: str, what: str) -> Remark:
    return Remark(
        loc, UNREACHABLE, f"this {what} never runs: {because}", "correct the condition, or take it out"
    )


def _by_target(what: str, loc: Loc, target: float | None) -> Remark:
    hint = "raise quality.target, or give one here" if target is None else "raise it, such as to 0.8"
    return Remark(loc, UNREACHABLE, what, hint)


def _unnamed(route: Route, named: Collection[str]) -> list[str]:
    """The labels without a way to them; to `general` there is always one."""
    return [label for label in route.to if label not in named and label != GENERAL]


def _unled(label: str, loc: Loc, by: str, hint: str) -> Remark:
    return Remark(
        (*loc, "to", label), UNREACHABLE, f"no {by} leads to {label!r}, so its step never runs", hint
    )


def _looks_elsewhere(route: Route, loc: Loc, key: str) -> Remark:
    what = f"this route goes by {route.by}, so nobody looks at its {key}"
    by = {"rules": "rules", "examples": "embedding", "classifier": "model"}[key]
    return Remark((*loc, key), UNREACHABLE, what, f"write 'by: {by}', or take them out")
