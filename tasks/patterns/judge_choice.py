"""Who judges where nobody is named: a model of another family than the writers'. No I/O.

Models prefer texts of their own kind (self-preference: arXiv 2404.13076), so a writer's family judges last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.model_choice import Cascade, Need, names_in
from tasks.patterns.step_tree import Place, model_choices, walk
from tasks.patterns.steps import Ask, Ensemble, Refine, Repeat, Team

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tasks.calling.catalog import Catalog, Model
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting
    from tasks.patterns.steps import Step


def judges_of(
    step: Step, judge: ModelChoice | None, setting: Setting, writer: str | None = None
) -> ModelChoice:
    """Who judges what `step` gives: who it names, who the recipe names, or the default.

    Args:
        writer: the model that wrote the text; where a need chose it, the default is another one.
    """
    named = judge if judge is not None else setting.quality.judge
    if named is not None:
        return named
    chosen = (writer,) if writer is not None and _has_need(step) else ()
    return default_judge((*writers(step), *chosen), setting.models)


def _has_need(step: Step) -> bool:
    places = walk(Place((), step, frozenset()))
    return any(isinstance(choice, Need) for place in places for _, choice in model_choices(place))


def judges_needed(recipe: Recipe, catalog: Catalog) -> set[str]:
    """The default judges that a recipe comes to use, which it does not name."""
    if recipe.quality.judge is not None:
        return set()
    is_open = judges_blind(recipe) and not recipe.quality.judges
    found = {default_judge(delivering(recipe), catalog.models)} if is_open else set()
    for place in walk(Place(("make",), recipe.make, frozenset())):
        match place.step.pattern:
            case Ask(model=Cascade()) as pattern if asks_a_judge(pattern) or _is_explored(pattern, recipe):
                found.add(default_judge(writers(place.step), catalog.models))
            case Refine(judge=None) | Repeat(judge=None) | Team(reviewer=None) | Ensemble(judge=None):
                found.add(default_judge(writers(place.step), catalog.models))
    return found


def judges_blind(recipe: Recipe) -> bool:
    """Whether anything that is delivered is judged blind."""
    is_compared = recipe.baseline is not None and recipe.baseline.share > 0
    return is_compared or recipe.quality.share > 0


def blind_judges(recipe: Recipe, models: Mapping[str, Model]) -> tuple[ModelChoice, ...]:
    """Who judges what is delivered: the recipe's judges, its judge, or one of another family than both arms' writers."""
    if recipe.quality.judges:
        return recipe.quality.judges
    if recipe.quality.judge is not None:
        return (recipe.quality.judge,)
    return (default_judge(delivering(recipe), models),)


def delivering(recipe: Recipe) -> tuple[str, ...]:
    """The models that write in either arm, as far as the recipe names them."""
    alone = (recipe.baseline.model,) if recipe.baseline is not None else ()
    return tuple(dict.fromkeys((*writers(recipe.make), *alone)))


def asks_a_judge(spec: Ask) -> bool:
    """Whether the answers of a cascade are scored by a judge."""
    return isinstance(spec.model, Cascade) and spec.model.scorer(spec.samples) == "judge"


def _is_explored(spec: Ask, recipe: Recipe) -> bool:
    """Whether a share of the rows is judged although the cascade itself needs no judge."""
    return isinstance(spec.model, Cascade) and spec.model.by == "gain" and recipe.explore > 0


def writers(step: Step) -> tuple[str, ...]:
    """The models that write inside a step, each once, in the recipe's order."""
    return tuple(dict.fromkeys(name for names in _choices(step) for name in names))


def last_writer(step: Step) -> str:
    """Who is asked first for the last text inside a step; empty where the recipe names nobody."""
    choices = [names for names in _choices(step) if names]
    return choices[-1][0] if choices else ""


def rewriters(step: Step) -> ModelChoice | None:
    """Who may write the last text inside a step once more: whoever writes there, the last first; else its first need."""
    names = tuple(dict.fromkeys(name for name in (last_writer(step), *writers(step)) if name))
    needs = (
        choice
        for place in walk(Place((), step, frozenset()))
        for _, choice in model_choices(place)
        if isinstance(choice, Need)
    )
    return names or next(needs, None)


def _choices(step: Step) -> Iterator[tuple[str, ...]]:
    for place in walk(Place((), step, frozenset())):
        for loc, choice in model_choices(place):
            if loc[-1] not in ("judge", "reviewer", "classifier"):
                yield names_in(choice)


def default_judge(writing: Iterable[str], models: Mapping[str, Model]) -> str:
    """A model of another family than the writers', the best at judging; else one that does not write; else any.

    What says how good a model judges is its strength `judging`, then `analysis`; of equals the first by name,
    since a frozen catalog keeps no order.
    """
    names = set(writing)
    families = {models[name].family for name in names if name in models}

    def rank(name: str) -> tuple[bool, bool, float, str]:
        strengths = models[name].strengths
        skill = strengths.get("judging", strengths.get("analysis", 0.0))
        return models[name].family in families, name in names, -skill, name

    return min(models, key=rank)
