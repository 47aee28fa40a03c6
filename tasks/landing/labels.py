"""Under which task and type of request a run's calls and scores are summed up."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tasks.patterns.recipe_check import places
from tasks.patterns.step_paths import StepPaths, step_paths
from tasks.patterns.steps import Route
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.calling.catalog import Catalog
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

Group = tuple[str | None, str | None, str | None, str | None]
MADE: Final = "made"


@dataclass(frozen=True, slots=True)
class Labels:
    """What the rows of a run are sorted by.

    Attributes:
        types: request id → its type, where a route found it: its calls were made before that was known.
    """

    paths: StepPaths = field(default_factory=StepPaths)
    types: Mapping[str, str] = field(default_factory=dict)

    def group(self, call: Mapping[str, Any], path: str | None, row: Mapping[str, Any] | None = None) -> Group:
        """Model, role, type of request and task of a call, made at `path` for `row`, by default its own.

        Another arm than the recipe's has no task: its calls are not the recipe's steps.
        """
        row = row or call
        task = self.paths.at(path or "").task if self.is_made(row) else None
        return call["model"], call["role"], self.request_type(row), task

    def request_type(self, row: Mapping[str, Any]) -> str | None:
        """What kind of request a row of `calls` or `outputs` is for."""
        return row["request_type"] or self.types.get(row["request_id"])

    def is_made(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is the recipe's own."""
        return row["arm"] in (MADE, None)


def labels_of(store: Store, recipe: Recipe, catalog: Catalog, outputs: Iterable[str]) -> Labels:
    """The labels of a run.

    Args:
        outputs: its parts of `outputs`, the later generation last; read only where a route finds types.
    """
    tasks = {task for model in catalog.models.values() for task in model.strengths}
    paths = step_paths(recipe, tasks)
    if recipe.request_type is not None or not _has_route(recipe):
        return Labels(paths)
    types = {}
    for part in outputs:
        for batch in read_rows(store, part, ["request_id", "arm", "request_type"]):
            for row in batch.to_pylist():
                if row["request_type"] and row["arm"] in (MADE, None):
                    types[row["request_id"]] = sys.intern(row["request_type"])
    return Labels(paths, types)


def _has_route(recipe: Recipe) -> bool:
    return any(isinstance(place.step.pattern, Route) for place in places(recipe))
