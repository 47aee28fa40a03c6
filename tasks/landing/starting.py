"""How a run starts: anew, where it was left, once more for the rows that may go better now, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.route_making import prices, reachable
from tasks.choosing.estimates import Estimates
from tasks.landing.adoption import adoptable, left_by, settled
from tasks.landing.claims import claim
from tasks.landing.commit import clean_up
from tasks.landing.gains import tonights_routings
from tasks.landing.labels import MADE
from tasks.landing.learning import estimates_for
from tasks.landing.lessons import offered
from tasks.landing.outputs import RETRYABLE
from tasks.landing.plan import (
    Only,
    Plan,
    changes,
    plan_hash,
    read_manifest,
    read_plan,
    redo_of,
    refuse_another_plan,
    write_plan,
)
from tasks.landing.preflight import foreseen, refuse_above, refuse_unknown_spend, told
from tasks.landing.run_paths import checked_run_name, rejects_path, requests_path
from tasks.landing.selecting import selection
from tasks.landing.settling import settle_left
from tasks.landing.sorting import shard_of, sort_requests, spooled, store_requests
from tasks.landing.within_estimate import within_estimate
from tasks.landing.wording import times
from tasks.patterns.recipe import check_models, models_named, models_needed, models_possible
from tasks.storing.errors import UserError
from tasks.storing.parts import read_rows
from tasks.storing.records import write_json_new
from tasks.storing.requests import read_requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tasks.calling.catalog import Catalog
    from tasks.landing.night_estimate import NightEstimate
    from tasks.landing.sorting import Sorted
    from tasks.patterns.recipe import Recipe
    from tasks.storing.columns import Column
    from tasks.storing.filesystem import Store

Way = Literal["new", "resume", "again", "done"]
PACKAGES = ("nightpress", "prefect", "pyarrow", "genai-prices")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants run.

    Attributes:
        requests: path, glob, folder or URL of the request table.
        fresh: reuse no other run's answers.
        replace: another plan may take the place of the one known under this name.
        budgeted: the run has a budget, so every price must be known.
        keyless: providers whose key cannot be had: what nobody names is not taken from them.
        adopts: rows that earlier runs of the recipe left for later are made too; not where there is a limit.
        arms: name → recipe that works every request too, to be compared.
    """

    run: str
    run_date: date
    requests: str
    recipe: Recipe
    catalog: Catalog
    only: Only = "all"
    limit: int | None = None
    fresh: bool = False
    replace: bool = False
    budgeted: bool = False
    keyless: frozenset[str] = frozenset()
    adopts: bool = False
    arms: Mapping[str, Recipe] = field(default_factory=dict)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """The run's own and those it is compared with."""
        return self.recipe, *self.arms.values()

    @property
    def askable(self) -> Catalog:
        """The catalog without the models that nobody names and that could not be asked."""
        return self.catalog.without(self.keyless, set().union(*map(models_named, self.recipes)))

    @property
    def columns(self) -> dict[str, Column]:
        """What the request table has to hold.

        Raises:
            UserError: two recipes declare a column differently.
        """
        found: dict[str, Column] = {}
        for recipe in self.recipes:
            for name, column in recipe.columns.items():
                if found.setdefault(name, column) != column:
                    what = f"recipe {recipe.recipe!r} declares the column {name!r} otherwise than {self.recipe.recipe!r}"
                    raise UserError(what, where="request", hint="declare it alike in all that are compared")
        return found


@dataclass(frozen=True, slots=True)
class Start:
    """How to go on.

    Attributes:
        redo: shard → request ids to work again; None: every row of every shard.
        manifest: of the run as it stands, where it has committed.
    """

    way: Way
    plan: Plan
    redo: dict[int, frozenset[str]] | None = None
    manifest: dict[str, Any] | None = None


def start(store: Store, wish: Wish) -> Start:
    """Read the requests, compare with what the store knows of the run, write the plan.

    Raises:
        UserError: something in the wish is wrong.
        PlanChanged: the run exists with another plan, and `replace` is not wished.
        NightpressError: housekeeping began to move the run's rows, and that cannot be ended.
    """
    table = _read(store, wish)
    try:
        return _start(store, wish, table)
    finally:
        table.spool.unlink(missing_ok=True)


def preview(store: Store, wish: Wish) -> str:
    """What a start would do, in a line; writes nothing.

    Raises:
        UserError: something in the wish is wrong.
    """
    table = _read(store, wish)
    try:
        plan = _plan(wish, table, generation=1)
        known = read_plan(store, wish.run)
        if known is None or known.hash != plan.hash:
            table, estimate, _, left = _foreseen(store, wish, table, _adopting(store, wish, table))
        else:
            table, estimate, _, left = _foreseen(store, wish, table, table)
    finally:
        table.spool.unlink(missing_ok=True)
    adopted = f", {len(table.adopted):,} adopted from earlier runs" if table.adopted else ""
    adopted += f", {left:,} more left for later nights by max_estimate_usd" if left else ""
    way = "new" if known is None else "known" if known.hash == plan.hash else "known with another plan"
    return (
        f"{wish.run} ({way}): {table.rows:,} requests in {times(len(table.shard_rows), 'shard')}, {len(table.rejects):,} rejected, "
        f"{table.unchanged:,} left out as unchanged{adopted}; "
        f"models {', '.join(plan.prices)}; {told(estimate, wish.recipe.max_estimate_usd)}"
    )


def _read(store: Store, wish: Wish) -> Sorted:
    checked_run_name(wish.run)
    for recipe in wish.recipes:
        check_models(recipe, wish.catalog.models)
    wanted = selection(store, wish.only, recipe=wish.recipe.recipe, run=wish.run)
    read = read_requests(wish.requests, wish.columns, run_date=wish.run_date)
    return sort_requests(read, wanted=wanted, limit=wish.limit, run=wish.run)


def _start(store: Store, wish: Wish, table: Sorted) -> Start:
    settle_left(store, wish.run)
    known, manifest = read_plan(store, wish.run), read_manifest(store, wish.run)
    fresh_plan = _plan(wish, table, generation=(manifest["generation"] if manifest else 0) + 1)
    if known is not None and known.hash == fresh_plan.hash and not (wish.replace and manifest):
        if manifest is None or manifest["generation"] < known.generation:
            redo = redo_of(store, known)
            if redo is not None:
                _refuse_unknown_spend(wish, manifest)
            return Start("resume", known, redo, manifest)
        clean_up(store, known, manifest)
        return _again(store, wish, known, manifest)
    if known is not None and not wish.replace:
        refuse_another_plan(known, fresh_plan.hash, changed=changes(known, fresh_plan))
    own = table
    table, estimate, learnt, left = _foreseen(store, wish, own, _adopting(store, wish, own))
    refuse_above(estimate, wish.recipe.max_estimate_usd)
    store.delete(manifest["landed"] if manifest else [])
    ids = [each.request_id for each in table.adopted]
    if ids and (lost := claim(store, wish.run, fresh_plan.hash, ids)):
        table = table.adopting_only([each for each in table.adopted if each.request_id not in lost], own)
        estimate = foreseen(
            store, wish.recipe, wish.askable, table, wish.run, learnt, tuple(wish.arms.values())
        )
    fresh_plan = _counting(fresh_plan, table)
    store_requests(
        store, table, requests_path(wish.run, fresh_plan.hash), rejects_path(wish.run, fresh_plan.hash)
    )
    fresh_plan = fresh_plan.model_copy(
        update={
            "lessons": offered(store, wish.recipe),
            "estimate": estimate.as_plan(),
            "estimates": learnt.plain(),
            "not_adopted": left,
            "replaced_usd": _replaced_usd(known, manifest),
        }
    )
    write_plan(store, fresh_plan)
    return Start("new", fresh_plan, None, manifest)


def _replaced_usd(known: Plan | None, manifest: dict[str, Any] | None) -> float | None:
    """What the run has landed under the plans that a new one replaces; None if it replaces none."""
    return None if known is None else float(manifest["usd"]["spent"] or 0.0) if manifest else 0.0


def _learnt(store: Store, wish: Wish, table: Sorted) -> Estimates:
    """What earlier runs say of the models; for a single request only where there is a model to choose."""
    rows = chain((each.values for each in table.adopted), spooled(table))
    routings = tonights_routings(store, wish.recipe, rows)
    if table.rows + len(table.adopted) <= 1 and not _of_all(wish, models_possible):
        return Estimates(routings=routings)
    known = estimates_for(store, wish.askable, wish.run_date, without=wish.run)
    return replace(known, routings=routings)


def _adopting(store: Store, wish: Wish, table: Sorted) -> Sorted:
    """The table with what earlier runs of the recipe left, if that is wished."""
    if not wish.adopts or wish.limit is not None:
        return table
    return table.adopting(adoptable(store, wish.recipe.recipe, wish.run, wish.recipe.columns), wish.run)


def _foreseen(
    store: Store, wish: Wish, own: Sorted, table: Sorted
) -> tuple[Sorted, NightEstimate, Estimates, int]:
    """What is made tonight, what it should cost, what is known of the models, and how many rows are not adopted."""
    learnt = _learnt(store, wish, table)

    def estimate_of(some: Sorted) -> NightEstimate:
        return foreseen(store, wish.recipe, wish.askable, some, wish.run, learnt, tuple(wish.arms.values()))

    kept, estimate = within_estimate(own, table, wish.recipe.max_estimate_usd, estimate_of)
    return kept, estimate, learnt, len(table.adopted) - len(kept.adopted)


def _counting(plan: Plan, table: Sorted) -> Plan:
    """The plan with the rows of earlier runs in its counts."""
    requests = table.rows + len(table.adopted) + len(table.rejects)
    more = {"rejected": len(table.rejects), "shard_rows": table.shard_rows, "adopted": len(table.adopted)}
    return plan.model_copy(update={"requests": requests, **more})


def _plan(wish: Wish, table: Sorted, generation: int) -> Plan:
    recipe, models = wish.recipe.canonical(), wish.catalog.canonical()
    askable = wish.askable
    arms = {name: arm.canonical() for name, arm in wish.arms.items()}
    needed = reachable(askable, sorted(_of_all(wish, models_needed)))
    possible = reachable(askable, sorted(_of_all(wish, models_possible)))
    priced = prices(askable, dict.fromkeys((*needed, *possible)))
    is_limited = wish.budgeted or wish.recipe.budget.usd_per_request is not None
    unknown = [
        name
        for name in needed
        if priced[name] is None and (is_limited or wish.catalog.provider_of(name).usd_per_run is not None)
    ]
    if unknown:
        raise UserError(
            f"nobody knows the price of {', '.join(unknown)}, so a budget cannot be kept",
            where="models file", hint="add `price: {input: .., output: ..}` (USD per million tokens) to the model",
        )  # fmt: skip
    return Plan(
        run=wish.run,
        run_date=wish.run_date,
        recipe=recipe,
        models=models,
        fingerprint=table.fingerprint,
        only=wish.only,
        limit=wish.limit,
        hash=plan_hash(
            run_date=wish.run_date, recipe=recipe, models=models, fingerprint=table.fingerprint, only=wish.only,
            limit=wish.limit, arms=arms,
        ),
        prices={name: price.model_dump(mode="json") if price else None for name, price in priced.items()},
        fresh=wish.fresh,
        requests=table.rows + len(table.rejects),
        rejected=len(table.rejects),
        unchanged=table.unchanged,
        shard_rows=table.shard_rows,
        first_start=datetime.now(UTC),
        generation=generation,
        keyless=sorted(wish.keyless),
        budgeted=wish.budgeted or wish.recipe.budget.usd_per_request is not None,
        versions={name: version(name) for name in PACKAGES},
        arms=arms,
    )  # fmt: skip


def _of_all(wish: Wish, models: Callable[[Recipe, Catalog], set[str]]) -> set[str]:
    """The models of every recipe of the run."""
    return set().union(*(models(recipe, wish.askable) for recipe in wish.recipes))


def _refuse_unknown_spend(wish: Wish, manifest: dict[str, Any] | None) -> None:
    if wish.budgeted and manifest is not None and manifest["usd"]["spent"] is None:
        refuse_unknown_spend(wish.run)


def _again(store: Store, wish: Wish, known: Plan, manifest: dict[str, Any]) -> Start:
    rows = manifest["rows"]
    may = rows["retryable"] or rows["deferred"]  # else its outputs may have been joined with other runs'
    redo = _may_go_better(store, known, manifest) if may else {}
    if not redo:
        return Start("done", known, None, manifest)
    _refuse_unknown_spend(wish, manifest)
    plan = known.model_copy(update={"generation": manifest["generation"] + 1})
    write_json_new(store, plan.workplace.redo_path, {str(shard): sorted(ids) for shard, ids in redo.items()})
    write_plan(store, plan)
    return Start("again", plan, redo, manifest)


def _may_go_better(store: Store, known: Plan, manifest: dict[str, Any]) -> dict[int, frozenset[str]]:
    """The failed rows that are worth another try, and the deferred ones that no other run has settled; by shard."""
    found: list[str] = []
    deferred: list[str] = []
    for part in manifest["parts"]["outputs"]:
        for batch in read_rows(store, part["path"], ["request_id", "arm", "status", "error_kind"]):
            table = pa.Table.from_batches([batch])
            table = table.filter(pc.equal(table["arm"], MADE))
            retryable = pc.is_in(table["error_kind"], value_set=pa.array(sorted(RETRYABLE)))
            found += table.filter(pc.and_(pc.equal(table["status"], "failed"), retryable))[
                "request_id"
            ].to_pylist()
    for part in manifest["parts"]["deferred"]:
        for batch in read_rows(store, part["path"], ["request_id"]):
            deferred += batch["request_id"].to_pylist()
    elsewhere = settled(store, manifest["recipe"], known.run, left_by(manifest, deferred))
    found += [each for each in deferred if each not in elsewhere]
    shards = len(known.shard_rows)
    by_shard: dict[int, set[str]] = {}
    for request_id in found:
        by_shard.setdefault(shard_of(request_id, shards), set()).add(request_id)
    return {shard: frozenset(ids) for shard, ids in by_shard.items()}
