"""How old the calls of each part are, read from the footers alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from tasks.landing.moves import at_once

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

TEXTS = ("prompt", "response")
AGES = ["finished_at", "started_at"]
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
    return night_of(path), night_of(path)


def _has_text(group: Any) -> bool:
    columns = [group.column(number) for number in range(group.num_columns)]
    texts = [each.statistics for each in columns if each.path_in_schema in TEXTS]
    return any(each is None or each.null_count < group.num_rows for each in texts)


def night_of(path: str) -> datetime:
    """The beginning of the night whose part it is."""
    found = DATE.search(path)
    return datetime.combine(date.fromisoformat(found[1]) if found else date.max, datetime.min.time(), UTC)
