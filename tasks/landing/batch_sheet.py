"""The checks of the whole batch as a table of the report. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.sheet import Sheet
from tasks.landing.wording import count

if TYPE_CHECKING:
    from tasks.landing.row_figures import RowFigures

TITLES: Final = {
    "near_duplicates": "almost the same as another text",
    "language": "in the wrong language",
    "mentions": "without a required phrase",
    "keys": "with a key in it",
    "prompts": "with a prompt in it",
    "not_rewritten": "not written once more",
    "rewritten": "put right by writing it once more",
    "other": "other",
}


def batch_sheet(rows: RowFigures) -> Sheet:
    """A row per kind of finding: how many outputs have it, and one of them."""
    found = tuple(
        (title, rows.batch.examples.get(kind) or "", count(rows.batch.counts[kind]))
        for kind, title in TITLES.items()
        if rows.batch.counts.get(kind)
    )
    note = (
        "Every row with a finding says so in the column warnings of outputs, after `batch:`." if found else ""
    )
    return Sheet("All outputs together", ("outputs", "for example", "rows"), found, 1, (), note)
