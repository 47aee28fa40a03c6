"""What people's ratings say of the models: a rating of a delivered text counts for the model that wrote it.

    _learnt/ratings/<run>.json      rows like those of `model_metrics`, made anew from the whole table each time

Made anew, it cannot count twice. `quality_n` are texts, however many people rated one. Of a cascade only what was
accepted is delivered and rated, so nothing is learnt of its models from that.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
from pydantic import ValidationError

from tasks.calling.catalog import Catalog
from tasks.landing.batch_wording import PREFIX, REWRITTEN
from tasks.landing.labels import labels_of
from tasks.landing.model_figures import free_models
from tasks.landing.plan import read_plan
from tasks.landing.quality_sums import QualitySums
from tasks.landing.rated_texts import COLUMNS
from tasks.patterns.batch_settings import PATH as BATCH
from tasks.patterns.recipe import Recipe
from tasks.patterns.step_paths import within
from tasks.storing.errors import NightpressError
from tasks.storing.records import read_json, write_json
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.landing.labels import Labels
    from tasks.storing.filesystem import Store

FOLDER: Final = "_learnt/ratings"
WORTH: Final = 5.0  # judges' scores that people's word on one text is worth
NEEDED: Final = list(dict.fromkeys([*QualitySums.COLUMNS, *COLUMNS, "data", "warnings"]))
READERS: Final = 16

Row = dict[str, Any]


def keep_evidence(
    store: Store, run: str, run_date: date, rows: Iterable[Row], which: Iterable[Mapping[str, Any]]
) -> None:
    """Make the run's evidence these rows; without any, none.

    Args:
        which: rows of `model_metrics`: what each name stood for, and whether it was simulated.
    """
    path = f"{FOLDER}/{run}.json"
    models = {
        each["model"]: {name: each[name] for name in ("host", "model_id", "simulated")} for each in which
    }
    found = [{**row, **models[row["model"]]} for row in rows if row["model"] in models]
    if found:
        write_json(store, path, {"run": run, "run_date": run_date.isoformat(), "rows": found})
    elif store.exists(path):
        store.delete([path])


def evidence(rated: Iterable[tuple[Row, list[float]]], labels: Labels, free: frozenset[str]) -> list[Row]:
    """Rows of who wrote the rated texts, and of pairs of neighbours.

    Args:
        rated: rows of `outputs` with NEEDED, and their ratings.
    """
    sums = QualitySums(labels, free)
    schema = pa.schema([OUTPUTS.field(name) for name in QualitySums.COLUMNS])
    rows = []
    for row, ratings in rated:
        author = _author(row, labels)
        if author is not None and not labels.paths.at(row["steps"][author]["path"]).cascade:
            rows.append(_as_judged_by_people(row, author, sum(ratings) / len(ratings)))
    sums.add(pa.Table.from_pylist(rows, schema=schema))
    own = [
        {
            "model": model,
            "role": role,
            "request_type": kind,
            "task": task,
            "quality_n": seen.n,
            "quality_mean": seen.mean,
        }
        for (model, role, kind, task), seen in sums.scores.items()
    ]
    pairs = [
        {"model": model, "after": before, "task": task, "quality_n": seen.n, "quality_mean": seen.mean}
        for (before, model, task), seen in sums.pairs.items()
    ]
    return sorted([*own, *pairs], key=str)


def labels_of_run(store: Store, run: str, plan_hash: str) -> tuple[Labels, frozenset[str]] | None:
    """By what a committed run's rows are sorted, and its free models; None where its plan is not there any more."""
    try:
        plan = read_plan(store, run)
        if plan is None or plan.hash != plan_hash:
            return None
        recipe, catalog = Recipe.from_frozen(plan.recipe), Catalog.from_frozen(plan.models)
    except ValidationError:
        return None
    return labels_of(store, recipe, catalog, ()), free_models(plan.prices)


def rated_rows(store: Store, first: date, last: date) -> list[Row]:
    """What people said of the models of runs from `first` to `last`, as rows that `estimates_for` learns from."""
    with ThreadPoolExecutor(READERS) as readers:
        documents = list(readers.map(partial(_read, store), store.list(FOLDER)))
    return [
        {**row, "run": each["run"], "night": night, "quality_n": WORTH * row["quality_n"]}
        for each in documents
        if each and first <= (night := date.fromisoformat(each["run_date"])) <= last
        for row in each["rows"]
    ]


def _read(store: Store, path: str) -> dict[str, Any] | None:
    """None of what cannot be read: no night fails for what is only good to know."""
    try:
        return read_json(store, path)
    except (OSError, NightpressError):
        return None


def _author(row: Row, labels: Labels) -> int | None:
    """Who wrote the delivered text, as a place in `steps`.

    The last writer; of a loop, which keeps the best, the one whom the loop's own judge gave most, of equals the first (the
    row's quality may be the blind judges'); of members that voted, the one they chose. A text that was written once more
    and not taken has no author.
    """
    steps = row["steps"] or []
    writers = [place for place, step in enumerate(steps) if labels.paths.at(step["path"]).writes]
    if not any(each.startswith(PREFIX + REWRITTEN) for each in row["warnings"] or ()):
        writers = [place for place in writers if not within(steps[place]["path"], BATCH)]
    if not writers or steps[writers[-1]]["path"] == BATCH:
        return writers[-1] if writers else None
    loop = labels.paths.loop_around(steps[writers[-1]]["path"]) if labels.is_made(row) else None
    if loop is not None:
        inside = [place for place in writers if within(steps[place]["path"], loop)]
        scored = [place for place in inside if steps[place]["quality"] is not None]
        if scored:
            return max(scored, key=lambda place: steps[place]["quality"])
    best = _parsed(row["data"]).get("best_individual")
    model = best.get("model") if isinstance(best, dict) else None
    return next((place for place in reversed(writers) if model in (None, steps[place]["model"])), None)


def _parsed(data: str | None) -> dict[str, Any]:
    try:
        found = orjson.loads(data or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _as_judged_by_people(row: Row, author: int, rating: float) -> Row:
    """The row as if nobody else had judged it and nothing had come from the ledger: a rating is given once."""
    steps = [
        {**step, "quality": rating if place == author else None, "usd": step["usd"] or None}
        for place, step in enumerate(row["steps"])
    ]
    changed = {"quality": rating, "cached_calls": 0, "steps": steps, "error_kind": None}
    return {**{name: row[name] for name in QualitySums.COLUMNS}, **changed}
