"""Rows for the tables: what became of one request. Times are microseconds since 1970, UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson

from tasks.calling.failures import PASSING
from tasks.storing.requests import canonical

if TYPE_CHECKING:
    from tasks.landing.tally import Tally
    from tasks.patterns.blind import Verdict
    from tasks.patterns.draft import Draft
    from tasks.storing.requests import Request

Status = Literal["made", "failed", "deferred"]
RETRYABLE = PASSING


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request.

    Attributes:
        draft: of a made row.
        error_kind: of a failed row; those in RETRYABLE may go better another time. Of a deferred one, OVER_BUDGET
            or what keeps many rows back alike.
        error: why a row failed or was deferred.
    """

    request: Request
    status: Status
    draft: Draft | None
    error_kind: str | None
    error: str | None
    started_us: int
    finished_us: int

    @property
    def retryable(self) -> bool:
        return self.status == "failed" and self.error_kind in RETRYABLE


def output_row(
    outcome: Outcome,
    tally: Tally,
    *,
    run: str,
    recipe: str,
    recipe_version: int,
    pattern: str,
    verdict: Verdict | None = None,
) -> dict[str, Any]:
    """A row of `outputs`, made or failed.

    Args:
        verdict: the blind judges'; it counts before what the row's own judge said when it chose among drafts.
    """
    draft = outcome.draft
    row, routes = tally.row, tally.notes.routes
    judged = verdict or (tally.notes.judgement_of(draft.content) if draft else None)
    return {
        "request_id": row.request_id,
        "run": run,
        "recipe": recipe,
        "recipe_version": recipe_version,
        "pattern": pattern,
        "request_type": row.request_type or next((each.kind for each in routes if each.kind), None),
        "arm": row.arm,
        "status": outcome.status,
        "content": draft.content if draft else None,
        "data": orjson.dumps(draft.data, default=dict).decode() if draft and draft.data else None,
        "confidence": draft.metadata.confidence if draft else None,
        "sources": list(draft.metadata.sources) if draft else None,
        "warnings": list(draft.metadata.warnings) if draft else None,
        "suggestions": list(draft.metadata.suggestions) if draft else None,
        "quality": verdict.score if verdict else draft.score if draft else None,
        "quality_by": list(judged.by.items()) if judged else None,
        "route": "/".join(each.taken for each in routes) or None,
        "route_confidence": min((each.confidence for each in routes), default=None),
        "steps": tally.steps,
        "models": tally.models,
        "calls": tally.calls,
        "cached_calls": tally.cached,
        "tokens_in": tally.tokens_in,
        "tokens_out": tally.tokens_out,
        "usd": tally.usd,
        "seconds": (outcome.finished_us - outcome.started_us) / 1e6,
        "error_kind": outcome.error_kind,
        "error": outcome.error,
        "request": canonical(outcome.request.values).decode(),
        "shard": row.shard,
        "simulated": tally.simulated,
        "started_at": outcome.started_us,
        "finished_at": outcome.finished_us,
    }


def deferred_row(outcome: Outcome, *, run: str) -> dict[str, Any]:
    """A row of `deferred`."""
    return {
        "run": run,
        "request_id": outcome.request.request_id,
        "reason": outcome.error,
        "request": canonical(outcome.request.values).decode(),
    }
