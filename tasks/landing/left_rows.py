"""The rows of a run that came to nothing: rejected as they were bad, or deferred to a later run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tasks.landing.kind_counts import LONGEST_EXAMPLE, KindCounts
from tasks.landing.wording import one_line

if TYPE_CHECKING:
    from tasks.landing.committed import Committed

SHOWN: Final = 20


@dataclass(slots=True)
class LeftRows:
    """Rejected or deferred rows.

    Attributes:
        first: (which, why) of the first SHOWN; a rejected row is known by its number in tonight's table, an adopted one,
            which has none, by its id, and one of neither is a dash.
        reasons: how often each was given, its example the first row.
    """

    total: int = 0
    first: list[tuple[str, str]] = field(default_factory=list)
    reasons: KindCounts = field(default_factory=KindCounts)

    def add(self, which: str, why: str | None) -> None:
        """Take in one row."""
        reason = one_line(why, LONGEST_EXAMPLE)
        self.total += 1
        self.reasons.add(reason, which)
        if len(self.first) < SHOWN:
            self.first.append((one_line(which, LONGEST_EXAMPLE), reason))


def rejected_rows(committed: Committed) -> LeftRows:
    """The rows that could not become requests."""
    left = LeftRows()
    for batch in committed.rows("rejects", ["row", "request_id", "reason"]):
        for row in batch.to_pylist():
            number = f"row {row['row']:,}" if row["row"] is not None else ""
            which = ", ".join(each for each in (number, row["request_id"]) if each)
            left.add(which or "–", row["reason"])
    return left


def deferred_rows(committed: Committed) -> LeftRows:
    """The rows that wait for the next run."""
    left = LeftRows()
    for batch in committed.rows("deferred", ["request_id", "reason"]):
        for row in batch.to_pylist():
            left.add(row["request_id"] or "", row["reason"])
    return left
