"""The whole batch, once all shards are worked and before anything is committed: checked, written once more, staged anew.

It is done again from the start by whoever goes on with a run that was killed, and comes to the same: it reads what the
shards staged, which stays as it is, and whatever it asked for is in the ledger.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tasks.landing.batch_proving import judged_anew, scores_now, with_verdict
from tasks.landing.batch_reading import BatchCheck, Outputs
from tasks.landing.batch_rewriting import Rewriter, delivered, delivered_scores
from tasks.landing.batch_wording import NOT_REWRITTEN, PREFIX
from tasks.landing.labels import MADE
from tasks.landing.purse import Purse
from tasks.landing.sorting import shard_of
from tasks.storing.columns_of_rows import rows_to_table
from tasks.storing.parts import merge_parts, read_rows, write_part
from tasks.storing.schemas import OUTPUTS, SCORES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from tasks.landing.allowances import ShardMoney
    from tasks.landing.batch_faults import Fault
    from tasks.landing.batch_reading import Checked
    from tasks.landing.control import Proof
    from tasks.landing.run_state import RunState
    from tasks.landing.shard_records import ShardRecord

NO_SHARD: Final = -1
FAILED: Final = "batch_check"
UNDELIVERED: Final = ("content", "data", "confidence", "sources", "suggestions", "quality", "quality_by")
OVER_MAX_ROWS: Final = "more rows fail a check than max_rows lets be rewritten"


@dataclass(slots=True)
class Verdict:
    """What becomes of the rows with faults.

    Attributes:
        rows: request id → the row of `outputs` of those that were to be written once more.
        scores: shard → rows of `scores`.
        faults: request id → faults, of the others.
        proofs: request id → what the blind judges say now, of those with a new text that they had judged.
    """

    faults: dict[str, list[Fault]]
    proofs: dict[str, Proof] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    scores: dict[int, list[dict[str, Any]]] = field(default_factory=dict)


async def checked(
    state: RunState,
    records: Sequence[ShardRecord],
    money: ShardMoney,
    standing: Sequence[str],
) -> list[ShardRecord]:
    """The records, with parts that say what was found; those of shards without a fault are as they were.

    Args:
        records: of all shards that were worked.
        money: what may be spent on writing rows once more.
        standing: parts of `outputs` of the run's former generation.
    """
    plan, store = state.plan, state.store
    redone = frozenset(each for ids in (state.redo or {}).values() for each in ids)
    staged = [record.parts["outputs"] for record in records if "outputs" in record.parts]
    outputs = Outputs(store, plan.run, staged, standing if state.redo is not None else (), redone)
    secrets = sorted({secret for route in state.calls.routes.values() for secret in route.secrets})
    check = BatchCheck(state.recipe, state.setting.renderer, secrets)
    with state.working():
        found = await asyncio.to_thread(check.run, outputs)
        if not found.faults:
            return list(records)
        verdict = Verdict(found.faults)
        if check.batch.rewrites:
            await _rewrite(state, check, found, outputs, money, verdict, records)
        return await asyncio.to_thread(_staged_anew, state, records, verdict)


async def _rewrite(
    state: RunState,
    check: BatchCheck,
    found: Checked,
    outputs: Outputs,
    money: ShardMoney,
    verdict: Verdict,
    records: Sequence[ShardRecord],
) -> None:
    state.limit(money)
    purse = Purse(money, state.calls.ledger.spending, NO_SHARD, state.calls.routes)
    works = await Rewriter(state, purse, check, found, outputs).run()
    verdict.proofs = await judged_anew(state, works, records, purse)
    await state.calls.ledger.upload()
    for request_id, work in works.items():
        verdict.rows[request_id] = delivered(work)
        del verdict.faults[request_id]
        if scores := delivered_scores(work, state):
            verdict.scores.setdefault(_shard(state, request_id), []).extend(scores)


def _staged_anew(state: RunState, records: Sequence[ShardRecord], verdict: Verdict) -> list[ShardRecord]:
    touched = {_shard(state, each) for each in (*verdict.rows, *verdict.faults)}
    return [_of_shard(state, each, verdict) if each.shard in touched else each for each in records]


def _of_shard(state: RunState, record: ShardRecord, verdict: Verdict) -> ShardRecord:
    """The shard's outputs, and its scores if there are more, in parts of their own."""
    batch, parts, failed = state.recipe.batch, dict(record.parts), 0

    def told(row: dict[str, Any]) -> dict[str, Any]:
        nonlocal failed
        if row["request_id"] in verdict.rows:
            return verdict.rows[row["request_id"]]
        if row["request_id"] not in verdict.faults or row["status"] != "made":
            return row
        faults = verdict.faults[row["request_id"]]
        if batch is not None and batch.then == "fail":
            failed += 1
            return _failed(row, faults)
        return _warned(row, faults, is_over=batch is not None and batch.rewrites)

    def keep(group: pa.Table) -> pa.Table:
        ids = set(group["request_id"].to_pylist())
        if ids.isdisjoint(verdict.rows) and ids.isdisjoint(verdict.faults):
            return group
        rows = [
            with_verdict(told(row) if row["arm"] == MADE else row, verdict.proofs.get(row["request_id"]))
            for row in group.to_pylist()
        ]
        return rows_to_table(rows, OUTPUTS)

    def path(table: str) -> str:
        return state.plan.workplace.staged_path(table, record.shard, record.attempt, f"{state.worker}-batch")

    parts["outputs"] = path("outputs")
    merge_parts(state.store, parts["outputs"], OUTPUTS, [record.parts["outputs"]], keep=keep)
    more = verdict.scores.get(record.shard, [])
    if more or any(_shard(state, each) == record.shard for each in verdict.proofs):
        before = record.parts.get("scores")
        known = (
            row for batch in (read_rows(state.store, before) if before else ()) for row in batch.to_pylist()
        )
        parts["scores"] = path("scores")
        write_part(state.store, parts["scores"], SCORES, [*scores_now(known, verdict.proofs, state), *more])
    return record.model_copy(
        update={"parts": parts, "made": record.made - failed, "failed": record.failed + failed}
    )


def _shard(state: RunState, request_id: str) -> int:
    return shard_of(request_id, len(state.plan.shard_rows))


def _warned(row: dict[str, Any], faults: list[Fault], *, is_over: bool) -> dict[str, Any]:
    over = [f"{PREFIX}{NOT_REWRITTEN}{OVER_MAX_ROWS}"] if is_over else []
    return {**row, "warnings": [*(row["warnings"] or ()), *(fault.warning for fault in faults), *over]}


def _failed(row: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """A failed row delivers nothing; what was made stands in `calls`."""
    said = "; ".join(fault.said for fault in faults)
    failed = {"status": "failed", "error_kind": FAILED, "error": f"fails a check of the whole batch: {said}"}
    return {**_warned(row, faults, is_over=False), **dict.fromkeys(UNDELIVERED), **failed}
