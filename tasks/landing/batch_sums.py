"""What the checks of the whole batch came to, counted from the warnings as the outputs pass: for manifest and report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.batch_wording import NOT_REWRITTEN, PREFIX, REWRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS: Final = {
    "near-duplicate of": "near_duplicates",
    "wrong language": "language",
    "does not mention": "mentions",
    "leaks a key": "keys",
    "leaks": "prompts",
    NOT_REWRITTEN.strip(): "not_rewritten",
    REWRITTEN.strip(): "rewritten",
}
"""How a warning goes on after its prefix → its kind; the first that fits."""
OTHER: Final = "other"


def kind_of(warning: str) -> str | None:
    """The kind of a warning of these checks; None of any other."""
    if not warning.startswith(PREFIX):
        return None
    said = warning.removeprefix(PREFIX)
    return next((kind for begins, kind in KINDS.items() if said.startswith(begins)), OTHER)


def kinds_of(warnings: Iterable[str]) -> set[str]:
    """The kinds that a row has."""
    return {kind for each in warnings if (kind := kind_of(each))}


@dataclass(slots=True)
class BatchSums:
    """Rows by kind of finding.

    Attributes:
        rows: kind → rows that have it in what is delivered; `rewritten`: rows of which it has been put right.
    """

    rows: Counter[str] = field(default_factory=Counter)

    def add(self, table: pa.Table) -> None:
        """Take in a row group of `outputs`."""
        said = pc.list_flatten(table["warnings"])
        if not pc.any(pc.starts_with(said, PREFIX)).as_py():
            return
        for warnings in table["warnings"].to_pylist():
            self.rows.update(kinds_of(warnings or ()))

    def as_manifest(self) -> dict[str, Any]:
        """In the order of KINDS; empty where nothing was found."""
        return (
            {"batch": {kind: self.rows[kind] for kind in (*KINDS.values(), OTHER) if self.rows[kind]}}
            if self.rows
            else {}
        )
