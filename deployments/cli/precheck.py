"""What can be found wrong before a server is up: the recipe, the models file, the path of the request table."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.places import BLOCK_PREFIX, open_store, recipe_source
from tasks.calling.catalog import load_catalog
from tasks.landing.run_paths import checked_run_name
from tasks.patterns.recipe import check_models, load_recipe
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
    recipe = _local_recipe(
        parameters["recipe"], parameters.get("store") or os.environ.get("NIGHTPRESS_STORE")
    )
    models = parameters.get("models")
    catalog = load_catalog(Path(models)) if models and not models.startswith("block:") else None
    if recipe is not None and catalog is not None:
        check_models(recipe, catalog.models)
    if "://" not in parameters["requests"]:
        given = parameters.get("run_date")
        table_files(
            parameters["requests"], date.fromisoformat(given) if given else datetime.now().astimezone().date()
        )


def _local_recipe(given: str, store: str | None) -> Recipe | None:
    """The recipe, where it lies on this machine; None if only a server or a bucket can tell."""
    path = Path(given)
    if path.suffix in {".yaml", ".yml"} or "/" in given:
        return load_recipe(path)
    if store is None or "://" in store or store.startswith(BLOCK_PREFIX):
        return None
    source, name = recipe_source(given, open_store(store))
    return load_recipe(source, name=name)
