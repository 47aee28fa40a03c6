"""The ledger of one run in one process: what it has asked, finished and decided, and what it may reuse.

A finished call is journalled on local disk at once, uploaded with its neighbours as an open part, and indexed.
Look-ups see the journal, this run's parts, and the calls of other runs within their time to live.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from time import time
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.calling.journal import Journal
from tasks.calling.key_files import FINISHED_FAILURES
from tasks.calling.open_parts import (
    JOURNAL_END,
    ROW_GROUP_ROWS,
    decisions_of,
    open_part,
    parted,
    put_calls,
    put_decisions,
)
from tasks.calling.recovery import recover
from tasks.calling.spending import Spending
from tasks.storing.errors import RowDeferred, UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tasks.calling.key_index import Place
    from tasks.calling.past_calls import PastCalls

Decision = dict[str, Any]


class Ledger:
    """Calls and decisions of one run.

    Args:
        past: the store's calls.
        run: the run's name.
        first_start: when the run first started; the time to live is measured back from it.
        folder: where this machine journals the run.
        worker: this process's name, unique over processes and machines.
        shard_of: request id → number of its shard.

    Attributes:
        spending: what the run has paid, as far as this process knows.
    """

    def __init__(
        self,
        past: PastCalls,
        run: str,
        first_start: datetime,
        folder: Path,
        worker: str,
        shard_of: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self.past = past
        self.run = run
        self.worker = worker
        self.spending = Spending(past.store, run, worker, shard_of)
        self._first_start_us = int(first_start.timestamp() * 1e6)
        self._folder = folder
        self._journal = Journal(folder, worker)
        self._recent: dict[bytes | str, int] = {}  # by key what anybody may have, by call_id the call's own
        self._decisions: dict[tuple[str, str, int], Decision] = {}
        self._starts = 0
        self._uploaded_bytes = 0
        self._parts = 0
        self._uploading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    async def find(self, key: bytes, call_id: str, ttl_seconds: float | None) -> dict[str, Any] | None:
        """The row of a finished call that answers `key`, or None.

        This call's own earlier outcome comes back whatever it was; another's only if it is complete and, when it is
        of another run, younger than `ttl_seconds` before this run's first start (None: other runs are not asked).

        Raises:
            RowDeferred: the store cannot be read, so nobody knows whether the call is paid for.
        """
        while True:
            seen = (self._parts, self.past.refreshed_at)
            row = self._recent_row(key, call_id)
            if row is None or row["call_id"] != call_id:
                row = await self._past_row(key, call_id, ttl_seconds, row) or self._recent_row(key, call_id)
            if row is not None or seen == (self._parts, self.past.refreshed_at):
                return row  # otherwise calls changed their place while parts were read

    def started(
        self, call_id: str, request_id: str, model: str, usd: float | None, start: int | None = None
    ) -> int:
        """Journal that a call is about to be sent; returns the number that `finished` wants.

        Args:
            usd: what it has cost at most if nothing more is heard of it.
            start: its number, if it is sent once more.
        """
        if start is None:
            self._starts += 1
            start = self._starts
        line = {"start": start, "call_id": call_id, "request_id": request_id, "model": model, "usd": usd}
        self._journal.append("start", line)
        return start

    def finished(self, start: int | None, row: dict[str, Any]) -> None:
        """Journal a call's row (columns of CALLS); `start` is None for a ledger hit."""
        offset = self._journal.append("call", {"start": start, "row": row})
        self.spending.add(row)
        if start is not None and _has_outcome(row):
            self._recent[row["call_id"]] = offset
            if servable(row):
                self._recent[bytes.fromhex(row["key"])] = offset

    def decision(self, request_id: str, path: str, occurrence: int) -> Decision | None:
        """What was decided there before, or None."""
        return self._decisions.get((request_id, path, occurrence))

    def decide(self, request_id: str, path: str, occurrence: int, decision: Decision) -> None:
        """Journal what was decided at run time, so that a replay decides the same."""
        self._decisions[request_id, path, occurrence] = decision
        line = {"at": [request_id, path, occurrence], "made_at": time(), "decision": decision}
        self._journal.append("decision", line)

    async def upload(self) -> None:
        """Put everything journalled since the last time into the store, and index it there."""
        async with self._uploading:
            start, end = self._uploaded_bytes, self._journal.size_bytes
            if start == end:
                return
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._upload, start, end, self._parts)
            self._parts += 1
            self._uploaded_bytes = end
            self._recent = {key: offset for key, offset in self._recent.items() if offset >= end}

    async def sync(self) -> None:
        """Wait until the journal is on the disk itself."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.sync)

    async def refresh(self) -> None:
        """Learn of other processes' calls, at most once a minute."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.past.refresh)

    def recover(self) -> int:
        """Take over what dead processes of this machine journalled for this run; returns the calls that were lost."""
        lost = recover(self.past.store, self.run, self._folder)
        self.spending.recovered()
        for line in decisions_of(self.past.store, self.run):
            request_id, path, occurrence = line["at"]
            self._decisions[request_id, path, occurrence] = line["decision"]
        self.past.refresh(older_than=0)
        return lost

    async def catch_up(self) -> None:
        """Count what others have spent, those included that have died on this machine since."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, recover, self.past.store, self.run, self._folder)
        await self.spending.refresh()

    def close(self, *, remove: bool) -> None:
        """Let go of the journal; `remove` when everything in it is uploaded."""
        self._thread.shutdown()
        self._journal.close(remove=remove and self._uploaded_bytes == self._journal.size_bytes)

    def _recent_row(self, key: bytes, call_id: str) -> dict[str, Any] | None:
        offset = self._recent.get(call_id, self._recent.get(key))
        if offset is None:
            return None
        row: dict[str, Any] = self._journal.read(offset)["row"]
        return row

    async def _past_row(
        self, key: bytes, call_id: str, ttl_seconds: float | None, known: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """This call's own row, else `known`, else another's."""
        for place in self.past.places(key):
            own = self.past.parts[place.part].run == self.run
            if not own and (
                known is not None
                or ttl_seconds is None
                or place.finished_us < self._first_start_us - ttl_seconds * 1e6
            ):
                continue
            for row in await self._rows(place, key):
                if row["status"] == "ok" and row["response"] is None:
                    continue  # a ledger hit, or a text that is no longer kept
                if own and row["call_id"] == call_id:
                    return row
                if known is None and servable(row):
                    known = row
        return known

    async def _rows(self, place: Place, key: bytes) -> list[dict[str, Any]]:
        try:
            rows = await self.past.rows(place, key.hex())
            if rows is None:  # its part was landed, and the index does not say where yet
                moment = self.past.gone_at(place)
                if self.past.refreshed_at <= moment:
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(self._thread, self.past.refresh_unless_since, moment)
        except (OSError, UserError) as error:
            raise RowDeferred(f"the ledger cannot be read: {error}") from error
        return rows or []

    def _upload(self, start: int, end: int, number: int) -> None:
        store = self.past.store
        calls, decisions = parted((kind, value) for _, kind, value in self._journal.lines(start, end))
        put_decisions(store, self.run, self.worker, number, decisions)
        if calls:
            table = put_calls(store, self.run, self.worker, number, calls, {JOURNAL_END: str(end)})
            row_groups = np.arange(len(table)) // ROW_GROUP_ROWS
            self.past.add(open_part(self.run, self.worker, number), self.run, table, row_groups)


def servable(row: dict[str, Any]) -> bool:
    """Whether another call may have this row's answer: complete, not refused, not empty."""
    return row["status"] == "ok" and row["finish_reason"] == "stop" and bool(row["response"])


def _has_outcome(row: dict[str, Any]) -> bool:
    return row["status"] == "ok" or row["error_kind"] in FINISHED_FAILURES
