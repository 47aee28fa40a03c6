"""The figures of one night that are held against other nights, from its manifest and its rows of `metrics`. No I/O.

Parts of older versions lack columns: what is not there is not known. Figures are of the arm `made`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from math import inf
from typing import TYPE_CHECKING, Any, Final

from tasks.landing.drift import Least, Point
from tasks.landing.labels import MADE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """What is watched.

    Attributes:
        name: as `TrendNight` has it, where it has it.
        good: whether more of it is better (1) or worse (-1).
        least: the change below which nobody is told.
        of: what it is a mean or a share of, as `Night.counts` has it.
        bounds: between which it can be.
        is_share: a share of these.
    """

    name: str
    title: str
    good: int
    least: Least
    of: str
    bounds: tuple[float, float] = (0.0, inf)
    is_share: bool = False


SHARE: Final = (0.0, 1.0)
FIGURES: Final = (
    Figure("quality_mean", "quality", 1, Least(0.03), "judged", SHARE),
    Figure("uplift", "uplift", 1, Least(0.03), "pairs", (-1.0, 1.0)),
    Figure("usd_per_made", "USD per made row", -1, Least(0.0001, 0.15), "made"),
    Figure("seconds_p50", "seconds p50", -1, Least(0.1, 0.25), "made"),
    Figure("error_rate", "failed rows", -1, Least(0.03), "rows", SHARE, is_share=True),
    Figure("call_error_rate", "failed calls", -1, Least(0.03), "sent", SHARE, is_share=True),
    Figure("hit_rate", "from the ledger", 1, Least(0.1), "calls", SHARE, is_share=True),
)


@dataclass(frozen=True, slots=True)
class Night:
    """A committed run among the nights of its recipe.

    Attributes:
        figures: by name; what is unknown is not in it.
        ends: name → the interval of those that have one.
        rows: made and failed.
        counts: rows, made and judged rows, pairs, calls, and calls that were sent.
    """

    run_date: date
    run: str
    first_start: datetime
    simulated: bool
    rows: int
    counts: Mapping[str, int]
    figures: Mapping[str, float]
    ends: Mapping[str, tuple[float, float]]
    manifest: Mapping[str, Any]

    def point(self, figure: Figure) -> Point | None:
        """The figure for the rule."""
        value = self.figures.get(figure.name)
        return None if value is None else Point(value, self.counts[figure.of])


def night_of(manifest: Mapping[str, Any], metrics: Sequence[Row]) -> Night:
    """A night's figures.

    Args:
        metrics: the run's rows of `metrics`; a column may be missing.
    """
    made = [row for row in metrics if row.get("arm", MADE) == MADE]
    figures = dict(_figures(manifest, made))
    low, high = (_mean_end(made, name) for name in ("quality_low", "quality_high"))
    uplift = manifest.get("uplift") or {}
    ends = {
        "quality_mean": (low, high),
        "uplift": (uplift.get("low"), uplift.get("high")),
    }
    return Night(
        run_date=date.fromisoformat(manifest["run_date"]),
        run=manifest["run"],
        first_start=datetime.fromisoformat(manifest["first_start"]),
        simulated=bool(manifest["simulated"]),
        rows=rows_of(made),
        counts=_counts(manifest, made),
        figures=figures,
        ends={
            name: (low, high)
            for name, (low, high) in ends.items()
            if name in figures and low is not None and high is not None
        },
        manifest=manifest,
    )


def rows_of(metrics: Sequence[Row]) -> int:
    """Rows made or failed."""
    return int(sum(row.get("rows") or 0 for row in metrics))


def _counts(manifest: Mapping[str, Any], made: Sequence[Row]) -> dict[str, int]:
    pairs = (manifest.get("uplift") or {}).get("n")
    return {
        "rows": rows_of(made),
        "made": int(sum(map(_made, made))),
        "judged": int(sum(_judged(row) for row in made if row.get("quality_mean") is not None)),
        "pairs": int(sum(map(_paired, made)) if pairs is None else pairs),
        "calls": int(sum(row.get("calls") or 0 for row in made)),
        "sent": int(manifest["calls"]["sent"]),
    }


def _figures(manifest: Mapping[str, Any], made: Sequence[Row]) -> Iterator[tuple[str, float]]:
    rows, failed = rows_of(made), sum(row.get("failed") or 0 for row in made)
    calls, hits = (sum(row.get(name) or 0 for row in made) for name in ("calls", "cache_hits"))
    usd = [row["usd"] for row in made if row.get("usd") is not None]
    sent = manifest["calls"]["sent"]
    uplift = (manifest.get("uplift") or {}).get("mean")
    found = {
        "quality_mean": _mean(made, "quality_mean", _judged),
        "uplift": uplift if uplift is not None else _mean(made, "uplift", _paired),
        "usd_per_made": sum(usd) / (rows - failed) if len(usd) == len(made) and rows > failed else None,
        "seconds_p50": _median(made),
        "error_rate": failed / rows if rows else None,
        "call_error_rate": manifest["calls"]["failed"] / sent if sent else None,
        "hit_rate": hits / calls if calls else None,
    }
    yield from ((name, float(value)) for name, value in found.items() if value is not None)


def _made(row: Row) -> float:
    return float((row.get("rows") or 0) - (row.get("failed") or 0))


def _judged(row: Row) -> float:
    """How many rows a group's quality is of; a version that did not say it judged all it made, or none."""
    count = row.get("quality_n")
    return _made(row) if count is None else float(count)


def _paired(row: Row) -> float:
    """How many pairs a group's uplift is of."""
    return float(row.get("uplift_n") or (0 if row.get("uplift") is None else _made(row)))


def _mean(rows: Sequence[Row], name: str, weight: Any) -> float | None:
    """Of the kinds of request, by their weight."""
    known = [(row[name], weight(row)) for row in rows if row.get(name) is not None]
    total = sum(each for _, each in known)
    return sum(value * each for value, each in known) / total if total else None


def _mean_end(rows: Sequence[Row], name: str) -> float | None:
    """The end of the interval of the mean over the kinds of request, which are independent of each other."""
    mean = _mean(rows, "quality_mean", _judged)
    known = [row for row in rows if row.get("quality_mean") is not None]
    if mean is None or any(row.get(name) is None for row in known):
        return None
    total = sum(map(_judged, known))
    away = sum((_judged(row) * (row[name] - row["quality_mean"])) ** 2 for row in known) ** 0.5 / total
    return float(mean - away if name.endswith("low") else mean + away)


def _median(rows: Sequence[Row]) -> float | None:
    """The median over the kinds of request of their medians, by rows made: exact for one kind, near it for several."""
    known = sorted((row["seconds_p50"], _made(row)) for row in rows if row.get("seconds_p50") is not None)
    half = sum(weight for _, weight in known) / 2
    passed = 0.0
    for value, weight in known:
        passed += weight
        if passed >= half:
            return float(value)
    return None
