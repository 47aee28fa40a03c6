"""The recipe: what is asked of a request, which models work on it, in which pattern, at what cost.

Reads the one file it is given; no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from tasks.patterns.batch_settings import Batch
from tasks.patterns.judge_choice import judges_needed
from tasks.patterns.model_choice import Fraction, Need, Part, Text, Usd, names_in
from tasks.patterns.recipe_check import Mistake, mistakes, places
from tasks.patterns.settings import Baseline, Budget, Cache, Quality
from tasks.patterns.step_names import FieldName
from tasks.patterns.step_tree import Loc, model_choices
from tasks.patterns.steps import Step
from tasks.storing.columns import Column
from tasks.storing.documents import Document, joined, load_document, validate
from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    from tasks.calling.catalog import Catalog, Model


class Recipe(Part):
    """One recipe file.

    Attributes:
        recipe: its name; runs, files and tables carry it.
        request: the declared columns of its request table.
        request_type: the column that says what kind of request a row is; None is what a route found.
        variants: `same` serves equal prompts of different rows one answer, `per_request` each its own.
        explore: share of the rows whose model is drawn rather than chosen.
        max_failed: share of failed rows above which a run is unhealthy.
        max_estimate_usd: a run estimated above this does not start; None is no limit.
        batch: what is checked of all outputs together; None looks for keys only.
        make: the work, a step without a name.
    """

    recipe: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    version: Annotated[int, Field(ge=1)] = 1
    about: str = ""
    request: dict[FieldName, Column] = Field(default_factory=dict)
    request_type: Text | None = None
    budget: Budget = Budget()
    quality: Quality = Quality()
    cache: Cache = Cache()
    variants: Literal["same", "per_request"] = "same"
    baseline: Baseline | None = None
    explore: Fraction = 0.0
    max_failed: Fraction = 0.1
    max_estimate_usd: Usd | None = None
    batch: Batch | None = None
    make: Step

    @property
    def columns(self) -> dict[str, Column]:
        """The declared columns, in the recipe's order."""
        return dict(self.request)

    def compared_with(self, words: str) -> Recipe:
        """The same with another baseline, given as `MODEL:SHARE`; as it is if no words are given.

        Raises:
            UserError: the words say nothing of the kind.
        """
        if not words:
            return self
        baseline = Baseline.from_words(words)
        own = self.baseline.prompt if self.baseline is not None else None
        return self.model_copy(update={"baseline": baseline.model_copy(update={"prompt": own})})

    def unproven(self) -> Recipe:
        """The same without control arm and blind judges: a single request is compared with nothing."""
        quality = self.quality.model_copy(update={"share": 0.0})
        return self.model_copy(update={"baseline": None, "quality": quality})

    def canonical(self) -> dict[str, Any]:
        """Plain JSON values with all defaults written out: equal recipes give equal ones."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def from_frozen(cls, plain: Mapping[str, Any]) -> Recipe:
        """The recipe that `canonical` was made from."""
        return cls.model_validate(dict(plain))


def load_recipe(source: Path | str, *, name: str | None = None) -> Recipe:
    """A recipe from a file (`Path`) or a YAML text (`str`), checked throughout.

    Args:
        source: where the text is, or the text itself.
        name: what errors call it.

    Raises:
        UserError: every mistake with file, line and what to do.
    """
    document = load_document(source, name=name)
    recipe = validate(Recipe, document)
    _raise_any(mistakes(recipe), document)
    return recipe


def models_named(recipe: Recipe) -> set[str]:
    """All model names that the recipe mentions, wherever it does."""
    return {name for _, name in _mentions(recipe)}


def models_needed(recipe: Recipe, catalog: Catalog) -> set[str]:
    """The models that a run of the recipe may call: those it names, and the default judges."""
    return models_named(recipe) | judges_needed(recipe, catalog)


def models_possible(recipe: Recipe, catalog: Catalog) -> set[str]:
    """The models that a need of the recipe may come to beside `models_needed`: any of the catalog, if there is one."""
    return set(catalog.models) if any(True for _ in needs_in(recipe)) else set()


def check_models(recipe: Recipe, known: Iterable[str], document: Document | None = None) -> None:
    """Holds every model name of the recipe against a catalog.

    Args:
        recipe: the recipe.
        known: the catalog's models; with more than their names, the tasks of needs are held against their strengths.
        document: what the recipe was read from, for the lines; without one, places are spelled out.

    Raises:
        UserError: every unknown name, with the closest known one.
    """
    catalog = set(known)
    found = [
        Mistake(loc, f"model {model!r} is not in the catalog", near_miss(model, catalog))
        for loc, model in _mentions(recipe)
        if model not in catalog
    ]
    if isinstance(known, Mapping):
        found += _unknown_tasks(recipe, known)
    _raise_any(found, document)


def _mentions(recipe: Recipe) -> Iterable[tuple[Loc, str]]:
    if recipe.quality.judge is not None:
        for name in names_in(recipe.quality.judge):
            yield ("quality", "judge"), name
    for number, name in enumerate(recipe.quality.judges):
        yield ("quality", "judges", number), name
    if recipe.baseline is not None:
        yield ("baseline", "model"), recipe.baseline.model
    for place in places(recipe):
        for loc, choice in model_choices(place):
            for name in names_in(choice):
                yield loc, name


def needs_in(recipe: Recipe) -> Iterable[tuple[Loc, Need]]:
    """Every need of the recipe, and where it stands."""
    choices = [each for place in places(recipe) for each in model_choices(place)]
    for loc, choice in ((("quality", "judge"), recipe.quality.judge), *choices):
        if isinstance(choice, Need):
            yield loc, choice


def _unknown_tasks(recipe: Recipe, models: Mapping[str, Model]) -> Iterable[Mistake]:
    tasks = {task for model in models.values() for task in model.strengths}
    for loc, need in needs_in(recipe):
        if need.strength not in tasks:
            what = f"no model of the catalog has a strength {need.strength!r}"
            yield Mistake((*loc, "for"), what, near_miss(need.strength, tasks))


def _raise_any(found: list[Mistake], document: Document | None) -> None:
    if found:
        raise joined(
            [UserError(each.what, where=_where(each.loc, document), hint=each.hint) for each in found]
        )


def _where(loc: Loc, document: Document | None) -> str:
    return document.where(loc) if document else ".".join(map(str, loc))
