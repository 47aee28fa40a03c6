"""What a comparison is between: the recipe and model names that somebody gives, as recipes that work one table."""

from collections.abc import Sequence

from blocks.places import open_recipe
from tasks.calling.catalog import Catalog
from tasks.landing.arms import CONTROL, PROOF
from tasks.landing.labels import MADE
from tasks.patterns.baseline_step import alone
from tasks.patterns.judge_choice import default_judge, writers
from tasks.patterns.recipe import Recipe
from tasks.storing.errors import UserError, near_miss
from tasks.storing.filesystem import Store

TAKEN = frozenset({MADE, CONTROL, PROOF})


def arms_between(
    recipe: Recipe, against: Sequence[str], content: Store, catalog: Catalog
) -> dict[str, Recipe]:
    """Arm → recipe, in the order given; a name of the catalog is that model alone.

    Raises:
        UserError: a name is neither a recipe nor a model, or there are none.
    """
    if not against:
        raise UserError(
            "nothing to compare with", where="--with", hint="name recipes or models: --with gpt-4"
        )
    found: dict[str, Recipe] = {}
    for given in against:
        other = alone(recipe, given) if given in catalog.models else _recipe(given, content, catalog)
        name = given if given in catalog.models else other.recipe
        free = (each for each in (name, *(f"{name}-{number}" for number in range(2, 100))))
        found[next(each for each in free if each not in found and each not in TAKEN)] = other
    return found


def judged_alike(recipe: Recipe, arms: dict[str, Recipe], judges: Sequence[str], catalog: Catalog) -> Recipe:
    """The recipe with all that it makes judged, by judges that suit every arm.

    Args:
        judges: models; none takes the recipe's, then one of another family than all who write.
    """
    quality = recipe.quality
    named = tuple(judges) or quality.judges
    if not named and quality.judge is None:
        writing = dict.fromkeys(name for each in (recipe, *arms.values()) for name in writers(each.make))
        named = (default_judge(writing, catalog.models),)
    quality = quality.model_copy(update={"share": 1.0, "judges": named})
    return recipe.model_copy(update={"quality": quality, "baseline": None})


def _recipe(given: str, content: Store, catalog: Catalog) -> Recipe:
    try:
        return open_recipe(given, content).model_copy(update={"baseline": None})
    except UserError as error:
        if error.where != "--recipe":
            raise
        hint = near_miss(given, catalog.models) or error.hint
        raise UserError(f"{given!r} is neither a recipe nor a model", where="--with", hint=hint) from None
