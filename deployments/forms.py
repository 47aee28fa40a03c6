"""The forms of the deployments: what a person can choose from, and the columns of a recipe as fields. No I/O, no Prefect.

A form is the JSON Schema of a deployment's parameters, as Prefect makes it from the flow and as its UI shows it. Names
of recipes and models are closed choices here: the server then refuses any other before a run is made of it.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.patterns.recipe import Recipe
    from tasks.storing.columns import Column

Schema = dict[str, Any]
# Parameters that take the name of one model, or of several.
ONE_MODEL = ("judge", "writer", "classifier", "general", "coordinator", "reviewer")
MODELS = ("writers", "editors", "judges")
# What a recipe decides, and its own form therefore does not ask for.
OF_A_PROMPT = (
    "prompt",
    *ONE_MODEL,
    *MODELS,
    "specialists",
    "combine",
    "rounds",
    "threshold",
    "target",
    "iterations",
)
OWN_RECIPE = "The recipe of this form."
TYPES: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "list": {"type": "array", "items": {}},
    "json": {},
}


def with_choices(schema: Schema, recipes: Sequence[str], models: Sequence[str]) -> Schema:
    """The form of a flow with drop-downs for recipes and models; what may stay empty still may."""
    form = deepcopy(schema)
    fields: dict[str, Schema] = form.get("properties", {})
    if "recipe" in fields:
        _choose(fields["recipe"], recipes)
    for name in set(ONE_MODEL) & set(fields):
        _choose(fields[name], models)
    for name in set(MODELS) & set(fields):
        fields[name]["items"] = {"type": "string", "enum": list(models)}
    return form


def of_recipe(schema: Schema, recipe: Recipe) -> Schema:
    """The form for requests of one recipe: a field for each of its columns, and where results go.

    Args:
        schema: the form of the flow of the recipe's pattern.
        recipe: whose columns are asked for.
    """
    form = deepcopy(schema)
    fields: dict[str, Schema] = form["properties"]
    for name in set(OF_A_PROMPT) & set(fields):
        del fields[name]
    fields["recipe"] |= {
        "enum": [recipe.recipe],
        "default": recipe.recipe,
        "position": 99,
        "description": OWN_RECIPE,
    }
    fields["request"] = {
        "title": "request",
        "type": "object",
        "description": "What the recipe is to be worked for.",
        "position": 0,
        **_columns(recipe.columns),
    }
    form["required"] = ["request"]
    return form


def _columns(columns: Mapping[str, Column]) -> Schema:
    return {
        "properties": {
            name: {"title": name, "position": number, **_field(column)}
            for number, (name, column) in enumerate(columns.items())
        },
        "required": [name for name, column in columns.items() if column.required],
    }


def _field(column: Column) -> Schema:
    field = deepcopy(TYPES[column.type])
    if not column.required and column.default is not None:
        field["default"] = column.default
    return field


def _choose(field: Schema, names: Sequence[str]) -> None:
    """Make a text field a drop-down; a text that may be empty stays one that may."""
    field["enum"] = [*([""] if field.get("default") == "" else []), *names]
