"""The flow `repeat`: one request, worked again and again with a judge's feedback."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.single import first_of, make_one, opened, recipe_for, request_for, run_name
from tasks.patterns.inline import repeat_of


@flow(name="repeat", flow_run_name=run_name, validate_parameters=True)
async def repeat(
    prompt: str = "",
    writer: str = "",
    judge: str = "",
    threshold: float = 0.9,
    iterations: int = 3,
    recipe: str = "",
    request: dict[str, Any] | None = None,
    store: str | None = None,
    models: str | None = None,
    budget: float | None = None,
) -> State[Any]:
    """One model writes, a judge scores, and it writes again with the feedback until the threshold is met.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writer: Model that writes. Empty: the first of the models file.
        judge: Model that scores. Empty: one of another family than the writer's.
        threshold: The score at which it is done, 0 to 1.
        iterations: Times that it is written at most, 1 to 50.
        recipe: Name or path of a recipe whose pattern is a repetition, instead of a prompt.
        request: The recipe's columns.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost. Empty: no limit.
    """
    places = opened(store, models)
    made = request_for(prompt, recipe, request)
    chosen = (
        recipe_for("repeat", recipe, places)
        if recipe
        else repeat_of(writer or first_of(places), judge, threshold, iterations)
    )
    return await make_one("repeat", chosen, made, places, budget)
