"""The last nights of a recipe before one of its runs: their manifests and their rows of `metrics`, read back.

What a run is held against does not change later: only runs of earlier nights that were begun before it. Of several runs
on one date the one with the most rows is the night; single requests and samples of a table are none. Simulated and real
nights are not held against each other. Of a bucket it takes one listing and two small reads a night, many at a time.
"""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.landing.labels import MADE
from tasks.landing.moves import joined_id
from tasks.landing.night_figures import Night, Row, night_of, rows_of
from tasks.landing.plan import read_manifest
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tasks.storing.filesystem import Store

TABLE: Final = "metrics"
MOST_NIGHTS: Final = 30
FEWEST_ROWS: Final = 5  # a smaller run is no night
MOST_PARTS: Final = {True: 600, False: 150}  # whether a run of the recipe is likely to be in it
READERS: Final = 16
_PART: Final = re.compile(rf"{TABLE}/run_date=(\d{{4}}-\d\d-\d\d)/([^/]+)-\d+\.parquet")
_SINGLE: Final = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")  # a flow run's id
_NEEDED: Final = {"run", "recipe", "arm", "rows", "failed"}
_KINDS: Final = {
    **dict.fromkeys(("run", "recipe", "arm"), pa.string()),
    **dict.fromkeys(("rows", "failed", "calls", "cache_hits", "quality_n", "uplift_n"), pa.int64()),
    **dict.fromkeys(
        ("quality_mean", "quality_low", "quality_high", "usd", "seconds_p50", "uplift"), pa.float64()
    ),
    "simulated": pa.bool_(),
}

Runs = dict[str, dict[str, list[Row]]]  # run → part → its rows


def night_itself(store: Store, manifest: Mapping[str, Any]) -> Night:
    """The figures of a committed run."""
    run = manifest["run"]
    rows = [row for path in _named(manifest) for row in _rows(store, path) if row["run"] == run]
    return night_of(manifest, rows)


def nights_before(store: Store, tonight: Night) -> list[Night]:
    """The last nights that `tonight` is held against, at most `MOST_NIGHTS`, in order."""
    recipe = tonight.manifest["recipe"]
    found: dict[date, Runs] = {}
    with ThreadPoolExecutor(READERS) as readers:
        for chunk in _chunks(store, recipe, tonight.run_date):
            contents = readers.map(partial(_rows, store), chunk)
            for (path, on), rows in zip(chunk.items(), contents, strict=True):
                for row in rows:
                    if row["recipe"] == recipe:
                        by_path = found.setdefault(on, {}).setdefault(row["run"], {})
                        by_path.setdefault(path, []).append(row)
            runs_of = {on: _candidates(tonight, found[on]) for on in sorted(found)}
            nights = [on for on, runs in runs_of.items() if runs]
            if len(nights) > MOST_NIGHTS:
                break
        wanted = {on: runs_of[on] for on in nights[-MOST_NIGHTS - 1 :]}
        names = [run for runs in wanted.values() for run in runs]
        manifests = dict(zip(names, readers.map(partial(_manifest, store), names), strict=True))
    nights_of_dates = (
        _night_of_date([_night(manifests[run], parts) for run, parts in wanted[on].items()], tonight)
        for on in wanted
    )
    return [night for night in nights_of_dates if night is not None][-MOST_NIGHTS:]


def _chunks(store: Store, recipe: str, before: date) -> Iterator[dict[str, date]]:
    """Parts of earlier nights to be read at once, the newest first; before others those that the recipe is likely to be in."""
    found = [
        (path, date.fromisoformat(part[1]), part[2])
        for path in store.list(TABLE)
        if (part := _PART.fullmatch(path)) and not _SINGLE.search(part[2])
    ]
    earlier = [each for each in found if each[1] < before]
    for likely in (True, False):
        mine = [
            (path, on)
            for path, on, name in earlier
            if (name.startswith(recipe) or joined_id(path) is not None) == likely
        ]
        newest = sorted(mine, key=lambda each: each[1], reverse=True)[: MOST_PARTS[likely]]
        chunk: dict[str, date] = {}
        for _, parts in groupby(newest, key=lambda each: each[1]):  # a date's parts stay together
            chunk |= dict(parts)
            if len(chunk) > MOST_NIGHTS:
                yield chunk
                chunk = {}
        yield chunk


def _candidates(tonight: Night, runs: Runs) -> Runs:
    """The runs of a date that might be its night, of the same kind as tonight's."""
    sample = f"{tonight.manifest['recipe']}-sample-"
    return {
        run: parts
        for run, parts in runs.items()
        if not (run.startswith(sample) or _SINGLE.search(run))
        and max(map(_made_rows, parts.values())) >= FEWEST_ROWS
        and any(row.get("simulated") for rows in parts.values() for row in rows) == tonight.simulated
    }


def _made_rows(rows: list[Row]) -> int:
    return rows_of([row for row in rows if row["arm"] == MADE])


def _night(manifest: dict[str, Any] | None, parts: Mapping[str, list[Row]]) -> Night | None:
    """A run as its manifest has it: while its part is joined with others, its rows stand in two parts.

    A comparison is no night.
    """
    if manifest is None or manifest.get("compares"):
        return None
    named = [path for path in _named(manifest) if path in parts] or list(parts)[:1]
    return night_of(manifest, [row for path in named for row in parts[path]])


def _night_of_date(nights: Iterable[Night | None], tonight: Night) -> Night | None:
    known = [
        each
        for each in nights
        if each is not None and each.first_start < tonight.first_start and each.simulated == tonight.simulated
    ]
    return max(known, key=lambda each: (each.rows, each.first_start), default=None)


def _named(manifest: Mapping[str, Any]) -> list[str]:
    return [part["path"] for part in manifest["parts"].get(TABLE, [])]


def _manifest(store: Store, run: str) -> dict[str, Any] | None:
    try:
        return read_manifest(store, run)
    except (OSError, NightpressError):
        return None


def _rows(store: Store, path: str) -> list[Row]:
    """A part's rows with the columns that it has; none if it has gone or is none of ours: no report fails for that."""
    try:
        with pq.ParquetFile(io.BytesIO(store.read(path))) as part:
            there = [name for name in _KINDS if name in part.schema_arrow.names]
            if not set(there) >= _NEEDED:
                return []
            usual = pa.schema([(name, _KINDS[name]) for name in there])
            rows: list[Row] = (
                part.read(columns=there, use_threads=False).select(there).cast(usual).to_pylist()
            )
            return rows
    except (OSError, pa.ArrowException):
        return []
