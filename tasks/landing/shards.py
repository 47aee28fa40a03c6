"""One shard of a run: its rows worked concurrently, staged as parts, fenced by a shard record written last."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from tasks.calling.budget import Budget
from tasks.calling.call import Row
from tasks.calling.failures import CallFailed
from tasks.landing.outputs import Outcome, deferred_row, output_row
from tasks.landing.run_paths import requests_path
from tasks.landing.sorting import read_shard
from tasks.landing.tally import Tally
from tasks.patterns.row import make_draft
from tasks.patterns.running import RowFailed
from tasks.patterns.templates import RenderFailed
from tasks.storing.errors import RowDeferred
from tasks.storing.parts import write_part
from tasks.storing.records import read_json, write_json_new
from tasks.storing.schemas import DEFERRED, OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.landing.run_paths import Workplace
    from tasks.landing.run_state import RunState
    from tasks.storing.filesystem import Store
    from tasks.storing.requests import Request

ARM = "made"
STAGED = {"outputs": OUTPUTS, "deferred": DEFERRED}
Worked = tuple[Outcome, Tally]


class ShardRecord(BaseModel):
    """That a shard is finished, and what it came to. Its existence is the fence: the first one written counts.

    Attributes:
        attempt: shards with retryable rows are worked again, as the next attempt.
        retryable: failed rows that may go better another time.
        parts: table → path of the staged part.
        usd: what this attempt spent, calls of the same run made earlier not included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard: int
    attempt: int
    worker: str
    rows: int
    made: int
    failed: int
    deferred: int
    retryable: int
    parts: dict[str, str]
    usd: float
    finished_at: datetime


def finished_record(store: Store, place: Workplace, shard: int) -> ShardRecord | None:
    """The shard's latest record, if it is there with all its parts."""
    names = [
        path for path in store.list(place.shards_folder) if path.rsplit("/", 1)[1].startswith(f"{shard:05d}.")
    ]
    for path in sorted(names, key=lambda name: -int(name.rsplit(".", 2)[1])):
        document = read_json(store, path)
        if document is not None:
            record = ShardRecord.model_validate(document)
            return record if all(store.exists(part) for part in record.parts.values()) else None
    return None


async def work_shard(
    state: RunState, shard: int, attempt: int, *, allowance_usd: float | None, only: frozenset[str] | None
) -> ShardRecord:
    """Work one shard to its record.

    Args:
        attempt: from 1; one more than the latest record's.
        allowance_usd: what the shard may spend; None for no limit.
        only: request ids to work, None for all of the shard.

    Returns:
        The record that counts: another worker's, if it was first.
    """
    plan = state.plan
    requests = await asyncio.to_thread(
        read_shard, state.store, requests_path(plan.run, plan.hash), shard, plan.shard_rows
    )
    if only is not None:
        requests = [request for request in requests if request.request_id in only]
    budget = Budget(allowance_usd, "shard")
    async with asyncio.TaskGroup() as rows:
        working = [rows.create_task(_work_row(state, request, shard, budget)) for request in requests]
    worked = [each.result() for each in working]
    await state.calls.ledger.upload()
    return await asyncio.to_thread(_stage, state, shard, attempt, worked, budget.spent_usd)


async def _work_row(state: RunState, request: Request, shard: int, shard_budget: Budget) -> Worked:
    recipe = state.recipe
    async with state.rows_gate:
        row_limit = recipe.budget.usd_per_request
        row = Row(
            request_id=request.request_id,
            arm=ARM,
            recipe=recipe.recipe,
            request_type=_request_type(recipe.request_type, request),
            shard=shard,
            budgets=(shard_budget, Budget(row_limit, "request")),
            per_request_variants=recipe.variants == "per_request",
        )
        tally = Tally(state.calls, row)
        outcome = await _outcome(state, request, tally)
        state.rows_done += 1
        return outcome, tally


async def _outcome(state: RunState, request: Request, tally: Tally) -> Outcome:
    """The one place where whatever goes wrong with a row becomes that row's outcome."""
    started = int(time() * 1e6)

    def ended(
        status: Any, *, draft: Any = None, error_kind: str | None = None, error: str | None = None
    ) -> Outcome:
        return Outcome(request, status, draft, error_kind, error, started, int(time() * 1e6))

    try:
        draft = await make_draft(state.recipe, request.values, tally, state.renderer, state.catalog)
    except RowDeferred as deferred:
        return ended("deferred", error=str(deferred))
    except CallFailed as failure:
        return ended("failed", error_kind=failure.error_kind, error=str(failure))
    except RowFailed as failure:
        return ended("failed", error_kind=failure.error_kind, error=str(failure))
    except RenderFailed as failure:
        return ended("failed", error_kind="template", error=str(failure))
    except Exception as error:  # noqa: BLE001 - a fault of ours in one row must not cost the others
        return ended("failed", error_kind="internal", error=f"{type(error).__name__}: {error}")
    return ended("made", draft=draft)


def _request_type(column: str | None, request: Request) -> str | None:
    value = request.values.get(column) if column else None
    return None if value is None else str(value)


def _stage(state: RunState, shard: int, attempt: int, worked: Sequence[Worked], usd: float) -> ShardRecord:
    plan, place = state.plan, state.plan.workplace
    tables: dict[str, list[dict[str, Any]]] = {"outputs": [], "deferred": []}
    for outcome, tally in worked:
        if outcome.status == "deferred":
            tables["deferred"].append(deferred_row(outcome, run=plan.run))
        else:
            tables["outputs"].append(_output_row(state, outcome, tally))
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
        retryable=sum(outcome.retryable for outcome, _ in worked),
        parts=parts,
        usd=usd,
        finished_at=datetime.now(UTC),
    )
    path = place.record_path(shard, attempt)
    if not write_json_new(state.store, path, record.model_dump(mode="json")):
        first = read_json(state.store, path)
        if first is not None:
            return ShardRecord.model_validate(first)
    return record


def _output_row(state: RunState, outcome: Outcome, tally: Tally) -> dict[str, Any]:
    recipe = state.recipe
    return output_row(
        outcome,
        tally,
        run=state.plan.run,
        recipe=recipe.recipe,
        recipe_version=recipe.version,
        pattern=recipe.make.kind,
    )
