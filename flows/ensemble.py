"""The flow `ensemble`: one request, worked by several models at once."""

from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State

from flows.single import make_one, opened, recipe_for, request_for, run_name
from tasks.patterns.inline import ensemble_of


@flow(name="ensemble", flow_run_name=run_name, validate_parameters=True)
async def ensemble(
    prompt: str = "",
    writers: list[str] | None = None,
    combine: Literal["vote", "merge", "consensus"] = "vote",
    rounds: int = 1,
    judge: str = "",
    recipe: str = "",
    request: dict[str, Any] | None = None,
    store: str | None = None,
    models: str | None = None,
    budget: float | None = None,
) -> State[Any]:
    """Several models answer one request at once; a vote, a merge or their consensus makes one draft of it.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writers: Models that answer, by their names in the models file. Empty: all of them.
        combine: vote: the best answer as it is; merge: one text of all; consensus: the vote, and where they agree.
        rounds: Times that members answer, from the second on after reading each other, 1 to 20.
        judge: Model that scores. Empty: one of another family than the writers'.
        recipe: Name or path of a recipe whose pattern is an ensemble, instead of a prompt.
        request: The recipe's columns.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost. Empty: no limit.
    """
    places = opened(store, models)
    made = request_for(prompt, recipe, request)
    chosen = (
        recipe_for("ensemble", recipe, places)
        if recipe
        else ensemble_of(writers or list(places.catalog.models), [combine], rounds, judge)
    )
    return await make_one("ensemble", chosen, made, places, budget)
