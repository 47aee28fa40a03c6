"""What past nights say of tonight's models: `model_metrics` of committed runs and people's ratings, faded by age."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.calling.addresses import host_of
from tasks.choosing.estimates import Estimates, learnt
from tasks.landing.beliefs import kept_beliefs
from tasks.landing.model_figures import observed
from tasks.landing.rating_evidence import rated_rows
from tasks.storing.schemas import MODEL_METRICS

if TYPE_CHECKING:
    from tasks.calling.catalog import Catalog
    from tasks.storing.filesystem import Store

TABLE: Final = "model_metrics"
LONGEST_DAYS: Final = 120  # older nights count less than a sixteenth
MOST_PARTS: Final = 400
READERS: Final = 16
NEEDED: Final = ("run", "model", "task", "host", "model_id")
COLUMNS: Final = (
    *NEEDED, "request_type", "after", "calls", "errors", "quality_n", "quality_mean", "tokens_in", "tokens_out",
    "seconds_p50", "simulated",
)  # fmt: skip
_NIGHT: Final = re.compile(rf"{TABLE}/run_date=(\d{{4}}-\d\d-\d\d)/[^/]+\.parquet")

Row = dict[str, Any]


def estimates_for(store: Store, catalog: Catalog, before: date, *, without: str = "") -> Estimates:
    """What runs up to a night say of the models that its catalog has.

    A name that stood for another model then, or for one at another address, says nothing of tonight's. Where one
    address gave both simulated and real answers, only the kind that came last counts. A part that cannot be read,
    or is from before models were learnt from, is passed over: no night fails for what is only good to know.

    Args:
        before: the night that is to be run; what was on the same date counts too, what came after does not.
        without: a run that is about to be made anew.
    """
    night = before.date() if isinstance(before, datetime) else before
    parts = _parts(store, night)
    with ThreadPoolExecutor(READERS) as readers:
        contents = readers.map(partial(_content, store), parts)
    which = {name: _which(catalog, name) for name in catalog.models}
    measured = (
        {**row, "night": on}
        for on, content in zip(parts.values(), contents, strict=True)
        for row in _rows(content)
    )
    rows = [
        {**dict.fromkeys(COLUMNS), **row}
        for row in (*measured, *rated_rows(store, night - timedelta(days=LONGEST_DAYS), night))
        if row["run"] != without and which.get(row["model"]) == (row["host"], row["model_id"])
    ]
    kinds = _newest_kinds(rows)
    kept = [row for row in rows if bool(row["simulated"]) == kinds[row["model"]]]
    runs = len({row["run"] for row in kept})
    estimates = learnt((observed(row, (night - row["night"]).days) for row in kept), runs)
    return replace(estimates, beliefs=kept_beliefs(store, catalog))


def _parts(store: Store, night: date) -> dict[str, date]:
    """The newest parts up to that night, with their dates, the newest first; of one date in the order of their names."""
    found = {
        path: date.fromisoformat(name[1]) for path in store.list(TABLE) if (name := _NIGHT.fullmatch(path))
    }
    first = night - timedelta(days=LONGEST_DAYS)
    recent = {path: on for path, on in found.items() if first <= on <= night}
    return dict(sorted(recent.items(), key=lambda each: each[1], reverse=True)[:MOST_PARTS])


def _content(store: Store, path: str) -> bytes:
    """A part's bytes, empty if it has gone or cannot be read."""
    try:
        return store.read(path)
    except OSError:
        return b""


def _rows(content: bytes) -> list[Row]:
    """A part's rows, none if it is not one that says which models they are of."""
    try:
        with pq.ParquetFile(io.BytesIO(content)) as part:
            there = [name for name in COLUMNS if name in part.schema_arrow.names]
            if not set(NEEDED) <= set(there):
                return []
            table = part.read(columns=there, use_threads=False).select(there)
            usual = pa.schema([MODEL_METRICS.field(name) for name in there])
            rows: list[Row] = (table if table.schema.equals(usual) else table.cast(usual)).to_pylist()
            return rows
    except (OSError, pa.ArrowException):
        return []


def _which(catalog: Catalog, name: str) -> tuple[str, str]:
    model = catalog.models[name]
    return host_of(catalog.providers[model.provider].base_url), model.id


def _newest_kinds(rows: list[Row]) -> dict[str, bool]:
    """Model → whether its newest answers were simulated; of one night, real ones count."""
    newest: dict[str, tuple[date, bool]] = {}
    for row in rows:
        stands = (row["night"], not row["simulated"])
        newest[row["model"]] = max(newest.get(row["model"], stands), stands)
    return {model: not real for model, (_, real) in newest.items()}
