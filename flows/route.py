"""The flow `route`: one request, worked by the specialist for its kind."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.single import first_of, make_one, opened, recipe_for, request_for, run_name
from tasks.patterns.inline import route_of


@flow(name="route", flow_run_name=run_name, validate_parameters=True)
async def route(
    prompt: str = "",
    specialists: list[str] | None = None,
    classifier: str = "",
    general: str = "",
    threshold: float = 0.8,
    recipe: str = "",
    request: dict[str, Any] | None = None,
    store: str | None = None,
    models: str | None = None,
    budget: float | None = None,
) -> State[Any]:
    """A model says what kind of request this is; its specialist works, or the general model if the kind is not sure.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        specialists: One entry per kind, written as kind: model, such as technical: gpt-4.
        classifier: Model that finds the kind. Empty: the first of the models file.
        general: Model for what is not sure. Empty: the first of the models file.
        threshold: How sure the kind has to be, 0 to 1.
        recipe: Name or path of a recipe whose pattern is a route, instead of a prompt.
        request: The recipe's columns.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost. Empty: no limit.
    """
    places = opened(store, models)
    made = request_for(prompt, recipe, request)
    chosen = (
        recipe_for("route", recipe, places)
        if recipe
        else route_of(
            classifier or first_of(places), specialists or [], general or first_of(places), threshold
        )
    )
    return await make_one("route", chosen, made, places, budget)
