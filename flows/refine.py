"""The flow `refine`: one request, worked and improved while a judge says so."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.single import first_of, make_one, opened, recipe_for, request_for, run_name
from tasks.patterns.inline import refine_of


@flow(name="refine", flow_run_name=run_name, validate_parameters=True)
async def refine(
    prompt: str = "",
    writer: str = "",
    editors: list[str] | None = None,
    judge: str = "",
    target: float = 0.9,
    recipe: str = "",
    request: dict[str, Any] | None = None,
    store: str | None = None,
    models: str | None = None,
    budget: float | None = None,
) -> State[Any]:
    """One model writes, a judge scores, editors improve it stage by stage until the target is met.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writer: Model that writes first. Empty: the first of the models file.
        editors: Models that improve, one stage each. Empty: the writer, twice.
        judge: Model that scores. Empty: one of another family than the writers'.
        target: The score at which no further stage is asked, 0 to 1.
        recipe: Name or path of a recipe whose pattern is a refinement, instead of a prompt.
        request: The recipe's columns.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost. Empty: no limit.
    """
    places = opened(store, models)
    made = request_for(prompt, recipe, request)
    chosen = (
        recipe_for("refine", recipe, places)
        if recipe
        else refine_of(writer or first_of(places), editors or [writer or first_of(places)] * 2, judge, target)
    )
    return await make_one("refine", chosen, made, places, budget)
