"""The flow `repeat`: one request, worked again and again with a judge's feedback."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.single import Form, run_name, work_form
from tasks.patterns.inline import repeat_of


@flow(name="repeat", flow_run_name=run_name, validate_parameters=True)
async def repeat(
    prompt: str = "",
    writer: str = "",
    judge: str = "",
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.9,
    iterations: Annotated[int, Field(ge=1, le=50)] = 3,
    recipe: str = "",
    request: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    store: str = "",
    models: str = "",
    budget: Annotated[float, Field(ge=0)] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """One model writes, a judge scores, and it writes again with the feedback until the threshold is met.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writer: Model that writes. Empty: the first of the models file.
        judge: Model that scores. Empty: one of another family than the writer's.
        threshold: The score at which it is done, 0 to 1.
        iterations: Times that it is written at most, 1 to 50.
        recipe: Name of a recipe whose pattern is a repetition, instead of a prompt.
        request: The recipe's columns, as a JSON object: {"topic": "tides"}. A recipe's own form has a field for each.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost, from 0. None: no limit.
        dry_run: Say which models would be called how often and for how much, and call none.
    """
    form = Form("repeat", prompt, recipe, request, store, models, budget, dry_run)
    return await work_form(form, lambda known: repeat_of(writer or known[0], judge, threshold, iterations))
