"""What the ledger holds: keys by recipe, how old they are, and what they have saved so far. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.calling.key_files import KEYS_FOLDER
from tasks.calling.past_calls import OPEN_FOLDER
from tasks.landing.moves import at_once
from tasks.landing.plan import read_manifest
from tasks.landing.sheet import Sheet
from tasks.landing.spend_history import spend_history
from tasks.landing.spend_sums import Spent
from tasks.landing.wording import NONE, count, usd

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

UNCOMMITTED: Final = "(not committed)"
COLUMNS: Final = (
    "recipe",
    "oldest",
    "newest",
    "runs",
    "calls",
    "hits served",
    "USD saved",
    "simulated saved",
)


@dataclass(slots=True)
class Held:
    """The calls of one recipe that may be reused."""

    runs: int = 0
    calls: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None

    def take(self, calls: int, oldest: datetime | None, newest: datetime | None) -> None:
        """Add some calls."""
        self.calls += calls
        self.oldest = min((each for each in (self.oldest, oldest) if each), default=None)
        self.newest = max((each for each in (self.newest, newest) if each), default=None)


@dataclass(slots=True)
class LedgerContents:
    """What is there.

    Attributes:
        open_calls: of runs that have not committed; hits are among them.
        saved: recipe → what its hits came to, real and simulated.
    """

    keys: int = 0
    files: int = 0
    size_bytes: int = 0
    open_calls: int = 0
    open_files: int = 0
    held: dict[str, Held] = field(default_factory=dict)
    saved: dict[str, dict[bool, Spent]] = field(default_factory=dict)


def ledger_contents(store: Store) -> LedgerContents:
    """Read every key file, a row group at a time, and the manifests of all runs."""
    told = LedgerContents()
    by_run: dict[str, Held] = {}
    for path in store.list(KEYS_FOLDER):
        _read_keys(store, path, told, by_run)
    for path in store.list(OPEN_FOLDER):
        _read_open(store, path, told)
    manifests = dict(zip(by_run, at_once(partial(read_manifest, store), by_run), strict=True))
    for run, held in by_run.items():
        manifest = manifests[run]
        mine = told.held.setdefault(manifest["recipe"] if manifest else UNCOMMITTED, Held())
        mine.runs += 1
        mine.take(held.calls, held.oldest, held.newest)
    for each in spend_history(store):
        for who, spent in each.spent:
            saved = told.saved.setdefault(each.recipe, {False: Spent(), True: Spent()})
            saved[who.simulated].add(spent)
    return told


def contents_sheet(told: LedgerContents) -> Sheet:
    """A row per recipe, the largest first."""
    recipes = sorted({*told.held, *told.saved}, key=lambda name: (-told.held.get(name, Held()).calls, name))
    return Sheet("Reusable calls by recipe", COLUMNS, tuple(_row(told, name) for name in recipes), 5)


def _row(told: LedgerContents, recipe: str) -> tuple[str, ...]:
    held = told.held.get(recipe, Held())
    real, simulated = (told.saved.get(recipe, {}).get(each, Spent()) for each in (False, True))
    oldest, newest = (f"{each:%Y-%m-%d}" if each else NONE for each in (held.oldest, held.newest))
    hits = count(real.hits + simulated.hits)
    return (
        recipe, oldest, newest, count(held.runs), count(held.calls), hits, _saved(real), _saved(simulated)
    )  # fmt: skip


def _saved(spent: Spent) -> str:
    if not spent.hits:
        return NONE
    return "not known" if spent.hits_unpriced == spent.hits else usd(spent.saved_ledger)


def _read_keys(store: Store, path: str, told: LedgerContents, by_run: dict[str, Held]) -> None:
    try:
        with store.open_read(path) as file, pq.ParquetFile(file) as keys:
            told.files += 1
            told.size_bytes += file.seek(0, 2)
            told.keys += keys.metadata.num_rows
            shared = "run" in keys.schema_arrow.names
            owner = (keys.schema_arrow.metadata or {}).get(b"run", b"").decode()
            for group in range(keys.num_row_groups):
                table = keys.read_row_group(group, columns=["finished_at", *(["run"] if shared else [])])
                for run, count_, first, last in _by_run(table, owner if not shared else None):
                    by_run.setdefault(run, Held()).take(count_, first, last)
    except FileNotFoundError:  # housekeeping has joined it
        return


def _by_run(table: Any, owner: str | None) -> list[tuple[str, int, datetime, datetime]]:
    if owner is not None:
        ages = pc.min_max(table["finished_at"]).as_py()
        return [(owner, len(table), ages["min"], ages["max"])] if len(table) else []
    plain = table.set_column(table.schema.get_field_index("run"), "run", pc.cast(table["run"], "string"))
    sums: Any = [("finished_at", "count"), ("finished_at", "min"), ("finished_at", "max")]
    rows = plain.group_by("run").aggregate(sums).to_pylist()
    return [
        (row["run"], row["finished_at_count"], row["finished_at_min"], row["finished_at_max"]) for row in rows
    ]


def _read_open(store: Store, path: str, told: LedgerContents) -> None:
    try:
        with store.open_read(path) as file:
            told.open_calls += pq.read_metadata(file).num_rows
            told.open_files += 1
    except FileNotFoundError:  # just landed
        return
