"""The table `ratings`: parts by run and by the day of the rating, each rating once, the newest of each rater.

    ratings/rated_date=2026-02-01/<run>-0.parquet

A rating without a time of its own lies under its run's date. Only who holds the store's lock writes here. Where a newer
rating lies on another day than the one it replaces, a reader sees both for a moment, never none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from tasks.landing.moves import at_once
from tasks.storing.parts import part_path, read_rows, write_part
from tasks.storing.schemas import RATINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store

TABLE: Final = "ratings"
KEY: Final = ("source", "run", "request_id", "arm", "rater")
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

Row = dict[str, Any]
Key = tuple[Any, ...]


@dataclass(slots=True)
class Merged:
    """What became of ratings: not there before, in the place of another of the same rater, known already."""

    new: int = 0
    changed: int = 0
    known: int = 0

    def add(self, other: Merged) -> None:
        """Take in the counts of another run."""
        self.new += other.new
        self.changed += other.changed
        self.known += other.known


def rating_parts(store: Store, run: str) -> list[str]:
    """The run's parts, the earliest day first."""
    return [path for path in store.list(TABLE) if path.endswith(f"/{run}-0.parquet")]


def ratings_of(store: Store, run: str) -> list[Row]:
    """The run's ratings, each once, in the order of their keys."""
    return list(
        _newest(row for rows in _by_part(store, rating_parts(store, run)).values() for row in rows).values()
    )


def merge(store: Store, lease: Lease, run: str, run_date: date, given: Iterable[Row]) -> Merged:
    """Take ratings of one run into the table, in place of older ones of the same raters.

    Args:
        given: rows of RATINGS; of the same rater the later one counts where no time tells.

    Raises:
        StoreBusy: the lease has run out.
    """
    before = _by_part(store, rating_parts(store, run))
    table = _newest(row for rows in before.values() for row in rows)
    told = Merged()
    for row in given:
        known = table.get(_key(row))
        if known is None:
            told.new += 1
        elif row == known or _age(row) < _age(known):
            told.known += 1
            continue
        else:
            told.changed += 1
        table[_key(row)] = row
    _write(store, lease, before, _parted(run, run_date, table.values()))
    return told


def _write(store: Store, lease: Lease, before: dict[str, list[Row]], after: dict[str, list[Row]]) -> None:
    """First what comes, beside what leaves for another day; then without that."""
    for path, rows in after.items():
        there = {_key(row): row for row in before.get(path, [])}
        if any(there.get(_key(row)) != row for row in rows):
            both = [row for _, row in sorted({**there, **{_key(row): row for row in rows}}.items())]
            lease.keep()
            write_part(store, path, RATINGS, both)
            before[path] = both
    for path, now in before.items():
        lease.keep()
        if path not in after:
            store.delete([path])
        elif after[path] != now:
            write_part(store, path, RATINGS, after[path])


def _by_part(store: Store, paths: Sequence[str]) -> dict[str, list[Row]]:
    read = at_once(lambda path: [row for batch in read_rows(store, path) for row in batch.to_pylist()], paths)
    return dict(zip(paths, read, strict=True))


def _newest(rows: Iterable[Row]) -> dict[Key, Row]:
    found: dict[Key, Row] = {}
    for row in rows:
        known = found.get(_key(row))
        if known is None or _age(row) >= _age(known):
            found[_key(row)] = row
    return dict(sorted(found.items()))


def _parted(run: str, run_date: date, rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=_key):
        on = row["rated_at"].date() if row["rated_at"] else run_date
        found[part_path(TABLE, on, f"{run}-0")].append(row)
    return dict(sorted(found.items()))


def _key(row: Row) -> Key:
    return tuple(row[name] or "" for name in KEY)


def _age(row: Row) -> datetime:
    """For comparing: a rating that says when is newer than one that does not."""
    return row["rated_at"] or LONG_AGO
