"""The flow `ensemble`: one request, worked by several models at once."""

from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.single import Form, run_name, work_form
from tasks.patterns.inline import ensemble_of


@flow(name="ensemble", flow_run_name=run_name, validate_parameters=True)
async def ensemble(
    prompt: str = "",
    writers: tuple[str, ...] = (),
    combine: Literal["vote", "merge", "consensus"] = "vote",
    rounds: Annotated[int, Field(ge=1, le=20)] = 1,
    judge: str = "",
    recipe: str = "",
    request: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    store: str = "",
    models: str = "",
    budget: Annotated[float, Field(ge=0)] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Several models answer one request at once; a vote, a merge or their consensus makes one draft of it.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        writers: Models that answer, by their names in the models file. Empty: all of them.
        combine: vote: the best answer as it is; merge: one text of all; consensus: the vote, and where they agree.
        rounds: Times that members answer, from the second on after reading each other, 1 to 20.
        judge: Model that scores. Empty: one of another family than the writers'.
        recipe: Name of a recipe whose pattern is an ensemble, instead of a prompt.
        request: The recipe's columns, as a JSON object: {"topic": "tides"}. A recipe's own form has a field for each.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost, from 0. None: no limit.
        dry_run: Say which models would be called how often and for how much, and call none.
    """
    form = Form("ensemble", prompt, recipe, request, store, models, budget, dry_run)
    return await work_form(form, lambda known: ensemble_of(writers or known, [combine], rounds, judge))
