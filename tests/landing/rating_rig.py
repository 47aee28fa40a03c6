"""Files of ratings for a rig's night, and what there is of them afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from tasks.landing.rating_ingest import Ingested, files_of, ingest
from tasks.storing.rating_files import Defaults

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.storing.filesystem import Store

TODAY = datetime.now(UTC).date()
TOMORROW = TODAY + timedelta(days=1)
TOPICS = {f"r{number}": f"topic {number}" for number in range(4)}


def written(
    folder: Path, *lines: str, name: str = "ratings.csv", header: str = "request_id,rater,rating,rated_at"
) -> str:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


def rated(store: Store, path: str, *, once: bool = False, **given: Any) -> Ingested:
    """One file taken in, by default for the run `night`."""
    (found,) = files_of(store, path)
    return ingest(store, found, Defaults(**{"run": "night", **given}), once=once)


def read_table(store: Store, table: str = "ratings") -> pd.DataFrame:
    """As an analyst reads it."""
    return pd.read_parquet(f"{store.url}/{table}")


def seen(store: Store) -> list[tuple[Any, ...]]:
    """(request id, arm, rater, rating) of every rating."""
    frame = read_table(store)
    return sorted(zip(frame["request_id"], frame["arm"], frame["rater"], frame["rating"], strict=True))


def satisfied(store: Store, run: str = "night") -> list[tuple[Any, ...]]:
    """(arm, mean, n) of the run's rows of metrics."""
    frame = read_table(store, "metrics")
    mine = frame[frame["run"] == run]
    return [
        (arm, mean if n == n else None, int(n) if n == n else None)
        for arm, mean, n in zip(mine["arm"], mine["satisfaction_mean"], mine["satisfaction_n"], strict=True)
    ]
