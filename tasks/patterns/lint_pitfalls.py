"""Pitfalls of several models in a recipe's shape: more of them than pay, lost context, diffused quality. No I/O."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tasks.patterns.judge_choice import judges_needed, writers
from tasks.patterns.lint_judges import judges
from tasks.patterns.lint_reading import named, prompts, quoted_inside
from tasks.patterns.lint_remark import CONTEXT_LOSS, OVER_ORCHESTRATION, QUALITY_DIFFUSION, Remark
from tasks.patterns.model_choice import Cascade, Need, names_in
from tasks.patterns.step_tree import DRAFT, inner_places, model_choices
from tasks.patterns.steps import Ask, Refine, Repeat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.calling.catalog import Catalog
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.step_tree import Place
    from tasks.patterns.steps import NamedStep

MOST_OF_A_FAMILY: Final = 3
FEWEST_REWRITES: Final = 2
SHOWING: Final = frozenset({"request", "feedback", "members", DRAFT})


def unvalued(recipe: Recipe, places: Sequence[Place], catalog: Catalog) -> Iterator[Remark]:
    """Several models without a baseline."""
    if recipe.baseline is not None:
        return
    choices = [choice for place in places for choice in _asked(place)]
    names = {name for choice in choices for name in _asked_first(choice)}
    if any(judges(place) for place in places):
        judge = recipe.quality.judge
        names |= judges_needed(recipe, catalog) if judge is None else set(_asked_first(judge))
    needs = {f"one for {choice.strength}" for choice in choices if isinstance(choice, Need)}
    models = [*sorted(names), *sorted(needs)]
    if len(models) > 1:
        what = f"{len(models)} models work on a request ({', '.join(models)}), and nothing will show whether they pay"
        one = models[0] if names else next(iter(catalog.models))
        hint = (
            f"put `baseline: {{model: {one}, share: 0.1}}` into the recipe, or compare once: "
            f"nightpress compare REQUESTS --recipe {recipe.recipe} --with {one}"
        )
        yield Remark(("make",), OVER_ORCHESTRATION, what, hint)


def alike(place: Place, catalog: Catalog) -> Iterator[Remark]:
    """Ensembles whose members are mostly one family's: they make the same mistakes."""
    spec = place.step.ensemble
    if spec is None:
        return
    families = [
        frozenset(catalog.model(name).family for name in _own_writers(member)) for member in spec.members
    ]
    counts = {family: sum(each == {family} for each in families) for each in families for family in each}
    for family in sorted(counts):
        if counts[family] > MOST_OF_A_FAMILY:
            what = (
                f"{counts[family]} members are of the family {family!r}: they tend to make the same mistakes"
            )
            hint = "take members of other families, or fewer of this one"
            yield Remark((*place.loc, "ensemble", "members"), OVER_ORCHESTRATION, what, hint)


def lost_contexts(recipe: Recipe, start: Place) -> Iterator[Remark]:
    """Asks that begin a chain, so that nothing is told to them, and name nothing themselves."""
    for place in _beginnings(start):
        seen = frozenset(name for text in prompts(place) for name in named(text))
        if not seen & (SHOWING | place.names):
            what = "this prompt names neither the request nor a step, and nothing comes before it: it is the same for every row"
            column = next(iter(recipe.request), None)
            hint = (
                f"name {{{{ request.{column} }}}}"
                if column
                else "declare columns under 'request' and name them"
            )
            yield Remark((*place.loc, "ask", "prompt"), CONTEXT_LOSS, what, hint)


def diffused(place: Place) -> Iterator[Remark]:
    """Rewrite upon rewrite in a pipeline, where the last counts, whether it is better or not."""
    if place.step.pipeline is None or {"refine", "repeat"} & set(place.loc):
        return
    for run in _rewrites(list(inner_places(place))):
        names = [each.step.name or "" for each in run]
        what = (
            f"each of {' → '.join(names)} rewrites the text before it, and the last counts even if an earlier one "
            "was better"
        )
        hint = "make them the stages of a refine, which keeps the best"
        yield Remark(run[1].loc, QUALITY_DIFFUSION, what, hint)


def _rewrites(steps: Sequence[Place]) -> Iterator[list[Place]]:
    """Runs of steps that each rewrite the one before; what a later step is shown again was not rewritten."""
    run: list[Place] = []
    for index, (before, each) in enumerate(pairwise(steps)):
        name = before.step.name or ""
        quoted = {one for later in steps[index + 2 :] for one in quoted_inside(later)}
        if _is_text(before) and _is_text(each) and name in quoted_inside(each) - quoted:
            run.append(each)
            continue
        if len(run) >= FEWEST_REWRITES:
            yield run
        run = []
    if len(run) >= FEWEST_REWRITES:
        yield run


def _is_text(place: Place) -> bool:
    """Not JSON, and not a loop that keeps its best."""
    pattern = place.step.pattern
    return pattern.format == "text" if isinstance(pattern, Ask) else not isinstance(pattern, Refine | Repeat)


def _beginnings(place: Place) -> Iterator[Place]:
    """The asks before which no model has said anything."""
    if place.step.ask is not None:
        yield place
    first = place.step.pipeline is not None or isinstance(place.step.pattern, Refine)
    for index, child in enumerate(inner_places(place)):
        if index == 0 or not first:
            yield from _beginnings(child)


def _own_writers(member: NamedStep) -> tuple[str, ...]:
    return names_in(member.ask.model)[:1] if member.ask is not None else writers(member)


def _asked(place: Place) -> list[ModelChoice]:
    """Without a classifier that is no model of the catalog, or that a route by rules never asks."""
    route = place.step.route
    is_asked = route is None or route.by == "model"
    return [choice for _, choice in model_choices(place)] if is_asked else []


def _asked_first(choice: ModelChoice) -> tuple[str, ...]:
    """All models of a cascade, the first of a list."""
    return choice.cascade if isinstance(choice, Cascade) else names_in(choice)[:1]
