"""The ledger of one run in one process: what it has asked, finished and decided, and what it may reuse.

A finished call is journalled on local disk at once, uploaded with its neighbours as an open part, and indexed.
Look-ups see the journal, this run's parts, and the calls of other runs within their time to live.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.calling.journal import DeadJournal, Journal, dead_journals
from tasks.calling.past_calls import FINISHED_FAILURES, INDEXED_COLUMNS, OPEN_FOLDER
from tasks.storing.parts import write_part
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from tasks.calling.past_calls import PastCalls

ROW_GROUP_ROWS = 256
Decision = dict[str, Any]


class Ledger:
    """Calls and decisions of one run.

    Args:
        past: the store's calls.
        run: the run's name.
        first_start: when the run first started; the time to live is measured back from it.
        folder: where this machine journals the run.
        worker: this process's name, unique over processes and machines.
    """

    def __init__(self, past: PastCalls, run: str, first_start: datetime, folder: Path, worker: str) -> None:
        self.past = past
        self.run = run
        self.worker = worker
        self._first_start_us = int(first_start.timestamp() * 1e6)
        self._folder = folder
        self._journal = Journal(folder, worker)
        self._recent: dict[bytes, int] = {}
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
        """
        offset = self._recent.get(key)
        if offset is not None:
            row: dict[str, Any] = self._journal.read(offset)["row"]
            if row["call_id"] == call_id or servable(row):
                return row
        text = key.hex()
        for place in self.past.places(key):
            own = self.past.parts[place.part].run == self.run
            if not own and (
                ttl_seconds is None or place.finished_us < self._first_start_us - ttl_seconds * 1e6
            ):
                continue
            for row in await self.past.rows(place, text):
                if (own and row["call_id"] == call_id) or servable(row):
                    return row
        return None

    def started(self, call_id: str, request_id: str, model: str, reserved_usd: float | None) -> int:
        """Journal that a call is about to be sent; returns the number that `finished` wants."""
        self._starts += 1
        start = {
            "start": self._starts,
            "call_id": call_id,
            "request_id": request_id,
            "model": model,
            "usd": reserved_usd,
        }
        self._journal.append("start", start)
        return self._starts

    def finished(self, start: int | None, row: dict[str, Any]) -> None:
        """Journal a call's row (columns of CALLS); `start` is None for a ledger hit."""
        offset = self._journal.append("call", {"start": start, "row": row})
        if start is not None and _has_outcome(row):
            self._recent[bytes.fromhex(row["key"])] = offset

    def decision(self, request_id: str, path: str, occurrence: int) -> Decision | None:
        """What was decided there before, or None."""
        return self._decisions.get((request_id, path, occurrence))

    def decide(self, request_id: str, path: str, occurrence: int, decision: Decision) -> None:
        """Journal what was decided at run time, so that a replay decides the same."""
        self._decisions[request_id, path, occurrence] = decision
        self._journal.append("decision", {"at": [request_id, path, occurrence], "decision": decision})

    async def upload(self) -> None:
        """Put everything journalled since the last time into the store, and index it there."""
        async with self._uploading:
            start, end = self._uploaded_bytes, self._journal.size_bytes
            if start == end:
                return
            loop = asyncio.get_running_loop()
            table = await loop.run_in_executor(self._thread, self._upload, start, end, self._parts)
            self._parts += 1
            self._uploaded_bytes = end
            if table is not None:
                path = _open_part(self.run, self.worker, self._parts - 1)
                self.past.add(path, self.run, table, np.arange(len(table)) // ROW_GROUP_ROWS)
            self._recent = {key: offset for key, offset in self._recent.items() if offset >= end}

    async def sync(self) -> None:
        """Wait until the journal is on the disk itself."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.sync)

    async def refresh(self) -> None:
        """Learn of other processes' calls, at most once a minute."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self.past.refresh)

    def recover(self) -> int:
        """Take over what dead processes of this machine journalled for this run; returns the calls that were lost.

        A call that was started and never ended may have been billed: it becomes a row with status `lost` that costs
        its reservation.
        """
        lost = 0
        for journal in dead_journals(self._folder):
            lost += self._recover(journal)
            journal.remove()
        for path in self.past.store.list(f"_runs/{self.run}/decisions"):
            self._remember(orjson.loads(self.past.store.read(path)))
        self.past.refresh(older_than=0)
        return lost

    def spent(self) -> tuple[float, int]:
        """USD and calls of this run that stand in open parts, each call once."""
        seen: set[str] = set()
        usd = 0.0
        for path in self.past.store.list(f"{OPEN_FOLDER}/{self.run}"):
            with self.past.store.open_read(path) as file:
                rows = pq.read_table(file, columns=["call_id", "usd", "usd_failed"]).to_pylist()
            for row in rows:
                if row["call_id"] not in seen:
                    seen.add(row["call_id"])
                    usd += (row["usd"] or 0.0) + (row["usd_failed"] or 0.0)
        return usd, len(seen)

    def close(self, *, remove: bool) -> None:
        """Let go of the journal; `remove` when everything in it is uploaded."""
        self._thread.shutdown()
        self._journal.close(remove=remove and self._uploaded_bytes == self._journal.size_bytes)

    def _upload(self, start: int, end: int, number: int) -> pa.Table | None:
        calls, decisions = _parted((kind, value) for _, kind, value in self._journal.lines(start, end))
        self._put_decisions(self.worker, number, decisions)
        return self._put_calls(self.worker, number, calls, end) if calls else None

    def _put_calls(self, worker: str, number: int, calls: list[dict[str, Any]], end: int) -> pa.Table:
        write_part(
            self.past.store, _open_part(self.run, worker, number), CALLS, calls,
            row_group_rows=ROW_GROUP_ROWS, metadata={"run": self.run, "journal_end": str(end)},
        )  # fmt: skip
        schema = pa.schema([CALLS.field(name) for name in INDEXED_COLUMNS])
        columns = [pa.array([row.get(field.name) for row in calls], field.type) for field in schema]
        return pa.table(columns, schema=schema)

    def _put_decisions(self, worker: str, number: int, decisions: list[dict[str, Any]]) -> None:
        if decisions:
            self.past.store.write(
                f"_runs/{self.run}/decisions/{worker}-{number}.json", orjson.dumps(decisions)
            )

    def _recover(self, journal: DeadJournal) -> int:
        worker = journal.path.stem
        done, number = self._recovered(worker)
        pending: dict[int, dict[str, Any]] = {}
        fresh: list[tuple[str, dict[str, Any]]] = []
        end = done
        for offset, kind, value in journal.lines():
            end = max(end, offset + 1)
            if kind == "start":
                pending[value["start"]] = value
            elif kind == "call" and value["start"] is not None:
                pending.pop(value["start"], None)
            if offset >= done:
                fresh.append((kind, value))
        if not fresh:
            return 0
        calls, decisions = _parted(fresh)
        lost = [_lost_row(self.run, start) for start in pending.values()]
        self._put_decisions(worker, number, decisions)
        if calls or lost:
            self._put_calls(worker, number, calls + lost, end)
        return len(lost)

    def _recovered(self, worker: str) -> tuple[int, int]:
        """How far a dead process had uploaded its journal, and the number of its next part."""
        done, number = 0, 0
        for path in self.past.store.list(f"{OPEN_FOLDER}/{self.run}"):
            name = path.rsplit("/", 1)[1].removesuffix(".parquet")
            if name.rsplit("-", 1)[0] != worker:
                continue
            with self.past.store.open_read(path) as file:
                metadata = pq.read_schema(file).metadata or {}
            done = max(done, int(metadata.get(b"journal_end", b"0")))
            number = max(number, int(name.rsplit("-", 1)[1]) + 1)
        return done, number

    def _remember(self, decisions: Iterable[dict[str, Any]]) -> None:
        for line in decisions:
            request_id, path, occurrence = line["at"]
            self._decisions[request_id, path, occurrence] = line["decision"]


def servable(row: dict[str, Any]) -> bool:
    """Whether another call may have this row's answer: complete, not refused, not empty."""
    return row["status"] == "ok" and row["finish_reason"] == "stop" and bool(row["response"])


def _has_outcome(row: dict[str, Any]) -> bool:
    return row["status"] == "ok" or row["error_kind"] in FINISHED_FAILURES


def _open_part(run: str, worker: str, number: int) -> str:
    return f"{OPEN_FOLDER}/{run}/{worker}-{number}.parquet"


def _parted(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    calls, decisions = [], []
    for kind, value in lines:
        if kind == "call":
            calls.append(value["row"])
        elif kind == "decision":
            decisions.append(value)
    return calls, decisions


def _lost_row(run: str, start: dict[str, Any]) -> dict[str, Any]:
    return {
        "call_id": f"lost-{start['call_id']}-{start['start']}",
        "run": run,
        "request_id": start["request_id"],
        "model": start["model"],
        "status": "lost",
        "error_kind": "lost",
        "error": "the process ended before the answer came; it may have been billed",
        "usd": start["usd"],
        "usd_estimated": start["usd"],
        "cached": False,
    }
