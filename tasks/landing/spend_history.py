"""What all runs of a store have cost: from their manifests, and from `calls` for runs committed before those told it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tasks.calling.prices import Price
from tasks.landing.committed import Committed, committed_runs
from tasks.landing.moves import at_once, joined_id, read_joined
from tasks.landing.plan import read_manifest, read_plan
from tasks.landing.spend_sums import COLUMNS, Spender, SpendSums, Spent, spent_by

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.storing.filesystem import Store

OUTPUTS_PART: Final = re.compile(r"^outputs/run_date=(\d{4}-\d\d-\d\d)/(.+)-\d+\.parquet$")


@dataclass(frozen=True, slots=True)
class RunSpend:
    """What one run came to."""

    run: str
    run_date: date
    recipe: str
    spent: list[tuple[Spender, Spent]]


def spend_history(
    store: Store, *, since: date | None = None, until: date | None = None, recipe: str = ""
) -> list[RunSpend]:
    """The committed runs of these nights, both ends included, by night and name.

    With an end given only the names of parts of those nights are looked at, and only their runs' manifests are read.
    """
    runs = committed_runs(store) if since is None and until is None else runs_of_nights(store, since, until)
    manifests = [each for each in at_once(partial(read_manifest, store), runs) if each]
    wanted = [each for each in manifests if not recipe or each["recipe"] == recipe]
    found = [
        RunSpend(
            each["run"],
            date.fromisoformat(each["run_date"]),
            each["recipe"],
            spent_by(spend_rows(store, each)),
        )
        for each in wanted
    ]
    inside = [each for each in found if _is_between(each.run_date, since, until)]
    return sorted(inside, key=lambda each: (each.run_date, each.run))


def runs_of_nights(store: Store, since: date | None, until: date | None) -> list[str]:
    """Names of the runs that have a part of `outputs` in these nights."""
    runs: dict[str, None] = {}
    for path in store.list("outputs"):
        own = OUTPUTS_PART.match(path)
        if own is None or not _is_between(date.fromisoformat(own[1]), since, until):
            continue
        joined = joined_id(path)
        if joined is None:
            runs[own[2]] = None
        elif (record := read_joined(store, joined)) is not None:
            runs |= dict.fromkeys(record.runs)
    return list(runs)


def last_nights(store: Store, count: int) -> list[date]:
    """The last so many nights that have outputs, in order."""
    found = {own[1] for path in store.list("outputs") if (own := OUTPUTS_PART.match(path))}
    return [date.fromisoformat(night) for night in sorted(found)[-count:]]


def spend_rows(store: Store, manifest: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The manifest's `spend`, or what the run's calls say at its plan's prices."""
    told: list[dict[str, Any]] | None = manifest.get("spend")
    if told is not None:
        return told
    sums = SpendSums()
    for batch in Committed(store, manifest, None).rows("calls", COLUMNS):
        sums.add(pa.Table.from_batches([batch]))
    plan = read_plan(store, manifest["run"])
    return sums.rows(prices_of(plan.prices) if plan and plan.hash == manifest["plan"] else {})


def prices_of(plan_prices: dict[str, dict[str, float | None] | None]) -> dict[str, Price | None]:
    """A plan's prices as it froze them."""
    return {name: Price.model_validate(each) if each else None for name, each in plan_prices.items()}


def _is_between(night: date, since: date | None, until: date | None) -> bool:
    return (since is None or night >= since) and (until is None or night <= until)
