"""Both arms and blind scores put into the parts that a rig's shards staged, as a night with a baseline stages them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.storing.parts import read_rows, write_part
from tasks.storing.schemas import OUTPUTS, SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from landing_rig import Rig

    from tasks.landing.plan import Plan
    from tasks.landing.shard_records import ShardRecord

Scores = dict[str, dict[str, float]]  # judge → criterion → score


def baseline_row(made: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The row of the same request by one call."""
    step = {
        "path": "@baseline",
        "role": "baseline",
        "model": "one",
        "quality": None,
        "usd": 0.001,
        "seconds": 0.5,
    }
    return {
        **made, "arm": "baseline", "pattern": "ask", "status": "made", "content": "short", "usd": 0.001, "seconds": 0.5,
        "calls": 1, "cached_calls": 0, "quality": None, "quality_by": None, "error_kind": None, "error": None,
        "steps": [step], "request_type": None, **changes,
    }  # fmt: skip


def score_rows(request_id: str, arm: str, scores: Scores, run: str = "night") -> list[dict[str, Any]]:
    """As judged blind."""
    return [
        {
            "run": run, "request_id": request_id, "arm": arm, "step": "@final", "round": 1, "judge": judge,
            "judge_family": f"family of {judge}", "criterion": criterion, "score": score,
        }
        for judge, by in scores.items()
        for criterion, score in by.items()
    ]  # fmt: skip


def judged(row: Mapping[str, Any], scores: Scores) -> dict[str, Any]:
    """A row with the quality that blind scores give it."""
    criteria = list(next(iter(scores.values())))
    by = {name: sum(each[name] for each in scores.values()) / len(scores) for name in criteria}
    quality = sum(sum(each.values()) / len(each) for each in scores.values()) / len(scores)
    return {**row, "quality": quality, "quality_by": list(by.items())}


def restage(
    night: Rig,
    plan: Plan,
    records: list[ShardRecord],
    rework: Callable[[dict[str, Any]], tuple[list[dict[str, Any]], list[dict[str, Any]]]],
) -> list[ShardRecord]:
    """Each made or failed row replaced by the rows and scores that `rework` gives for it; the records that name them."""
    changed = []
    for record in records:
        rows, scores = [], []
        for batch in read_rows(night.store, record.parts["outputs"]):
            for row in batch.to_pylist():
                more, judgements = rework(row)
                rows += more
                scores += judgements
        parts = {
            **record.parts,
            "scores": plan.workplace.staged_path("scores", record.shard, record.attempt, record.worker),
        }
        write_part(night.store, parts["outputs"], OUTPUTS, rows)
        write_part(night.store, parts["scores"], SCORES, scores)
        changed.append(record.model_copy(update={"parts": parts}))
    return changed
