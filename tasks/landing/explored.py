"""Rows in which every model of a cascade was asked and scored: what thresholds can be fitted to. Reads only."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.storing.filesystem import Store

LONGEST_DAYS: Final = 120
COLUMNS: Final = ["recipe", "run", "request_id", "steps"]
_NIGHT: Final = re.compile(r"outputs/run_date=(\d{4}-\d\d-\d\d)/[^/]+\.parquet")


def scored_answers(store: Store, recipe: str, step: str, until: date) -> list[dict[str, Any]]:
    """Rows of request_id, model, signal, quality, usd: the scored answers at one step of a recipe, oldest night first.

    The judge's score is both the signal and the quality. An answer that came from the ledger counts as dear as the
    model's paid ones at the step are on average. Nights of the last LONGEST_DAYS are read.

    Args:
        step: its path, `draft` or `refine/polish`.
    """
    return as_dear_as_paid(
        [each for path in nights_until(store, until) for each in _answers(store, path, recipe, step)]
    )


def as_dear_as_paid(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of model and usd, those that cost nothing at what the model's others cost on average."""
    paid: dict[str, list[float]] = defaultdict(list)
    for each in rows:
        if each["usd"]:
            paid[each["model"]].append(each["usd"])
    usual = {model: sum(usd) / len(usd) for model, usd in paid.items()}
    return [{**each, "usd": each["usd"] or usual.get(each["model"], each["usd"])} for each in rows]


def nights_until(store: Store, until: date) -> list[str]:
    """Parts of `outputs` of the last LONGEST_DAYS, the oldest night first."""
    first = until - timedelta(days=LONGEST_DAYS)
    nights = [(name[1], path) for path in store.list("outputs") if (name := _NIGHT.fullmatch(path))]
    return [path for on, path in sorted(nights) if first <= date.fromisoformat(on) <= until]


def _answers(store: Store, path: str, recipe: str, step: str) -> Iterator[dict[str, Any]]:
    for batch in read_rows(store, path, COLUMNS):
        for row in batch.filter(pc.equal(batch["recipe"], recipe)).to_pylist():
            for entry in row["steps"] or ():
                if entry["path"] == step and entry["quality"] is not None:
                    score = entry["quality"]
                    yield {
                        "request_id": f"{row['run']}/{row['request_id']}",
                        "model": entry["model"],
                        "signal": score,
                        "quality": score,
                        "usd": entry["usd"],
                    }
