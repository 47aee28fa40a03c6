"""What grows too old in `calls`: texts are blanked where they stand, parts go once all their calls are old.

Texts go row by row, to the day. Rows go a part at a time, when its youngest call is old enough: inside a part they keep
their row group, by which the ledger of a running night finds them. Keys must be gone before (see `key_joining`).
Nothing but `calls` is touched, and nothing of a run that is being worked.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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

TEXTS = ("prompt", "response")
AGES = ["finished_at", "started_at"]
CALLS_PART = re.compile(r"^calls/run_date=(\d{4}-\d\d-\d\d)/(.+)-g\d+-\d+\.parquet$")
LONGEST_WORK = timedelta(days=30)
DATE = re.compile(r"/run_date=(\d{4}-\d\d-\d\d)/")


@dataclass(frozen=True, slots=True)
class AgedPart:
    """A part of `calls` by its ages.

    Attributes:
        oldest_text_at: the oldest call of those row groups that have texts; None if none has.
        youngest_at: the youngest call.
    """

    path: str
    rows: int
    size_bytes: int
    oldest_text_at: datetime | None
    youngest_at: datetime


def aged_parts(store: Store) -> list[AgedPart]:
    """Every part of `calls` that has rows, read from the footers alone."""
    found = at_once(lambda path: _aged(store, path), store.list("calls"))
    return [part for part in found if part is not None]


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
        _say(store, move, path, write_batches(store, path, CALLS, _blanked(store, path, before)))
    end(store, move)


def finish_drop(store: Store, lease: Lease, move: Move) -> None:
    """Do what is left to do of it."""
    (path,) = move.parts["calls"]
    lease.keep()
    _say(store, move, path, None)
    store.delete([path])
    end(store, move)


def _aged(store: Store, path: str) -> AgedPart | None:
    try:
        with store.open_read(path) as file, pq.ParquetFile(file) as part:
            footer = part.metadata
            groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
            size_bytes = file.seek(0, 2)
    except FileNotFoundError:
        return None
    if not groups:
        return None
    ages = [_span(group, path) for group in groups]
    with_text = [first for group, (first, _) in zip(groups, ages, strict=True) if _has_text(group)]
    return AgedPart(
        path,
        footer.num_rows,
        size_bytes,
        min(with_text, default=None),
        max(last for _, last in ages),
    )


def _span(group: Any, path: str) -> tuple[datetime, datetime]:
    """The oldest and the youngest call of a row group; calls that were lost have no time but the night's."""
    columns = {
        group.column(number).path_in_schema: group.column(number) for number in range(group.num_columns)
    }
    for name in AGES:
        known = columns[name].statistics
        if known is not None and known.has_min_max:
            return known.min, known.max
    return _night(path), _night(path)


def _has_text(group: Any) -> bool:
    columns = [group.column(number) for number in range(group.num_columns)]
    texts = [each.statistics for each in columns if each.path_in_schema in TEXTS]
    return any(each is None or each.null_count < group.num_rows for each in texts)


def _night(path: str) -> datetime:
    found = DATE.search(path)
    return datetime.combine(date.fromisoformat(found[1]) if found else date.max, datetime.min.time(), UTC)


def _due(group: pa.Table, path: str, before: datetime) -> Any:
    """One bool per row: older, and with a text."""
    at = pc.coalesce(group["finished_at"], group["started_at"], pa.scalar(_night(path), TIME))
    has_text = pc.or_(*(pc.is_valid(group[name]) for name in TEXTS))
    return pc.and_(pc.less(at, pa.scalar(before, TIME)), has_text)


def _blanked(store: Store, path: str, before: datetime) -> Iterator[pa.Table]:
    """The row groups as they are, less the texts that are due."""
    for group in read_row_groups(store, path):
        due, blank = _due(group, path, before), group
        for name in TEXTS:
            column = pc.if_else(due, pa.scalar(None, pa.string()), group[name])
            blank = blank.set_column(blank.schema.get_field_index(name), name, column)
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
    night, joined = _night(part.path).date(), joined_id(part.path)
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
