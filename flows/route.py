"""The flow `route`: one request, worked by the specialist for its kind."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.single import Form, run_name, work_form
from tasks.patterns.inline import route_of


@flow(name="route", flow_run_name=run_name, validate_parameters=True)
async def route(
    prompt: str = "",
    specialists: tuple[str, ...] = (),
    classifier: str = "",
    general: str = "",
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.8,
    recipe: str = "",
    request: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    store: str = "",
    models: str = "",
    budget: Annotated[float, Field(ge=0)] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """A model says what kind of request this is; its specialist works, or the general model if the kind is not sure.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        specialists: One entry per kind, written as kind: model, such as technical: gpt-4.
        classifier: Model that finds the kind. Empty: the first of the models file.
        general: Model for what is not sure. Empty: the first of the models file.
        threshold: How sure the kind has to be, 0 to 1.
        recipe: Name of a recipe whose pattern is a route, instead of a prompt.
        request: The recipe's columns, as a JSON object: {"topic": "tides"}. A recipe's own form has a field for each.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost, from 0. None: no limit.
        dry_run: Say which models would be called how often and for how much, and call none.
    """
    form = Form("route", prompt, recipe, request, store, models, budget, dry_run)
    return await work_form(
        form, lambda known: route_of(classifier or known[0], specialists, general or known[0], threshold)
    )
