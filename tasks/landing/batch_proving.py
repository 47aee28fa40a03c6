"""Rows that were judged blind and then written once more: judged anew, by what is delivered now.

What the judges said of another arm's text is in the ledger, so only the new text is paid for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.budget import Budget
from tasks.landing.control import judged, proof_scores, proving_row
from tasks.landing.labels import MADE
from tasks.landing.shards import row_of
from tasks.patterns.blind_paths import FINAL, PAIR
from tasks.storing.parts import read_row_groups
from tasks.storing.requests import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tasks.landing.batch_rewriting import Rewrite
    from tasks.landing.control import Proof
    from tasks.landing.purse import Purse
    from tasks.landing.run_state import RunState
    from tasks.landing.shard_records import ShardRecord


async def judged_anew(
    state: RunState, works: Mapping[str, Rewrite], records: Sequence[ShardRecord], purse: Purse
) -> dict[str, Proof]:
    """What is known now of the requests with a new text that had been judged blind before; by request."""
    new = {name: work for name, work in works.items() if work.draft is not None}
    texts = await asyncio.to_thread(_texts, state, new.keys(), records)
    found = await asyncio.gather(
        *(_judged(state, new[name], others, purse) for name, others in texts.items())
    )
    return {each.request_id: each for each in found}


async def _judged(state: RunState, work: Rewrite, others: Mapping[str, str], purse: Purse) -> Proof:
    request = Request(work.request_id, 0, orjson.loads(work.row["request"]))
    row = row_of(state, request, work.row["shard"], purse)
    row.request_type = work.row["request_type"]
    row.asked = dict(work.tally.row.asked)  # its own judge's word on the new text is no blind judgement
    made = {MADE: work.draft.content} if work.draft is not None else {}
    return await judged(state, request, proving_row(row, Budget(None, "run")), {**made, **others})


def _texts(
    state: RunState, wanted: Iterable[str], records: Sequence[ShardRecord]
) -> dict[str, dict[str, str]]:
    """Request → arm → text of the other arms; of those that were judged blind."""
    ids = pa.array(sorted(wanted), pa.string())
    if not len(ids):
        return {}
    found: dict[str, dict[str, str]] = {}
    for record in records:
        for row in _rows(state, record, "scores", ["request_id", "arm", "step"], ids):
            if row["step"] == FINAL and row["arm"] == MADE:
                found.setdefault(row["request_id"], {})
    for record in records:
        for row in _rows(state, record, "outputs", ["request_id", "arm", "content"], ids):
            if row["arm"] != MADE and row["request_id"] in found and row["content"]:
                found[row["request_id"]][row["arm"]] = row["content"]
    return found


def _rows(
    state: RunState, record: ShardRecord, table: str, columns: list[str], ids: pa.Array
) -> Iterable[dict[str, Any]]:
    if table in record.parts:
        for group in read_row_groups(state.store, record.parts[table], columns):
            yield from group.filter(pc.is_in(group["request_id"], value_set=ids)).to_pylist()


def with_verdict(row: dict[str, Any], proof: Proof | None) -> dict[str, Any]:
    """A row of `outputs` with what the blind judges say now."""
    verdict = proof.verdicts.get(row["arm"]) if proof is not None else None
    if verdict is None:
        return row
    return {**row, "quality": verdict.score, "quality_by": list(verdict.by.items())}


def scores_now(
    known: Iterable[dict[str, Any]], proofs: Mapping[str, Proof], state: RunState
) -> Iterable[dict[str, Any]]:
    """Rows of `scores` with those of the former texts taken out, then those of the new ones."""
    shards = set()
    for row in known:
        is_old = row["step"] == FINAL or (row["step"] or "").partition("/")[0] == PAIR
        if row["request_id"] in proofs and is_old:
            shards.add(row["request_id"])
        else:
            yield row
    for name in sorted(shards):
        yield from proof_scores(proofs[name], state.plan.run, state.setting.models)
