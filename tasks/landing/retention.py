"""What grows too old in `calls`: texts are blanked where they stand, parts go once all their calls are old.

Texts go row by row, to the day. Rows go a part at a time, when its youngest call is old enough: inside a part they keep
their row group, by which the ledger of a running night finds them. Keys must be gone before (see `key_joining`).
Nothing but `calls` is touched, and nothing of a run that is being worked.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.aging import AGES, TEXTS, AgedPart, night_of
from tasks.landing.moves import (
    Move,
    at_once,
    begin,
    end,
    is_in_work,
    joined_id,
    new_id,
    read_joined,
    write_joined,
)
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import manifest_path, plan_path
from tasks.storing.parts import Part, read_row_groups, write_batches
from tasks.storing.records import write_json
from tasks.storing.schemas import CALLS, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store

CALLS_PART = re.compile(r"^calls/run_date=(\d{4}-\d\d-\d\d)/(.+)-g\d+-\d+\.parquet$")
LONGEST_WORK = timedelta(days=30)


def due_rows(store: Store, path: str, before: datetime) -> int:
    """How many calls older than that have a text."""
    groups = read_row_groups(store, path, [*AGES, *TEXTS])
    return sum(pc.sum(_due(group, path, before)).as_py() or 0 for group in groups)


def blank_texts(store: Store, lease: Lease, part: AgedPart, before: datetime) -> bool:
    """Null prompt and response of older calls; False if the part is not to be touched now."""
    return _begun(store, lease, part, "blank", before, finish_blank)


def drop_part(store: Store, lease: Lease, part: AgedPart, before: datetime) -> bool:
    """Remove a part all of whose calls are older; False if it is not to be touched now."""
    return part.youngest_at < before and _begun(store, lease, part, "drop", before, finish_drop)


def finish_blank(store: Store, lease: Lease, move: Move) -> None:
    """Do what is left to do of it."""
    (path,), before = move.parts["calls"], move.before
    if before is not None and store.exists(path):
        lease.keep()
        _say(store, move, path, write_batches(store, path, CALLS, _blanked(store, lease, path, before)))
    end(store, move)


def finish_drop(store: Store, lease: Lease, move: Move) -> None:
    """Do what is left to do of it."""
    (path,) = move.parts["calls"]
    lease.keep()
    _say(store, move, path, None)
    store.delete([path])
    end(store, move)


def _due(group: pa.Table, path: str, before: datetime) -> Any:
    """One bool per row: older, and with a text."""
    at = pc.coalesce(group["finished_at"], group["started_at"], pa.scalar(night_of(path), TIME))
    has_text = pc.or_(*(pc.is_valid(group[name]) for name in TEXTS))
    return pc.and_(pc.less(at, pa.scalar(before, TIME)), has_text)


def _blanked(store: Store, lease: Lease, path: str, before: datetime) -> Iterator[pa.Table]:
    """The row groups as they are, less the texts that are due."""
    for group in read_row_groups(store, path):
        due, blank = _due(group, path, before), group
        for name in TEXTS:
            column = pc.if_else(due, pa.scalar(None, pa.string()), group[name])
            blank = blank.set_column(blank.schema.get_field_index(name), name, column)
        lease.keep()
        yield blank


def _begun(
    store: Store,
    lease: Lease,
    part: AgedPart,
    kind: Any,
    before: datetime,
    finish: Callable[[Store, Lease, Move], None],
) -> bool:
    """Write the move down, look whether a run of it is worked, do it."""
    night, joined = night_of(part.path).date(), joined_id(part.path)
    runs = _owners(store, part.path, joined)
    move = Move(
        id=new_id(),
        kind=kind,
        run_date=night,
        runs=runs,
        parts={"calls": [part.path]},
        joined=joined,
        before=before,
    )
    begin(store, move)
    # Of joined parts only their record says what they are; a blanked one changes no manifest.
    concerned = () if joined and kind == "blank" else runs
    if not runs or any(at_once(lambda run: _is_worked(store, run), concerned)):
        end(store, move)
        return False
    finish(store, lease, move)
    return True


def _is_worked(store: Store, run: str) -> bool:
    """Whether somebody may be at work on the run; its plan, written at each start, says since when."""
    manifest = read_manifest(store, run)
    if manifest is None:
        return True
    started = is_in_work(store, run, manifest) and store.stat(plan_path(run)).changed_at
    return bool(started and started > datetime.now(UTC) - LONGEST_WORK)


def _owners(store: Store, path: str, joined: str | None) -> tuple[str, ...]:
    if joined is not None:
        known = read_joined(store, joined)
        return known.runs if known else ()
    own = CALLS_PART.match(path)
    return (own[2],) if own else ()


def _say(store: Store, move: Move, path: str, part: Part | None) -> None:
    """Let the records name the part as it is now, or no more."""
    joined = read_joined(store, move.joined) if move.joined else None
    if joined is not None:
        others = {table: each for table, each in joined.parts.items() if each.path != path}
        write_joined(store, joined.model_copy(update={"parts": others | ({"calls": part} if part else {})}))
        if part is not None:
            return
    at_once(lambda run: _say_in_manifest(store, run, path, part), move.runs)


def _say_in_manifest(store: Store, run: str, path: str, part: Part | None) -> None:
    manifest = read_manifest(store, run)
    if manifest is None:
        return
    known = manifest["parts"]["calls"]
    now = [(asdict(part) if part else None) if each["path"] == path else each for each in known]
    calls = [each for each in now if each is not None]
    if calls != known:
        write_json(store, manifest_path(run), {**manifest, "parts": {**manifest["parts"], "calls": calls}})
