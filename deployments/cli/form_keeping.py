"""Forms in Prefect kept up to date: drop-downs of recipes and models, and a deployment for each recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.exceptions import PrefectHTTPStatusError

from blocks.places import (
    STORED_RECIPES,
    flow_of,
    open_catalog,
    open_store,
    published_recipes,
    shipped_recipes,
    store_place,
)
from deployments.cli.deploying import deployments, kind_of, schema_of
from deployments.forms import of_recipe, with_choices
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

OF_ANY_RECIPE = ("nightly", "compare")
OWN = "nightpress"
RECIPE = "recipe"


def keep_forms() -> list[str]:
    """Bring the forms of Nightpress's deployments up to date with the store's recipes and the models.

    Returns:
        What could not be done, a line each.

    Raises:
        UserError: the models file has mistakes.
    """
    recipes, models = known_recipes(), list(open_catalog("").models)
    remarks: list[str] = []
    with get_client(sync_client=True) as client:
        known = [each for each in deployments(client) if kind_of(each)]
        for deployment in (each for each in known if OWN in each.tags and RECIPE not in each.tags):
            kind = kind_of(deployment)
            fitting = [name for name, recipe in recipes.items() if kind in (*OF_ANY_RECIPE, flow_of(recipe))]
            schema = with_choices(schema_of(deployment.entrypoint or ""), fitting, models)
            remarks += _updated(client, deployment, DeploymentUpdate(parameter_openapi_schema=schema))
        remarks += _keep_recipes(client, known, recipes)
    return remarks


def known_recipes() -> dict[str, Recipe]:
    """Every recipe that can be named, a published one before a shipped one of its name; none that has mistakes."""
    found: dict[str, Recipe] = {}
    for source, name in _sources(open_store(store_place(""))):
        try:
            recipe = load_recipe(source, name=name)
        except UserError:
            continue
        found.setdefault(recipe.recipe, recipe)
    return dict(sorted(found.items()))


def _sources(store: Store) -> list[tuple[Any, str]]:
    published = [(store.read(path).decode(), path) for path in published_recipes(store)]
    return [*published, *((path, name) for name, path in shipped_recipes().items())]


def _keep_recipes(
    client: SyncPrefectClient, known: Sequence[DeploymentResponse], recipes: Mapping[str, Recipe]
) -> list[str]:
    """A deployment for each recipe that a flow works singly; those of recipes that are no more go."""
    flows = {kind_of(each): each for each in known if each.name == kind_of(each)}
    taken = {(kind_of(each), each.name): each for each in known}
    wanted = {
        (flow_of(recipe), name): recipe
        for name, recipe in recipes.items()
        if flow_of(recipe) in flows and name not in flows
    }
    remarks: list[str] = []
    for (kind, name), recipe in wanted.items():
        schema = of_recipe(schema_of(flows[kind].entrypoint or ""), recipe)
        about = f"{recipe.about}\n\nOne request of the recipe {name}, worked while you watch."
        there = taken.get((kind, name))
        if there is None:
            _make(client, flows[kind], recipe, schema, about)
        elif RECIPE in there.tags:  # otherwise somebody's own
            changed = DeploymentUpdate(description=about, parameter_openapi_schema=schema)
            remarks += _updated(client, there, changed)
    for key, deployment in taken.items():
        if RECIPE in deployment.tags and key not in wanted and _is_gone(deployment.name, recipes):
            client.delete_deployment(deployment.id)
    return remarks


def _is_gone(name: str, recipes: Mapping[str, Recipe]) -> bool:
    """Whether nothing of that name is left: a file with mistakes may be mended, a recipe of another pattern is there."""
    store = open_store(store_place(""))
    return name in recipes or not store.exists(f"{STORED_RECIPES}/{name}.yaml")


def _make(
    client: SyncPrefectClient, flow: DeploymentResponse, recipe: Recipe, schema: dict[str, Any], about: str
) -> None:
    client.create_deployment(
        flow_id=flow.flow_id,
        name=recipe.recipe,
        description=about,
        tags=[OWN, RECIPE],
        entrypoint=flow.entrypoint,
        work_pool_name=flow.work_pool_name,
        parameters={"recipe": recipe.recipe},
        parameter_openapi_schema=schema,
        enforce_parameter_schema=True,
        pull_steps=flow.pull_steps,
    )


def _updated(
    client: SyncPrefectClient, deployment: DeploymentResponse, changed: DeploymentUpdate
) -> list[str]:
    """What the server says against it: parameters set by somebody may not fit a new form."""
    try:
        client.update_deployment(deployment.id, changed)
    except PrefectHTTPStatusError as error:
        said = error.response.json().get("detail", error) if error.response.content else error
        return [f"the form of {kind_of(deployment)}/{deployment.name} is as it was: {said}"]
    return []
