"""What a past run's rows come to by another recipe, as tables, a line and rows for a file. No I/O."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from tasks.landing.explained_sheets import NOT_KNOWN, steps_sheet
from tasks.landing.sheet import Sheet
from tasks.landing.wording import score, times, usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.replay_run import ReplayedRow, ReplayedRun

COLUMNS: Final = (
    "step", "why not recorded", "calls", "recorded", "not recorded", "tokens in", "tokens out", "USD tonight",
)  # fmt: skip


ROWS: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("request_id", "came", "content", "data")),
        *((name, pa.float64()) for name in ("confidence", "quality", "usd")),
        ("missing_calls", pa.int32()),
        *((name, pa.string()) for name in ("reason", "content_then")),
        *((name, pa.float64()) for name in ("quality_then", "usd_then")),
    ]
)


def calls_sheet(replayed: ReplayedRun) -> Sheet:
    """A row per step: what is recorded, and what asking the rest would take."""
    return replace(steps_sheet(replayed.told), columns=COLUMNS)


def rows_sheet(replayed: ReplayedRun) -> Sheet:
    """A row per request that comes through whole, then and now."""
    rows = [
        (
            row.request_id,
            "the same" if _is_same(row) else "another",
            score(row.then.quality),
            score(row.draft.score if row.draft else None),
            usd(row.then.usd),
            usd(row.usd),
        )
        for row in replayed.of("whole")
    ]
    columns = ("request", "content", "quality then", "quality", "paid then", "USD")
    return Sheet("Rows known whole", columns, tuple(rows), 4)


def summary(replayed: ReplayedRun) -> Iterator[str]:
    """What is known, and what is not."""
    whole, missing = replayed.of("whole"), replayed.of("missing")
    yield (
        f"{len(whole):,} of {times(len(replayed.rows), 'row')} known whole from recorded answers"
        + (f": {_worth(whole)}" if whole else "")
    )
    total = replayed.told.total
    if missing:
        cost = NOT_KNOWN if total.usd is None else f"about {usd(total.usd)}"
        expected = round(total.not_reached)
        rest = f" and about {expected:,} that no recorded answer leads to" if expected else ""
        yield (
            f"not recorded: {times(total.anew, 'call')} of {times(len(missing), 'row')}{rest}, {cost} at tonight's prices; "
            "what these rows would come to cannot be told"
        )
    if missing and whole:
        yield "the rows that are known need not be like those that are not: their figures are not the night's"
    if failed := replayed.of("failed"):
        yield f"failed on recorded answers alone: {times(len(failed), 'row')}"
    if rejected := replayed.of("rejected"):
        yield f"rejected by this recipe: {times(len(rejected), 'row')}, as {rejected[0].reason}"
    if replayed.not_kept:
        yield f"left out, as their requests are not kept any more: {times(replayed.not_kept, 'row')}"
    if replayed.told.simulated:
        yield "some recorded answers are simulated"


def file_rows(replayed: ReplayedRun) -> list[dict[str, Any]]:
    """One row per request (schema ROWS)."""
    return [
        {
            "request_id": row.request_id,
            "came": row.came,
            "content": row.draft.content if row.draft else None,
            "data": orjson.dumps(row.draft.data, default=dict).decode()
            if row.draft and row.draft.data
            else None,
            "confidence": row.draft.metadata.confidence if row.draft else None,
            "quality": row.draft.score if row.draft else None,
            "usd": row.usd,
            "missing_calls": row.missing,
            "reason": row.reason or None,
            "content_then": row.then.content,
            "quality_then": row.then.quality,
            "usd_then": row.then.usd,
        }
        for row in replayed.rows
    ]


def _worth(whole: list[ReplayedRow]) -> str:
    judged = [
        (row.then.quality, row.draft.score)
        for row in whole
        if row.draft and row.draft.score is not None and row.then.quality is not None
    ]
    said = [f"{sum(map(_is_same, whole)):,} with the same content"]
    if judged:
        before, now = (sum(each) / len(judged) for each in zip(*judged, strict=True))
        said.append(f"quality {score(before)} then, {score(now)} now ({len(judged):,} judged both times)")
    paid, costs = [row.then.usd for row in whole], [row.usd for row in whole]
    said.append(f"{usd(_sum(paid))} paid then, {usd(_sum(costs))} at tonight's prices")
    return "; ".join(said)


def _is_same(row: ReplayedRow) -> bool:
    return row.draft is not None and row.draft.content == row.then.content


def _sum(amounts: list[float | None]) -> float | None:
    known = [each for each in amounts if each is not None]
    return sum(known) if len(known) == len(amounts) else None
