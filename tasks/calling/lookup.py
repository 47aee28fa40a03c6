"""What the ledger would answer a new run, and why not, by the rules of `Ledger.find`. Journals nothing, sends nothing.

A simulated answer counts as served: nobody asks here whether its server is a simulator still.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tasks.calling.ledger import servable

if TYPE_CHECKING:
    from datetime import datetime

    from tasks.calling.call import Asked
    from tasks.calling.past_calls import PastCalls

WhyNot = Literal["cache off", "too old", "text not kept", "no usable answer"]


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the ledger under a call's key.

    Attributes:
        row: the row whose answer is served; None if the call would be asked anew.
        past: the latest row that is there and not served.
        why_not: what keeps it from being served; None if nothing is there.
    """

    row: dict[str, Any] | None = None
    past: dict[str, Any] | None = None
    why_not: WhyNot | None = None


async def look_up(past: PastCalls, asked: Asked, first_start: datetime) -> Found:
    """What a run that starts at that moment, and has asked nothing yet, would find.

    Raises:
        OSError, UserError: the store cannot be read.
    """
    ttl, start_us = asked.call.ttl_seconds, first_start.timestamp() * 1e6
    left = Found()
    for place in past.places(asked.key):
        in_time = ttl is not None and place.finished_us >= start_us - ttl * 1e6
        rows = await past.rows(place, asked.key.hex())
        if rows is None and past.refreshed_at <= (gone := past.gone_at(place)):  # landed or joined in between
            await asyncio.to_thread(past.refresh_unless_since, gone)
            return await look_up(past, asked, first_start)
        for row in rows or []:
            if _is_hit(row):
                continue
            why_not = _why_not(row, asked, in_time=in_time)
            if why_not is None:
                return Found(row)
            if in_time and servable(row):  # the one that the ledger gives out, and that is of no use here
                return Found(None, row, why_not)
            if left.past is None:
                left = Found(None, row, why_not)
    return left


def _is_hit(row: dict[str, Any]) -> bool:
    return row["response"] is None and not row["attempts"]


def _why_not(row: dict[str, Any], asked: Asked, *, in_time: bool) -> WhyNot | None:
    if not in_time:
        return "cache off" if asked.call.ttl_seconds is None else "too old"
    if row["status"] == "ok" and row["response"] is None:
        return "text not kept"
    return None if servable(row) and asked.call.accepts(row["response"]) else "no usable answer"
