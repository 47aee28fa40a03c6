"""The flow `team`: one request, worked by a coordinator and specialists."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows.single import Form, run_name, work_form
from tasks.patterns.inline import team_of


@flow(name="team", flow_run_name=run_name, validate_parameters=True)
async def team(
    prompt: str = "",
    coordinator: str = "",
    specialists: tuple[str, ...] = (),
    reviewer: str = "",
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.95,
    iterations: Annotated[int, Field(ge=1, le=50)] = 3,
    recipe: str = "",
    request: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    store: str = "",
    models: str = "",
    budget: Annotated[float, Field(ge=0)] | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """A coordinator plans subtasks, specialists work on them, a reviewer scores, and the plan is made anew.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        coordinator: Model that plans. Empty: the first of the models file.
        specialists: One entry per role, written as role: model, such as writer: claude.
        reviewer: Model that scores. Empty: one of another family than the team's.
        threshold: The score at which the team is done, 0 to 1.
        iterations: Times that the team works at most, 1 to 50.
        recipe: Name of a recipe whose pattern is a team, instead of a prompt.
        request: The recipe's columns, as a JSON object: {"topic": "tides"}. A recipe's own form has a field for each.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost, from 0. None: no limit.
        dry_run: Say which models would be called how often and for how much, and call none.
    """
    form = Form("team", prompt, recipe, request, store, models, budget, dry_run)
    return await work_form(
        form, lambda known: team_of(coordinator or known[0], specialists, reviewer, threshold, iterations)
    )
