"""What a run's manifest and metrics say of its uplift: how much better the recipe did than one model alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from tasks.landing.row_figures import MADE
from tasks.storing.schemas import METRICS

if TYPE_CHECKING:
    from tasks.landing.committed import Committed

COLUMNS: Final = ["request_type", "arm", "uplift", "uplift_low", "uplift_high"]
PAIRS: Final = "uplift_n"
USUAL_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Measured:
    """A mean difference of quality and its interval.

    Attributes:
        name: of the requests that it is over.
        pairs: None where that is not known.
    """

    name: str
    mean: float
    low: float | None = None
    high: float | None = None
    pairs: int | None = None

    @property
    def direction(self) -> int:
        """1 better, -1 worse, 0 where the interval has both in it or is not known."""
        if self.low is None or self.high is None:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


@dataclass(frozen=True, slots=True)
class Uplift:
    """The uplift of a run.

    Attributes:
        level: of the intervals, 0..1.
        usd_extra: per row; None if not known. So seconds_extra.
        verdict: in words; empty if there is none.
        agreement: of the judges with each other (Krippendorff's alpha) in their scores; None if not known.
        agreement_on_gain: in the differences between both texts of a request.
        types: by type of request, where there are several.
    """

    all: Measured
    level: float = USUAL_LEVEL
    usd_extra: float | None = None
    seconds_extra: float | None = None
    verdict: str = ""
    agreement: float | None = None
    agreement_on_gain: float | None = None
    cautions: tuple[str, ...] = ()
    types: tuple[Measured, ...] = ()


def uplift_of(committed: Committed) -> Uplift | None:
    """The uplift of a run; None if it has no pairs."""
    said = committed.manifest.get("uplift")
    if not said or said.get("mean") is None:
        return None
    judges = committed.manifest.get("judges") or {}
    cautions = [said.get("caution"), *(said.get("cautions") or ()), *(judges.get("cautions") or ())]
    return Uplift(
        all=Measured("all pairs", said["mean"], said.get("low"), said.get("high"), said.get("n")),
        level=said.get("level") or USUAL_LEVEL,
        usd_extra=said.get("usd_extra"),
        seconds_extra=said.get("seconds_extra"),
        verdict=_text(said.get("words") or said.get("verdict")),
        agreement=judges.get("alpha"),
        agreement_on_gain=judges.get("alpha_uplift"),
        cautions=tuple(dict.fromkeys(filter(None, map(_text, cautions)))),
        types=_types(committed),
    )


def _types(committed: Committed) -> tuple[Measured, ...]:
    columns = [*COLUMNS, PAIRS] if PAIRS in METRICS.names else COLUMNS
    found = [
        Measured(
            row["request_type"] or "no type",
            row["uplift"],
            row["uplift_low"],
            row["uplift_high"],
            row.get(PAIRS),
        )
        for batch in committed.rows("metrics", columns)
        for row in batch.filter(pc.equal(batch["arm"], MADE)).to_pylist()
        if row["uplift"] is not None
    ]
    return tuple(sorted(found, key=lambda each: each.name)) if len(found) > 1 else ()


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""
