"""The flow `refine`: one request, worked and improved while a judge says so."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.single import Form, run_name, work_form
from tasks.patterns.inline import refine_of


@flow(name="refine", flow_run_name=run_name, validate_parameters=True)
async def refine(
    prompt: str = "",
    writer: str = "",
    editors: tuple[str, ...] = (),
    judge: str = "",
    target: Annotated[float, Field(ge=0, le=1)] = 0.9,
    recipe: str = "",
    request: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    store: str = "",
    models: str = "",
    budget: Annotated[float, Field(ge=0)] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """One model writes, a judge scores, editors improve it stage by stage until the target is met.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writer: Model that writes first. Empty: the first of the models file.
        editors: Models that improve, one stage each. Empty: the writer, twice.
        judge: Model that scores. Empty: one of another family than the writers'.
        target: The score at which no further stage is asked, 0 to 1.
        recipe: Name of a recipe whose pattern is a refinement, instead of a prompt.
        request: The recipe's columns, as a JSON object: {"topic": "tides"}. A recipe's own form has a field for each.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost, from 0. None: no limit.
        dry_run: Say which models would be called how often and for how much, and call none.
    """
    form = Form("refine", prompt, recipe, request, store, models, budget, dry_run)
    return await work_form(
        form, lambda known: refine_of(writer or known[0], editors or [writer or known[0]] * 2, judge, target)
    )
