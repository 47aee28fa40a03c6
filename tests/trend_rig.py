"""Nights as a commit leaves them for the trends: a manifest and a part of `metrics`, without the night itself."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tasks.landing.run_paths import manifest_path
from tasks.storing.parts import part_path, write_part
from tasks.storing.records import write_json
from tasks.storing.schemas import METRICS

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

FIRST = date(2026, 1, 1)
ONE = {"id": "one-1", "host": "models.example.com", "price": {"input": 1.0, "output": 2.0}}


def metrics_row(run: str, **more: Any) -> dict[str, Any]:
    usual = {
        "run": run, "recipe": "short", "pattern": "pipeline", "arm": "made", "rows": 100, "failed": 1, "deferred": 0,
        "quality_mean": 0.8, "quality_low": 0.78, "quality_high": 0.82, "usd": 9.9, "seconds_p50": 4.0, "calls": 200,
        "cache_hits": 20, "simulated": False,
    }  # fmt: skip
    return {**usual, **more}


def land(
    store: Store, day: int, *rows: dict[str, Any], run: str = "", schema: pa.Schema = METRICS, **more: Any
) -> dict[str, Any]:
    """The night `short-<date>`, that many days after FIRST; its manifest, of which keys can be given."""
    manifest, told = left(day, *rows, run=run)
    on = date.fromisoformat(manifest["run_date"])
    part = write_part(store, part_path("metrics", on, f"{manifest['run']}-0"), schema, told)
    manifest |= {"parts": {"metrics": [asdict(part)]}, **more}
    write_json(store, manifest_path(manifest["run"]), manifest)
    return manifest


def left(day: int, *rows: dict[str, Any], run: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The manifest and the rows of `metrics` of such a night, written nowhere."""
    on = FIRST + timedelta(days=day)
    run = run or f"short-{on}"
    told = [{**row, "run": run} for row in rows] or [metrics_row(run)]
    begun = datetime(on.year, on.month, on.day, 2, tzinfo=UTC)
    made = sum(row["rows"] - row["failed"] for row in told if row["arm"] == "made")
    manifest: dict[str, Any] = {
        "run": run, "run_date": on.isoformat(), "recipe": "short", "recipe_version": 1, "simulated": False,
        "first_start": begun.isoformat(), "committed_at": begun.isoformat(),
        "rows": {"made": made, "failed": sum(row["failed"] for row in told)}, "calls": {"sent": 200, "failed": 2},
        "versions": {"nightpress": "0.1.0"}, "made_with": {"recipe": "abc", "models": {"one": ONE, "two": ONE}},
        "spend": [{"model": "one"}], "parts": {},
    }  # fmt: skip
    return manifest, told
