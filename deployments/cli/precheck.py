"""What can be found wrong before a server is up: the recipe, the models file, the path of the request table."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.places import shipped_recipes
from tasks.calling.catalog import load_catalog
from tasks.landing.run_paths import checked_run_name
from tasks.patterns.recipe import check_models, load_recipe
from tasks.patterns.running import check_runs
from tasks.storing.request_files import table_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.patterns.recipe import Recipe


def precheck(parameters: Mapping[str, Any]) -> None:
    """Look at what lies on this machine; the flow checks everything again.

    Raises:
        UserError: the first mistake found.
    """
    if parameters.get("run"):
        checked_run_name(parameters["run"])
    recipe = _local_recipe(parameters["recipe"])
    models = parameters.get("models")
    catalog = load_catalog(Path(models)) if models and not models.startswith("block:") else None
    if recipe is not None:
        check_runs(recipe)
        if catalog is not None:
            check_models(recipe, catalog.models)
    if "://" not in parameters["requests"]:
        given = parameters.get("run_date")
        table_files(
            parameters["requests"], date.fromisoformat(given) if given else datetime.now().astimezone().date()
        )


def _local_recipe(given: str) -> Recipe | None:
    path = Path(given)
    if path.suffix in {".yaml", ".yml"} or "/" in given:
        return load_recipe(path)
    shipped = shipped_recipes().get(given)
    return load_recipe(shipped, name=given) if shipped else None
