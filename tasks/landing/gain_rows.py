"""Rows in which both models of a pair answered and were scored, with the request's text: what gains are learnt from. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow.compute as pc

from tasks.landing.explored import as_dear_as_paid, nights_until
from tasks.patterns.gaining import gain_text
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tasks.choosing.routing import Typed
    from tasks.patterns.steps import Ask
    from tasks.storing.filesystem import Store

MOST_REQUESTS: Final = 2000
MOST_OTHERS: Final = 400
MADE: Final = "made"
COLUMNS: Final = ["recipe", "run", "request_id", "arm", "request_type", "request", "simulated", "steps"]

Row = dict[str, Any]


@dataclass(slots=True)
class GainRows:
    """What a store knows of the models at one step.

    Attributes:
        rows: of request_id, model, request (its text), request_type, quality, usd, simulated; two or more a request.
        others: requests of which not all is known, the newest first.
    """

    rows: list[Row] = field(default_factory=list)
    others: list[Typed] = field(default_factory=list)
    requests: int = 0

    def real(self) -> GainRows:
        """Without simulated answers, as soon as there are others."""
        kept = [row for row in self.rows if not row["simulated"]] or self.rows
        return GainRows(as_dear_as_paid(kept), self.others, len({row["request_id"] for row in kept}))


def gain_rows(
    store: Store,
    recipe: str,
    step: str,
    spec: Ask,
    declared: Sequence[str],
    until: date,
    models: Sequence[str] = (),
) -> GainRows:
    """The newest MOST_REQUESTS requests of a recipe whose answers at a step were scored.

    Args:
        step: its path, `draft` or `refine/polish`; `spec` is what it asks.
        declared: the recipe's columns.
        until: the last night that counts.
        models: all of them were scored; none is any two.
    """
    found = GainRows()
    for path in reversed(nights_until(store, until)):
        for batch in read_rows(store, path, COLUMNS):
            for row in batch.filter(pc.equal(batch["recipe"], recipe)).to_pylist():
                if row["arm"] in (MADE, None):
                    _take(found, row, step, spec, declared, models)
        if found.requests >= MOST_REQUESTS:
            break
    return found.real()


def _take(
    found: GainRows, row: Row, step: str, spec: Ask, declared: Sequence[str], models: Sequence[str]
) -> None:
    at_step = [each for each in row["steps"] or () if each["path"] == step]
    scored = {each["model"]: each for each in at_step if each["quality"] is not None}
    is_whole = set(models) <= scored.keys() and len(scored) > 1
    if not at_step or (not is_whole and len(found.others) >= MOST_OTHERS):
        return
    text = gain_text(spec, orjson.loads(row["request"] or "{}"), declared)
    if not is_whole:
        found.others.append((text, row["request_type"]))
        return
    found.requests += 1
    of_request = {
        "request_id": f"{row['run']}/{row['request_id']}",
        "request": text,
        "request_type": row["request_type"],
        "simulated": bool(row["simulated"]),
    }
    found.rows += [
        {**of_request, "model": each["model"], "quality": each["quality"], "usd": each["usd"]}
        for each in scored.values()
    ]
