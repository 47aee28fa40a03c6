"""One night of a recipe among its last ones, as the report draws it. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class TrendNight:
    """What a committed run came to, arm=made only; None is unknown or not measured, never 0.

    Attributes:
        quality_mean: of the judged rows, 0..1, with the ends of its interval.
        usd_per_made: of the requests' own calls; what proving cost is not in it.
        error_rate: failed rows of those made or failed, 0..1.
        hit_rate: calls answered by the ledger of all calls, 0..1.
        uplift: mean of (quality made - quality baseline) over pairs, -1..1, with the ends of its interval.
        rows: made and failed.
        flagged: names of the attributes above that have drifted, by the rule of the trends: `quality_mean`,
            `usd_per_made`, `seconds_p50`, `error_rate`, `hit_rate`, `uplift`.
    """

    run_date: date
    run: str
    quality_mean: float | None = None
    quality_low: float | None = None
    quality_high: float | None = None
    usd_per_made: float | None = None
    seconds_p50: float | None = None
    error_rate: float | None = None
    hit_rate: float | None = None
    uplift: float | None = None
    uplift_low: float | None = None
    uplift_high: float | None = None
    rows: int | None = None
    flagged: frozenset[str] = frozenset()
