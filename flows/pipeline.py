"""The flow `pipeline`: one request, worked one after the other."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.single import Form, run_name, work_form
from tasks.patterns.inline import pipeline_of


@flow(name="pipeline", flow_run_name=run_name, validate_parameters=True)
async def pipeline(
    prompt: str = "",
    writers: tuple[str, ...] = (),
    recipe: str = "",
    request: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    store: str = "",
    models: str = "",
    budget: Annotated[float, Field(ge=0)] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """One model drafts, each further one improves what the one before it gave.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writers: The models in order, by their names in the models file. Empty: the first two of it.
        recipe: Name of a recipe whose pattern is a pipeline, instead of a prompt.
        request: The recipe's columns, as a JSON object: {"topic": "tides"}. A recipe's own form has a field for each.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost, from 0. None: no limit.
        dry_run: Say which models would be called how often and for how much, and call none.
    """
    form = Form("pipeline", prompt, recipe, request, store, models, budget, dry_run)
    return await work_form(form, lambda known: pipeline_of(writers or known[:2]))
