"""Before a new run starts: what it is expected to cost, and whether that is more than its recipe allows. Reads only."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tasks.landing.night_estimate import expected_of, night_estimate
from tasks.landing.sorting import spooled
from tasks.patterns.cell_tokens import cell_tokens
from tasks.patterns.lint_sums import dollars
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.calling.catalog import Catalog
    from tasks.choosing.estimates import Estimates
    from tasks.landing.night_estimate import NightEstimate
    from tasks.landing.plan import Plan
    from tasks.landing.sorting import Sorted
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

WHERE = "max_estimate_usd"


def foreseen(
    store: Store,
    recipe: Recipe,
    catalog: Catalog,
    table: Sorted,
    run: str,
    estimates: Estimates,
    arms: Sequence[Recipe] = (),
) -> NightEstimate:
    """What the sorted table is expected to cost, with the rows that it adopts.

    For a single request past runs are looked at only where a limit hangs on it: that is what the forms of the UI start.
    """
    rows = chain((each.values for each in table.adopted), spooled(table))
    tokens = cell_tokens(expected_of(recipe, catalog, estimates, arms).cells, rows)
    looks_back = table.rows + len(table.adopted) > 1 or recipe.max_estimate_usd is not None
    return night_estimate(
        store if looks_back else None, recipe, catalog, tokens, run=run, estimates=estimates, arms=arms
    )


def refuse_above(estimate: NightEstimate, limit_usd: float | None) -> None:
    """Let a run start whose estimate is within the limit; None is no limit.

    Raises:
        UserError: it is above, or nobody knows a price.
    """
    if said := _refusal(estimate, limit_usd):
        raise UserError(said[0], where=WHERE, hint=said[1])


def refuse_unknown_spend(run: str) -> None:
    """A budget for a run that has made calls of unknown price before cannot be kept.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"nobody knows what run {run} has spent so far, so a budget cannot be kept",
        where="--budget", hint="go on without one, or start another --run with models whose prices are known",
    )  # fmt: skip


def told(estimate: NightEstimate, limit_usd: float | None) -> str:
    """The estimate for a dry run, in a few words, and whether the run would start."""
    usd = estimate.run_usd
    cost = f"expected to cost {dollars(usd)}" if usd is not None else "at a price that is not known"
    said = _refusal(estimate, limit_usd)
    return f"{cost} ({estimate.basis})" + (f"; a new run would not start: {said[0]}" if said else "")


def expected_row_usd(plan: Plan) -> float | None:
    """What a row of the run is expected to cost; None if nobody knows. The budget may admit rows by it."""
    found: float | None = plan.estimate.get("row_usd")
    return found


def unproven_row_usd(plan: Plan) -> float | None:
    """The same without other arms and blind judges; None if nobody knows, or where they are what the run is for."""
    row_usd, proof_usd = plan.estimate.get("row_usd"), plan.estimate.get("proof_usd")
    return None if plan.arms or row_usd is None else row_usd - (proof_usd or 0.0)


def _refusal(estimate: NightEstimate, limit_usd: float | None) -> tuple[str, str] | None:
    """What is wrong, and what to do."""
    if limit_usd is None:
        return None
    usd = estimate.run_usd
    if usd is None:
        names = ", ".join(estimate.unpriced)
        return (
            f"nobody knows the price of {names}, so the run cannot be held against the limit of {dollars(limit_usd)}",
            "add `price: {input: .., output: ..}` (USD per million tokens) to the model in the models file",
        )
    if usd <= limit_usd:
        return None
    return (
        f"{estimate.rows:,} rows are expected to cost {dollars(usd)} ({estimate.basis}), over the limit of {dollars(limit_usd)}",
        "`nightpress check RECIPE --requests F` shows what costs; make fewer with --limit, or raise the limit",
    )
