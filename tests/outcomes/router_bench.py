"""RouterBench (arXiv 2403.12031): eleven models with their costs; a cascade against each model and the zero router."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tasks.choosing.panel import Panel
from tests.outcomes.cascades import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from tests.outcomes.data import Data
    from tests.outcomes.result import Result


def results(data: Data) -> Iterable[Result]:
    """Over all three benchmarks together, as one night would have them."""
    keys, panel, usd = panel_of(data.table("routerbench"))
    right, spent = panel.right.mean(axis=0), usd.mean(axis=0)
    for each in lines("RouterBench", keys, panel, usd, shares=(0.5, 0.25), longest=4):
        zero = zero_router(right, spent, (each.usd or 0.0) / 1000)
        yield replace(each, note=f"{each.note}; the zero router comes to {zero:.3f} at this cost")


def panel_of(table: pd.DataFrame) -> tuple[pd.Index, Panel, np.ndarray]:
    """Answers as they stand, their length as what may tell how sure one is."""
    models = sorted(table["model"].unique())

    def of(name: str) -> pd.DataFrame:
        return table.pivot_table(
            index="sample_id", columns="model", values=name, aggfunc="first", dropna=False
        )[models]

    said = of("response").map(lambda text: text.strip().casefold() if isinstance(text, str) else None)
    answers = said.to_numpy().astype(object)
    lengths = np.array(
        [[np.nan if each is None else len(each) for each in row] for row in answers], dtype=float
    )
    signals = np.stack([np.full(lengths.shape, np.nan), lengths], axis=2)
    kinds = table.groupby("sample_id")["eval_name"].first().reindex(said.index).to_numpy().astype(object)
    right = of("score").to_numpy().astype(float)
    panel = Panel(tuple(models), answers, kinds, signals, right)
    return said.index, panel, of("cost_usd").to_numpy().astype(float)


def zero_router(right: np.ndarray, usd: np.ndarray, budget: float) -> float:
    """The best that choosing a model blindly comes to at a mean cost: a mixture of two of them."""
    best = max((right[place] for place in range(len(usd)) if usd[place] <= budget), default=0.0)
    for one in range(len(usd)):
        for other in range(len(usd)):
            if usd[one] <= budget < usd[other]:
                share = (budget - usd[one]) / (usd[other] - usd[one])
                best = max(best, (1 - share) * right[one] + share * right[other])
    return float(best)
