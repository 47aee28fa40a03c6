"""The flow `pipeline`: one request, worked one after the other."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.single import make_one, opened, recipe_for, request_for, run_name
from tasks.patterns.inline import pipeline_of


@flow(name="pipeline", flow_run_name=run_name, validate_parameters=True)
async def pipeline(
    prompt: str = "",
    writers: list[str] | None = None,
    recipe: str = "",
    request: dict[str, Any] | None = None,
    store: str | None = None,
    models: str | None = None,
    budget: float | None = None,
) -> State[Any]:
    """One model drafts, each further one improves what the one before it gave.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writers: The models in order, by their names in the models file. Empty: the first two of it.
        recipe: Name or path of a recipe whose pattern is a pipeline, instead of a prompt.
        request: The recipe's columns.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost. Empty: no limit.
    """
    places = opened(store, models)
    made = request_for(prompt, recipe, request)
    chosen = (
        recipe_for("pipeline", recipe, places)
        if recipe
        else pipeline_of(writers or list(places.catalog.models)[:2])
    )
    return await make_one("pipeline", chosen, made, places, budget)
