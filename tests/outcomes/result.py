"""One line of the table, and the intervals on it: bootstrap over questions, the compared methods on the same draws."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

RESAMPLES = 1000
SEED = 20260


@dataclass(frozen=True)
class Interval:
    """A figure with its 95% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """One method on one set of recorded answers.

    Attributes:
        data: the set: `MMLU-Pro, three strong`.
        method: what was done, in a few words.
        n: questions (or pairs) scored.
        ours: the figure of `metric`; the more the better, unless the metric says otherwise.
        single: the same figure of the best single model, chosen in hindsight on these very rows (the hardest to beat).
        single_is: its name.
        gain: ours less the best single's, on the same draws.
        known: the figure that issue 6 gives for the whole set; no interval of it is known.
        oracle: as good as choosing among the recorded answers can be.
        saved: share of the best single's cost that is saved; below zero where it costs more.
        known_saved: what issue 6 gives for it.
        usd, single_usd: of 1,000 requests.
        learnt: on which rows it was learnt: `5 folds by question`, `nothing learnt`.
        note: what a reader should know.
    """

    data: str
    method: str
    n: int
    ours: Interval
    metric: str = "accuracy"
    single: Interval | None = None
    single_is: str = ""
    gain: Interval | None = None
    known: float | None = None
    oracle: Interval | None = None
    saved: Interval | None = None
    known_saved: float | None = None
    usd: float | None = None
    single_usd: float | None = None
    learnt: str = "nothing learnt"
    note: str = ""

    def flat(self) -> dict[str, object]:
        """As a row of a table: an interval is three columns."""
        row: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in INTERVALS:
                row |= {
                    f"{each.name}{end}": getattr(value, part, None)
                    for end, part in (("", "mean"), ("_low", "low"), ("_high", "high"))
                }
            else:
                row[each.name] = value
        return row


INTERVALS = ("ours", "single", "gain", "oracle", "saved")


def intervals(n: int, figures: Callable[[NDArray[np.intp]], Sequence[float]]) -> list[Interval]:
    """Each figure with its interval.

    Args:
        n: questions.
        figures: what the questions at these places come to, several figures at once.
    """
    random = np.random.default_rng(SEED)
    means = figures(np.arange(n))
    drawn = np.array([figures(random.integers(0, n, n)) for _ in range(RESAMPLES)])
    lows, highs = np.nanquantile(drawn, (0.025, 0.975), axis=0)
    return [
        Interval(float(mean), float(low), float(high))
        for mean, low, high in zip(means, lows, highs, strict=True)
    ]


def compared(
    data: str,
    method: str,
    ours: NDArray[np.float64],
    single: NDArray[np.float64],
    single_is: str,
    oracle: NDArray[np.float64],
    *,
    usd: NDArray[np.float64] | None = None,
    single_usd: NDArray[np.float64] | None = None,
    known: float | None = None,
    known_saved: float | None = None,
    learnt: str = "nothing learnt",
    note: str = "",
) -> Result:
    """A result whose figures are means over questions: arrays of one score (and cost in USD) per question."""
    columns = [ours, single, oracle]
    if usd is not None and single_usd is not None:
        columns += [usd, single_usd]
    table = np.stack([np.asarray(each, dtype=np.float64) for each in columns], axis=1)

    def figures(places: NDArray[np.intp]) -> list[float]:
        mean = table[places].mean(axis=0)
        more = [1 - mean[3] / mean[4]] if len(mean) > 3 else []
        return [*mean[:3], mean[0] - mean[1], *more]

    found = intervals(len(table), figures)
    costs = table.mean(axis=0)[3:] * 1000
    return Result(
        data, method, len(table), found[0], single=found[1], single_is=single_is, oracle=found[2], gain=found[3],
        saved=found[4] if len(found) > 4 else None, known=known, known_saved=known_saved,
        usd=float(costs[0]) if len(costs) else None, single_usd=float(costs[1]) if len(costs) else None,
        learnt=learnt, note=note,
    )  # fmt: skip
