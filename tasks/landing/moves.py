"""Moves: what housekeeping is about to do to committed rows, written down before, so that whoever comes next can end it.

_housekeeping/open/<id>.json    a move that has begun and not ended
_housekeeping/joined/<id>.json  parts that hold rows of several runs: checksums, rows, whose
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict

from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import plan_path
from tasks.storing.errors import NightpressError
from tasks.storing.parts import Part, part_path
from tasks.storing.records import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tasks.storing.filesystem import Store

OPEN = "_housekeeping/open"
JOINED = "_housekeeping/joined"
PER_RUN = ("outputs", "rejects", "deferred", "scores", "metrics", "model_metrics")
JOINED_NAME = re.compile(r"/joined-([0-9a-f]{12})-0\.parquet$")
AT_ONCE = 8
A = TypeVar("A")
B = TypeVar("B")


class Move(BaseModel):
    """One change to committed rows.

    Attributes:
        kind: join: parts of several runs become one; take_out: a run's rows leave it again for parts of their own;
            blank: texts of a part of `calls` go; drop: the part goes; rate: its metrics follow people's ratings.
        runs: whose manifests change.
        parts: table → the parts concerned.
        joined: id of the joined parts concerned.
        before: what is older goes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Literal["join", "take_out", "blank", "drop", "rate"]
    run_date: date
    runs: tuple[str, ...]
    parts: dict[str, list[str]] = {}
    joined: str | None = None
    before: datetime | None = None

    @property
    def path(self) -> str:
        return f"{OPEN}/{self.id}.json"


class JoinedParts(BaseModel):
    """The parts that one join made, as they are now, and whose rows may be in them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    run_date: date
    runs: tuple[str, ...]
    parts: dict[str, Part]


def new_id() -> str:
    """An id that no move had before."""
    return uuid4().hex[:12]


def begin(store: Store, move: Move) -> None:
    """Write the move down, or anew."""
    write_json(store, move.path, move.model_dump(mode="json"))


def end(store: Store, move: Move) -> None:
    """The move is done, or was never begun."""
    store.delete([move.path])


def read_move(store: Store, path: str) -> Move | None:
    """The move that has not ended; None if it has.

    Raises:
        ValidationError: another version of Nightpress wrote it.
        NightpressError: it is not a JSON object.
    """
    document = read_json(store, path)
    return Move.model_validate(document) if document is not None else None


def runs_of_move(store: Store, path: str) -> tuple[str, ...] | None:
    """The runs that an open move names, also where this version does not know the rest of it; None: nobody can tell."""
    try:
        document = read_json(store, path)
    except NightpressError:
        return None
    if document is None:
        return ()
    runs = document.get("runs")
    return tuple(runs) if isinstance(runs, list) and all(isinstance(run, str) for run in runs) else None


def joined_path(table: str, run_date: date, joined: str) -> str:
    """Where a table's joined part lies."""
    return part_path(table, run_date, f"joined-{joined}-0")


def joined_id(path: str) -> str | None:
    """The id of the join that made the part, None for a part of one run."""
    name = JOINED_NAME.search(path)
    return name[1] if name else None


def read_joined(store: Store, joined: str) -> JoinedParts | None:
    """The record of joined parts."""
    document = read_json(store, f"{JOINED}/{joined}.json")
    return JoinedParts.model_validate(document) if document is not None else None


def write_joined(store: Store, joined: JoinedParts) -> None:
    """Make this the record."""
    write_json(store, f"{JOINED}/{joined.id}.json", joined.model_dump(mode="json"))


def is_in_work(store: Store, run: str, manifest: dict[str, Any] | None) -> bool:
    """Whether the run is being worked, or was and may go on: its plan is further than its manifest."""
    plan = read_json(store, plan_path(run))
    return manifest is None or (plan is not None and plan["generation"] > manifest["generation"])


def may_go_on(store: Store, run: str) -> bool:
    """Whether starting the run again, as it is, would work any row."""
    manifest = read_manifest(store, run)
    if manifest is None or is_in_work(store, run, manifest):
        return True
    return bool(manifest["rows"]["retryable"] or manifest["rows"]["deferred"])


def at_once(work: Callable[[A], B], each: Iterable[A]) -> list[B]:
    """`work` done for each, some at a time; results in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, each))
