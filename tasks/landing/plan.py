"""The plan of a run: its frozen inputs, written at the first start and read by everything after."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict

from tasks.landing.run_paths import Workplace, manifest_path, plan_path
from tasks.storing.errors import PlanChanged
from tasks.storing.records import read_json, write_json

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

Only = Literal["new", "changed", "all"]


class Plan(BaseModel):
    """What a run is made from; a run under the same name with another hash is another run.

    Attributes:
        recipe: the recipe's canonical form; with models, the requests and what follows, the hash is over these.
        prices: catalog name → USD per million tokens, or None where nobody knows; as they were at the first start.
        requests: how many rows the table had for tonight, rejects and adopted ones included.
        adopted: rows that earlier runs left for later; they stand in the stored requests, and not in the hash.
        shard_rows: number of rows of each shard.
        first_start: the time to live of other runs' answers is measured back from here.
        generation: what the next commit will be.
        lessons: what reviewers of earlier runs taught; not in the hash, as the run itself adds to them.
        estimate: what the run was expected to cost at its first start, as `NightEstimate.as_plan` has it; not in the hash.
        estimates: what earlier runs say of the models, as `Estimates.plain` gives it; not in the hash either.
        keyless: providers whose key could not be had at the first start; not in the hash, nor is what follows.
        budgeted: there is a budget, so that no model may be chosen of which nobody knows the price.
        not_adopted: how many more there are, for which `max_estimate_usd` did not reach.
        replaced_usd: what the run had spent under other plans before; None if this is its first.
        arms: name → canonical recipe that works every request too, to be compared with the run's own; in the hash.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    run_date: date
    recipe: dict[str, Any]
    models: dict[str, Any]
    fingerprint: str
    only: Only
    limit: int | None
    hash: str
    prices: dict[str, dict[str, float | None] | None]
    fresh: bool
    requests: int
    rejected: int
    unchanged: int
    shard_rows: list[int]
    first_start: datetime
    generation: int
    versions: dict[str, str]
    lessons: list[str] = []
    estimate: dict[str, Any] = {}
    estimates: dict[str, Any] = {}
    keyless: list[str] = []
    budgeted: bool = False
    adopted: int = 0
    not_adopted: int = 0
    replaced_usd: float | None = None
    arms: dict[str, dict[str, Any]] = {}

    @property
    def workplace(self) -> Workplace:
        return Workplace(self.run, self.generation, self.hash)


def plan_hash(
    *,
    run_date: date,
    recipe: dict[str, Any],
    models: dict[str, Any],
    fingerprint: str,
    only: str,
    limit: int | None,
    arms: dict[str, Any] | None = None,
) -> str:
    """sha256, in hex, of everything that decides what a run makes."""
    inputs = [run_date.isoformat(), recipe, models, fingerprint, only, limit, *([arms] if arms else [])]
    return sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()


def read_plan(store: Store, run: str) -> Plan | None:
    """The run's plan as it stands, or None before its first start."""
    document = read_json(store, plan_path(run))
    return Plan.model_validate(document) if document is not None else None


def write_plan(store: Store, plan: Plan) -> None:
    """Make `plan` the run's plan."""
    write_json(store, plan_path(plan.run), plan.model_dump(mode="json"))


def read_manifest(store: Store, run: str) -> dict[str, Any] | None:
    """The run's latest manifest, or None before its first commit."""
    return read_json(store, manifest_path(run))


def redo_of(store: Store, plan: Plan) -> dict[int, frozenset[str]] | None:
    """Which rows a later generation of a plan works again, by shard; None if it works them all."""
    document = read_json(store, plan.workplace.redo_path)
    return {int(shard): frozenset(ids) for shard, ids in document.items()} if document is not None else None


def refuse_another_plan(known: Plan, new_hash: str, *, changed: list[str]) -> None:
    """Raise PlanChanged unless the hashes agree."""
    if known.hash != new_hash:
        what = ", ".join(changed) or "something"
        raise PlanChanged(
            f"run {known.run!r} was started with another plan: {what} changed",
            where="--run",
            hint="give another --run, or --replace to make it anew (finished calls stay paid and are reused)",
        )


def changes(known: Plan, new: Plan) -> list[str]:
    """Which inputs differ between two plans, in words."""
    names = {"run_date": "the run date", "recipe": "the recipe", "models": "the models file"}
    names |= {"fingerprint": "the request table", "only": "--only", "limit": "--limit"}
    names |= {"arms": "what it is compared with"}
    return [word for name, word in names.items() if getattr(known, name) != getattr(new, name)]
