"""The flow `team`: one request, worked by a coordinator and specialists."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.single import first_of, make_one, opened, recipe_for, request_for, run_name
from tasks.patterns.inline import team_of


@flow(name="team", flow_run_name=run_name, validate_parameters=True)
async def team(
    prompt: str = "",
    coordinator: str = "",
    specialists: list[str] | None = None,
    reviewer: str = "",
    threshold: float = 0.95,
    iterations: int = 3,
    recipe: str = "",
    request: dict[str, Any] | None = None,
    store: str | None = None,
    models: str | None = None,
    budget: float | None = None,
) -> State[Any]:
    """A coordinator plans subtasks, specialists work on them, a reviewer scores, and the plan is made anew.

    Args:
        prompt: What is asked. Leave it empty to use a recipe.
        coordinator: Model that plans. Empty: the first of the models file.
        specialists: One entry per role, written as role: model, such as writer: claude.
        reviewer: Model that scores. Empty: one of another family than the team's.
        threshold: The score at which the team is done, 0 to 1.
        iterations: Times that the team works at most, 1 to 50.
        recipe: Name or path of a recipe whose pattern is a team, instead of a prompt.
        request: The recipe's columns.
        store: Where results go: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        models: Path of the models file, or block:NAME. Empty: the usual place.
        budget: Most USD this may cost. Empty: no limit.
    """
    places = opened(store, models)
    made = request_for(prompt, recipe, request)
    chosen = (
        recipe_for("team", recipe, places)
        if recipe
        else team_of(coordinator or first_of(places), specialists or [], reviewer, threshold, iterations)
    )
    return await make_one("team", chosen, made, places, budget)
