"""One shard of a run: its rows worked concurrently, staged as parts, fenced by a shard record written last."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from time import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tasks.calling.budget import OVER_BUDGET, Budget, OverBudget, RowBudget
from tasks.calling.call import Row
from tasks.calling.failures import CallFailed
from tasks.landing.admission import Admission, RowCosts, Ticket
from tasks.landing.control import proof_scores, proofs
from tasks.landing.labels import MADE
from tasks.landing.lessons import taught
from tasks.landing.outputs import Outcome, deferred_row, output_row
from tasks.landing.purse import Purse, indispensable
from tasks.landing.run_paths import requests_path
from tasks.landing.savings import saved_by_step
from tasks.landing.scores import score_rows
from tasks.landing.shard_records import ShardRecord, write_record
from tasks.landing.sorting import read_shard
from tasks.landing.tally import Tally
from tasks.patterns.ran import RowFailed
from tasks.patterns.row import make_draft
from tasks.patterns.templates import RenderFailed
from tasks.storing.errors import RowDeferred
from tasks.storing.parts import write_part
from tasks.storing.schemas import DEFERRED, OUTPUTS, SCORES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence

    from tasks.landing.allowances import ShardMoney
    from tasks.landing.arms import Arm
    from tasks.landing.control import Proof
    from tasks.landing.run_state import RunState
    from tasks.patterns.blind import Verdict
    from tasks.patterns.draft import Draft
    from tasks.storing.requests import Request

STAGED = {"outputs": OUTPUTS, "deferred": DEFERRED, "scores": SCORES}
OVER_ROW_BUDGET = "over_row_budget"
ENDED_BY_MONEY = frozenset({"no_price", OVER_ROW_BUDGET})
Worked = tuple[Outcome, Tally]


async def work_shard(state: RunState, shard: int, attempt: int, money: ShardMoney) -> ShardRecord:
    """Work one shard to its record.

    Args:
        attempt: from 1; one more than the latest record's.
        money: what this attempt may spend, in whatever processes and however often it is tried.

    Returns:
        The record that counts: another worker's, if it was first.
    """
    plan, spending = state.plan, state.calls.ledger.spending
    with state.working():
        requests = await asyncio.to_thread(
            read_shard, state.store, requests_path(plan.run, plan.hash), shard, plan.shard_rows
        )
        ids = [request.request_id for request in requests]
        if state.redo is not None:
            redo = state.redo.get(shard, frozenset())
            requests = [request for request in requests if request.request_id in redo]
        state.limit(money)
        if money.is_limited:
            await (
                state.calls.ledger.catch_up()
            )  # a process that died over this attempt has spent some of its money
        state.costs.guess_usd = state.costs.guess_usd or money.expected_usd
        purse = Purse(money, spending, shard, state.calls.routes)
        needed = indispensable(purse.providers, state.calls.routes, state.calls.fallbacks)
        others = [
            (purse.providers[name], state.provider_costs.setdefault(name, RowCosts())) for name in needed
        ]
        admission = Admission(purse.budget, state.costs, others=others, is_rest=money.is_rest)
        async with asyncio.TaskGroup() as rows:
            working = [
                rows.create_task(_work_row(state, request, shard, purse, admission, needed))
                for request in requests
            ]
        worked = [each.result() for each in working]
        proven = await proofs(state, ids, worked, outcome_of, money.proof_usd)
        await state.calls.ledger.upload()
        return await asyncio.to_thread(stage, state, shard, attempt, worked, purse, proven)


async def _work_row(
    state: RunState,
    request: Request,
    shard: int,
    purse: Purse,
    admission: Admission,
    needed: Sequence[str],
) -> Worked:
    row = row_of(state, request, shard, purse)
    row.paid_at = {name: Budget(None, "row") for name in needed}
    ticket = row.ticket = Ticket(admission, row.budgets[-1], state.rows_gate, tuple(row.paid_at.values()))
    ended_usd = None
    try:
        await ticket.take_place()
        tally = Tally(state.calls, row, state.plan.fresh)
        outcome = await work_request(state, request, tally)
        if not state.arms and _tells_costs(
            outcome, tally
        ):  # else the estimate tells, which knows of the arms
            ended_usd = row.budgets[-1].spent_usd
    finally:
        ticket.leave(ended_usd)
    state.rows_done += 1
    return outcome, tally


def _tells_costs(outcome: Outcome, tally: Tally) -> bool:
    """Whether what the row has cost is what one costs: not if it was broken off, or saved, for want of money."""
    if outcome.status == "deferred" or tally.notes.degraded or outcome.error_kind in ENDED_BY_MONEY:
        return False
    return outcome.status == "made" or tally.row.budgets[-1].spent_usd > 0


def row_of(state: RunState, request: Request, shard: int, purse: Purse) -> Row:
    """Who asks for this request: its limits are the shard's, and, as the last, its own, with what it has paid before."""
    recipe = state.recipe
    paid_usd = state.calls.ledger.spending.by_request.get(request.request_id, 0.0)
    own = RowBudget(recipe.budget.usd_per_request, "request", paid_usd)
    return Row(
        request_id=request.request_id,
        arm=MADE,
        recipe=recipe.recipe,
        request_type=_request_type(recipe.request_type, request),
        shard=shard,
        budgets=(purse.budget, own),
        provider_budgets=purse.providers,
        per_request_variants=recipe.variants == "per_request",
    )


async def work_request(state: RunState, request: Request, tally: Tally) -> Outcome:
    """What the recipe makes of a request."""
    coming = make_draft(state.recipe, request.values, tally, state.setting, tally.notes)
    return await outcome_of(request, coming, tally)


async def outcome_of(request: Request, coming: Awaitable[Draft], tally: Tally) -> Outcome:
    """The one place where whatever goes wrong with a row becomes that row's outcome."""
    started = int(time() * 1e6)

    def ended(
        status: Any, *, draft: Any = None, error_kind: str | None = None, error: str | None = None
    ) -> Outcome:
        return Outcome(request, status, draft, error_kind, error, started, int(time() * 1e6))

    try:
        draft = await coming
    except OverBudget as deferred:
        if _is_over_for_good(deferred, tally):
            return ended("failed", error_kind=OVER_ROW_BUDGET, error=str(deferred))
        return ended("deferred", error_kind=OVER_BUDGET, error=str(deferred))
    except RowDeferred as deferred:
        return ended("deferred", error_kind=str(deferred), error=str(deferred))
    except CallFailed as failure:
        return ended("failed", error_kind=failure.error_kind, error=str(failure))
    except RowFailed as failure:
        return ended("failed", error_kind=failure.error_kind, error=str(failure))
    except RenderFailed as failure:
        return ended("failed", error_kind="template", error=str(failure))
    except Exception as error:  # noqa: BLE001 - a fault of ours in one row must not cost the others
        return ended("failed", error_kind="internal", error=f"{type(error).__name__}: {error}")
    return ended("made", draft=draft)


def _is_over_for_good(short: OverBudget, tally: Tally) -> bool:
    """Whether the row's own limit is too low for it every night, also where nothing is lost to attempts that failed."""
    return short.for_good and short.needed_usd > short.left_usd + tally.row.usd_failed


def _request_type(column: str | None, request: Request) -> str | None:
    value = request.values.get(column) if column else None
    return None if value is None else str(value)


def stage(
    state: RunState,
    shard: int,
    attempt: int,
    worked: Sequence[Worked],
    purse: Purse,
    proven: Mapping[str, Proof] = MappingProxyType({}),
) -> ShardRecord:
    """Put what became of a shard's rows into staged parts, and its record behind them; the record that counts.

    Args:
        proven: by request id, what is known beside its row.
    """
    plan, place = state.plan, state.plan.workplace
    tables: dict[str, list[dict[str, Any]]] = {table: [] for table in STAGED}
    for outcome, tally in worked:
        if outcome.status == "deferred":
            tables["deferred"].append(deferred_row(outcome, run=plan.run))
        else:
            verdicts = proven[tally.row.request_id].verdicts if tally.row.request_id in proven else {}
            tables["outputs"].append(_output_row(state, outcome, tally, verdicts.get(MADE)))
            tables["scores"] += score_rows(tally, plan.run, state.setting.models)
    for proof in proven.values():
        for arm, (outcome, tally) in proof.others:
            tables["outputs"].append(_output_row(state, outcome, tally, proof.verdicts.get(arm.name), arm))
        tables["scores"] += proof_scores(proof, plan.run, state.setting.models)
    parts = {}
    for table, rows in tables.items():
        if rows:
            parts[table] = place.staged_path(table, shard, attempt, state.worker)
            write_part(state.store, parts[table], STAGED[table], rows)
    record = ShardRecord(
        shard=shard,
        attempt=attempt,
        worker=state.worker,
        rows=len(worked),
        made=sum(outcome.status == "made" for outcome, _ in worked),
        failed=sum(outcome.status == "failed" for outcome, _ in worked),
        deferred=len(tables["deferred"]),
        begun=sum(_has_begun(outcome, tally) for outcome, tally in worked),
        deferred_by=Counter(outcome.error_kind for outcome, _ in worked if outcome.status == "deferred"),
        retryable=sum(outcome.retryable for outcome, _ in worked),
        not_compared=sum((Counter(proof.left) for proof in proven.values()), Counter()),
        parts=parts,
        lessons=taught(tally.notes.lessons for _, tally in worked),
        tokens_saved=saved_by_step(worked),
        usd=purse.spent_usd,
        usd_by_provider=purse.spent_by_provider,
        finished_at=datetime.now(UTC),
    )
    return write_record(state.store, place, record)


def _has_begun(outcome: Outcome, tally: Tally) -> bool:
    """Whether a row left for want of money has paid for something by now."""
    return outcome.error_kind == OVER_BUDGET and tally.row.budgets[-1].spent_usd > 0


def _output_row(
    state: RunState,
    outcome: Outcome,
    tally: Tally,
    verdict: Verdict | None = None,
    arm: Arm | None = None,
) -> dict[str, Any]:
    recipe = state.recipe if arm is None else arm.recipe
    return output_row(
        outcome,
        tally,
        verdict=verdict,
        run=state.plan.run,
        recipe=recipe.recipe,
        recipe_version=recipe.version,
        pattern=recipe.make.kind if arm is None else arm.pattern,
    )
