"""Forms in Prefect kept up to date: drop-downs of recipes and models, and a deployment for each recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.client.schemas.actions import DeploymentUpdate

from blocks.places import open_catalog, open_store, published_recipes, shipped_recipes, store_place
from deployments.forms import of_recipe, with_choices
from tasks.patterns.recipe import Recipe, load_recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

NIGHTLY = "nightly"
OWN = "nightpress"
RECIPE = "recipe"


def keep_forms() -> None:
    """Bring the forms of all of Nightpress's deployments up to date with the store's recipes and the models.

    Raises:
        UserError: the models file has mistakes.
    """
    recipes, models = known_recipes(), list(open_catalog("").models)
    with get_client(sync_client=True) as client:
        deployments = [each for each in client.read_deployments() if OWN in each.tags]
        flows = {each.name: each for each in deployments if RECIPE not in each.tags}
        for name, deployment in flows.items():
            fitting = [each for each, recipe in recipes.items() if name in (NIGHTLY, recipe.make.kind)]
            schema = with_choices(deployment.parameter_openapi_schema or {}, fitting, models)
            client.update_deployment(deployment.id, DeploymentUpdate(parameter_openapi_schema=schema))
        _keep_recipes(
            client, flows, {each.name: each for each in deployments if RECIPE in each.tags}, recipes
        )


def known_recipes() -> dict[str, Recipe]:
    """Every recipe that can be named, published or shipped, a published one before a shipped one of its name; those with mistakes are left out."""
    store = open_store(store_place(""))
    sources: list[tuple[Any, str]] = [(store.read(path).decode(), path) for path in published_recipes(store)]
    sources += [(path, name) for name, path in shipped_recipes().items()]
    found: dict[str, Recipe] = {}
    for source, name in sources:
        try:
            recipe = load_recipe(source, name=name)
        except UserError:
            continue
        found.setdefault(recipe.recipe, recipe)
    return dict(sorted(found.items()))


def _keep_recipes(
    client: SyncPrefectClient,
    flows: Mapping[str, DeploymentResponse],
    known: Mapping[str, DeploymentResponse],
    recipes: Mapping[str, Recipe],
) -> None:
    for recipe in recipes.values():
        flow = flows.get(recipe.make.kind)
        if flow is not None:
            client.create_deployment(
                flow_id=flow.flow_id,
                name=recipe.recipe,
                description=f"{recipe.about}\n\nOne request of the recipe {recipe.recipe}, worked while you watch.",
                tags=[OWN, RECIPE],
                entrypoint=flow.entrypoint,
                work_pool_name=flow.work_pool_name,
                parameters={"recipe": recipe.recipe},
                parameter_openapi_schema=of_recipe(flow.parameter_openapi_schema or {}, recipe),
                enforce_parameter_schema=True,
                pull_steps=flow.pull_steps,
            )
    for name, deployment in known.items():
        if name not in recipes:
            client.delete_deployment(deployment.id)
