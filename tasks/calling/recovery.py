"""What dead processes of this machine journalled for a run and did not upload: put into the store in their place.

A call that was started and never ended may have been billed: it becomes a row with status `lost` that costs what was
reserved for it. Killed anywhere and done again, this comes to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.calling.journal import dead_journals, one_at_a_time
from tasks.calling.open_parts import JOURNAL_END, RECOVERED, parted, put_calls, put_decisions, uploaded

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.calling.journal import DeadJournal
    from tasks.storing.filesystem import Store


def recover(store: Store, run: str, folder: Path) -> int:
    """Take over every dead journal in `folder`; returns the number of calls that were lost.

    What another process is just taking over is in the store when this returns.
    """
    lost = 0
    with one_at_a_time(folder):
        for journal in dead_journals(folder):
            try:
                lost += _recover(store, run, journal)
            except BaseException:
                journal.let_go()
                raise
            journal.remove()
    return lost


def _recover(store: Store, run: str, journal: DeadJournal) -> int:
    worker = journal.path.stem
    known = uploaded(store, run, worker)
    if known.recovered:
        return 0
    pending: dict[int, dict[str, Any]] = {}
    fresh: list[tuple[str, dict[str, Any]]] = []
    end = known.journal_end
    for offset, kind, value in journal.lines():
        if kind == "start":
            pending[value["start"]] = value
        elif kind == "call" and value["start"] is not None:
            pending.pop(value["start"], None)
        if offset >= known.journal_end:
            fresh.append((kind, value))
            end = offset + 1
    calls, decisions = parted(fresh)
    lost = [_lost_row(run, worker, start) for start in pending.values()]
    put_decisions(store, run, worker, known.number, decisions)
    if calls or lost:
        labels = {JOURNAL_END: str(end), RECOVERED: "yes"}
        put_calls(store, run, worker, known.number, calls + lost, labels)
    return len(lost)


def _lost_row(run: str, worker: str, start: dict[str, Any]) -> dict[str, Any]:
    return {
        "call_id": f"lost-{start['call_id']}-{worker}-{start['start']}",
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
