"""Judges of the same family as the writers they judge. No I/O.

Models prefer texts of their own kind: self-preference, arXiv 2404.13076.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.judge_choice import default_judge, writers
from tasks.patterns.lint_remark import JUDGE_FAMILY, Remark
from tasks.patterns.model_choice import names_in
from tasks.patterns.steps import Ensemble, Refine, Repeat, Team

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.calling.catalog import Catalog
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.step_tree import Loc, Place


def related_judges(recipe: Recipe, places: Sequence[Place], catalog: Catalog) -> Iterator[Remark]:
    """One remark per judge that is named, and per step whose default judge finds no other family."""
    named = recipe.quality.judge
    judged = [(place, found) for place in places if (found := _judge_of(place)) is not None]
    if named is not None:
        by_recipe = [place for place, (_, judge) in judged if judge is None] or places[:1]
        names = [name for place in by_recipe for name in writers(place.step)]
        yield from _related(("quality", "judge"), named, names, catalog)
    for place, (key, judge) in judged:
        inside, names = (*place.loc, place.step.kind), list(writers(place.step))
        if judge is not None:
            yield from _related((*inside, key), judge, names, catalog)
        elif named is None and names:
            yield from _related(inside, default_judge(names, catalog.models), names, catalog)


def judges(place: Place) -> bool:
    """Whether the step's own pattern asks for judgements."""
    return _judge_of(place) is not None


def _judge_of(place: Place) -> tuple[str, ModelChoice | None] | None:
    match place.step.pattern:
        case Refine(judge=judge) | Repeat(judge=judge):
            return "judge", judge
        case Team(reviewer=judge):
            return "reviewer", judge
        case Ensemble(judge=judge, by=by) as pattern if by == "judge" or (by is None and _is_prose(pattern)):
            return "judge", judge
    return None


def _is_prose(spec: Ensemble) -> bool:
    return any(member.ask is None or member.ask.format == "text" for member in spec.members)


def _related(loc: Loc, judge: ModelChoice, names: Sequence[str], catalog: Catalog) -> Iterator[Remark]:
    """Only the first choice counts: fallbacks judge when nobody better can."""
    for name in names_in(judge)[:1]:
        family = catalog.model(name).family
        related = dict.fromkeys(each for each in names if catalog.model(each).family == family)
        if related:
            what = (
                f"the judge {name!r} is of the family {family!r}, as is a writer ({', '.join(related)}): "
                "models prefer texts of their own kind"
            )
            yield Remark(loc, JUDGE_FAMILY, what, _hint(names, catalog))


def _hint(names: Sequence[str], catalog: Catalog) -> str:
    families = {catalog.model(name).family for name in names}
    others = [name for name, model in catalog.models.items() if model.family not in families]
    if not others:
        return "add a model of another family to the models file"
    return f"name a judge of another family, such as {others[0]!r}"
