"""What models answered to the same requests: signal, quality and cost of each, as thresholds are fitted to them. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

FIGURES: Final = ("signal", "quality", "usd")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Figures of every model for every request: arrays of shape (requests, models).

    Attributes:
        models: names, in the order of the columns.
        signal: what decides whether an answer is taken, 0 to 1: a judge's score, an agreement, a confidence.
        quality: how good the answer is, 0 to 1.
        usd: what the call cost.
    """

    models: tuple[str, ...]
    signal: NDArray[np.float64]
    quality: NDArray[np.float64]
    usd: NDArray[np.float64]

    @property
    def n(self) -> int:
        """How many requests."""
        return int(self.quality.shape[0])

    def of(self, models: Sequence[str]) -> Outcomes:
        """The same requests with these models only, in this order."""
        columns = [self.models.index(name) for name in models]
        return Outcomes(
            tuple(models), self.signal[:, columns], self.quality[:, columns], self.usd[:, columns]
        )

    def rows(self, places: NDArray[np.intp]) -> Outcomes:
        """Of these requests only."""
        return Outcomes(self.models, self.signal[places], self.quality[places], self.usd[places])


@dataclass(frozen=True, slots=True)
class Gathered:
    """Outcomes, and what was left out of them.

    Attributes:
        incomplete: requests that lack a model's answer, or one of its figures.
        repeated: further rows of a request and a model that were there already.
    """

    outcomes: Outcomes
    incomplete: int
    repeated: int


def gathered(rows: Iterable[Mapping[str, Any]], models: Sequence[str]) -> Gathered:
    """Outcomes from rows of request_id, model, signal, quality, usd; rows of other models are passed over."""
    places = {name: place for place, name in enumerate(models)}
    found: dict[Any, list[tuple[float, ...] | None]] = {}
    repeated = 0
    for row in rows:
        place = places.get(row["model"])
        if place is None:
            continue
        figures = found.setdefault(row["request_id"], [None] * len(models))
        if figures[place] is not None:
            repeated += 1
        else:
            figures[place] = tuple(_number(row[name]) for name in FIGURES)
    table = np.array([each for each in found.values() if None not in each], dtype=np.float64)
    table = table.reshape(-1, len(models), len(FIGURES))
    whole = table[np.isfinite(table).all(axis=(1, 2))]
    signal, quality, usd = (whole[:, :, place] for place in range(len(FIGURES)))
    return Gathered(Outcomes(tuple(models), signal, quality, usd), len(found) - len(whole), repeated)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
