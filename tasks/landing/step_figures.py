"""What each step of a recipe came to in its newest runs, over all their requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.committed import Committed
from tasks.landing.past_slots import MADE, newest_manifests

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.storing.filesystem import Store

RUNS: Final = 3
GROUP: Final = ["step", "model"]
COLUMNS: Final = [*GROUP, "request_id", "arm", "cached", "tokens_in", "tokens_out"]
SUMS: Final[list[Any]] = [("tokens_in", "sum"), ("tokens_out", "sum"), ([], "count_all")]


@dataclass(slots=True)
class StepFigures:
    """What a step came to in past runs.

    Attributes:
        calls: of it, hits included.
        requests: that came to it.
        counted: sent calls that said how many tokens they took.
        models: catalog name → calls.
    """

    calls: int = 0
    requests: int = 0
    counted: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    models: Counter[str] = field(default_factory=Counter)

    @property
    def model(self) -> str:
        """The one asked most."""
        return self.models.most_common(1)[0][0]


def step_figures(store: Store, recipe: str) -> dict[str, StepFigures]:
    """By path of the step; empty if the recipe was never run."""
    figures: dict[str, StepFigures] = {}
    for manifest in newest_manifests(store, recipe)[:RUNS]:
        requests: dict[str, set[str]] = {}
        for batch in Committed(store, manifest, None).rows("calls", COLUMNS):
            table = pa.Table.from_batches([batch])
            table = table.filter(pc.equal(table["arm"], MADE))
            _take_in(figures, table)
            for row in _rows(table.group_by("step").aggregate([("request_id", "distinct")])):
                requests.setdefault(row["step"] or "", set()).update(row["request_id_distinct"])
        for path, names in requests.items():
            figures[path].requests += len(names)
    return figures


def _take_in(figures: dict[str, StepFigures], calls: pa.Table) -> None:
    for row in _rows(calls.group_by(GROUP).aggregate([([], "count_all")])):
        step = figures.setdefault(row["step"] or "", StepFigures())
        step.calls += row["count_all"]
        step.models[row["model"] or ""] += row["count_all"]
    sent = calls.filter(
        pc.and_(pc.invert(pc.fill_null(calls["cached"], False)), pc.is_valid(calls["tokens_in"]))
    )
    for row in _rows(sent.group_by("step").aggregate(SUMS)):
        step = figures[row["step"] or ""]
        step.counted += row["count_all"]
        step.tokens_in += row["tokens_in_sum"] or 0
        step.tokens_out += row["tokens_out_sum"] or 0


def _rows(table: pa.Table) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = table.to_pylist()
    return found
