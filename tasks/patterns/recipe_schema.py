"""The JSON Schema of recipes, from which editors complete. No I/O."""

from __future__ import annotations

from typing import Any, Final

import orjson

from tasks.patterns.recipe import Recipe

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a recipe file; looser than `load_recipe`, which knows names and lines."""
    return {"$schema": _DIALECT, **Recipe.model_json_schema(by_alias=True), "title": "Nightpress recipe"}


def recipe_schema_text() -> str:
    """The shipped file `deployments/recipes/recipe.schema.json`, to the byte."""
    return orjson.dumps(recipe_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
