"""Cascades over recorded models: chains and thresholds fitted on four folds of the questions, scored on the fifth."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from tasks.choosing.stopping import Search, Wish, replayed
from tests.outcomes.data import FOLDS, folds
from tests.outcomes.result import compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from tasks.choosing.panel import Panel
    from tests.outcomes.result import Result

    Floats = NDArray[np.float64]

INNER_FOLDS = 3
LACKING = 0.01


def lines(
    data: str,
    keys: pd.Index,
    panel: Panel,
    usd: Floats,
    *,
    known: float | None = None,
    known_saved: float | None = None,
    shares: Sequence[float] = (),
    longest: int = 3,
    note: str = "",
) -> Iterable[Result]:
    """One line for each wish.

    Args:
        known_saved: a line is added for the cost that issue 6 reached, to be compared at.
        shares: of the best single model's cost, a line for each.
    """
    right = np.nan_to_num(panel.right)
    best = int(right.mean(axis=0).argmax())
    fold, inner = folds(keys), folds([f"inner {key}" for key in keys], INNER_FOLDS)
    wishes: dict[str, tuple[float, float | None]] = {
        "cascade, as good as the best": (0.0, None),
        f"cascade, {LACKING * 100:.0f} point worse at most": (LACKING, None),
    }
    for share in [*shares, *([] if known_saved is None else [1 - known_saved])]:
        wishes[f"cascade, at {share:.0%} of the best's cost"] = (0.0, share)
    score = {name: np.zeros(panel.n) for name in wishes}
    cost = {name: np.zeros(panel.n) for name in wishes}
    chains: Mapping[str, Counter[str]] = {name: Counter() for name in wishes}
    for held in range(FOLDS):
        rest, places = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        search = Search(panel.rows(rest), usd[rest], inner[rest])
        dearest = usd[rest, int(right[rest].mean(axis=0).argmax())].mean()
        for name, (lacking, share) in wishes.items():
            stopping = search.best(Wish(lacking, None if share is None else share * dearest), longest)
            found = replayed(stopping, panel.rows(places), usd[places])
            score[name][places], cost[name][places] = found.right, found.usd
            chains[name][" > ".join(stopping.models)] += 1
    for name in wishes:
        ((chain, times),) = chains[name].most_common(1)
        taken = f"{chain} ({times} of {FOLDS} folds)"
        yield compared(
            data, name, score[name], right[:, best], panel.voters[best], right.max(axis=1),
            usd=cost[name], single_usd=usd[:, best], known=known, known_saved=known_saved, learnt="other folds",
            note="; ".join(each for each in (f"mostly {taken}", note) if each),
        )  # fmt: skip
