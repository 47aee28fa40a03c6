"""What both arms of a run came to, over the requests that were worked in both: row group by row group.

A row that failed for good delivered nothing: quality 0. A row that may be done again, or that nobody judged, makes no
pair yet.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from tasks.landing.call_sums import percentile
from tasks.landing.outputs import RETRYABLE
from tasks.landing.row_figures import MADE
from tasks.landing.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from tasks.landing.committed import Committed

BASELINE: Final = "baseline"
COLUMNS: Final = ["request_id", "arm", "status", "quality", "usd", "seconds", "error_kind", "models"]


@dataclass(slots=True)
class ArmFigures:
    """One arm's rows of the pairs.

    Attributes:
        failed: for good; in `quality` as 0.
        usd: None once a row's is not known.
        models: how often each answered.
    """

    quality: Spread = field(default_factory=Spread)
    failed: int = 0
    usd: float | None = 0.0
    seconds: array[float] = field(default_factory=lambda: array("d"))
    models: Counter[str] = field(default_factory=Counter)

    @property
    def usd_per_row(self) -> float | None:
        """None if a price is not known, or of no rows."""
        return None if self.usd is None or not self.quality.count else self.usd / self.quality.count

    @property
    def median_seconds(self) -> float | None:
        return percentile(self.seconds, 50)

    def add(self, row: dict[str, Any]) -> None:
        """Take in a row with COLUMNS that has a delivered quality."""
        self.quality.add(_delivered(row) or 0.0)
        self.failed += row["status"] != MADE
        self.usd = None if self.usd is None or row["usd"] is None else self.usd + row["usd"]
        if row["seconds"] is not None:
            self.seconds.append(row["seconds"])
        self.models.update(row["models"] or ())


@dataclass(slots=True)
class PairFigures:
    """Both arms over the same requests.

    Attributes:
        controlled: rows of the control arm, whether they make a pair or not.
    """

    controlled: int = 0
    made: ArmFigures = field(default_factory=ArmFigures)
    baseline: ArmFigures = field(default_factory=ArmFigures)

    @property
    def pairs(self) -> int:
        """Requests that both arms delivered, or failed for good."""
        return self.made.quality.count


def pair_figures(committed: Committed) -> PairFigures:
    """What the run's pairs came to; of no control arm, nothing. The control arm's figures are in memory meanwhile."""
    control = {row["request_id"]: row for row in _rows(committed, BASELINE)}
    figures = PairFigures(controlled=len(control))
    if not control:
        return figures
    for row in _rows(committed, MADE):
        other = control.get(row["request_id"])
        if other is not None and _delivered(row) is not None and _delivered(other) is not None:
            figures.made.add(row)
            figures.baseline.add(other)
    return figures


def _rows(committed: Committed, arm: str) -> Iterator[dict[str, Any]]:
    for batch in committed.rows("outputs", COLUMNS):
        yield from _of(batch, arm).to_pylist()


def _of(batch: pa.RecordBatch, arm: str) -> pa.RecordBatch:
    return batch.filter(pc.equal(pc.fill_null(batch["arm"], MADE), arm))


def _delivered(row: dict[str, Any]) -> float | None:
    """The quality of what the requester got; None if that is open."""
    if row["status"] == MADE:
        return row["quality"]  # type: ignore[no-any-return]
    return None if row["error_kind"] in RETRYABLE else 0.0
