"""`nightpress check --sample N`: a few rows spread over the table, made for real under a run of their own.

What they cost is spent; the night finds their calls in the ledger.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from deployments.cli.running import run_nights
from tasks.storing.requests import Reject, Request, read_requests

if TYPE_CHECKING:
    import argparse
    from datetime import date

    from tasks.calling.catalog import Catalog
    from tasks.patterns.recipe import Recipe

DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of a table.

    Attributes:
        run: the name of their run; the same for the same rows, recipe and models.
    """

    run: str
    rows: tuple[Request, ...]

    def written(self, folder: Path) -> str:
        """The rows as a request table in this folder; returns its path."""
        path = folder / "sample.jsonl"
        lines = [orjson.dumps({**each.values, "request_id": each.request_id}) for each in self.rows]
        path.write_bytes(b"\n".join(lines) + b"\n")
        return str(path)


def make_sample(sample: Sample, given: argparse.Namespace, night: date) -> int:
    """Run it as `nightpress run` would; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="nightpress-sample-") as folder:
        asked = {
            "requests": sample.written(Path(folder)),
            "recipe": given.recipe,
            "store": given.store,
            "models": given.models,
            "run": sample.run,
            "run_date": night.isoformat(),
        }
        return run_nights([asked])


def sample_of(
    requests: str, recipe: Recipe, catalog: Catalog, night: date, *, rows: int, number: int
) -> Sample:
    """So many of the table's good rows, evenly spread from the first on; all where there are fewer.

    Args:
        rows: how many good rows the table has.
    """
    number = min(number, rows)
    places = {step * rows // number for step in range(number)}
    read = read_requests(requests, recipe.columns, run_date=night)
    good = (each for each in read if not isinstance(each, Reject))
    chosen = tuple(request for place, request in enumerate(good) if place in places)
    inputs = [recipe.canonical(), catalog.canonical(), [[each.request_id, each.values] for each in chosen]]
    digest = sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()[:DIGITS]
    return Sample(f"{recipe.recipe}-sample-{night.isoformat()}-{digest}", chosen)
