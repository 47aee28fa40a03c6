"""Five tasks, nine models with the probability of their own words: cascades (mzelling/rational-llm-cascades)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from tasks.choosing.panel import Panel, as_said
from tests.outcomes.cascades import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from tests.outcomes.data import Data
    from tests.outcomes.result import Result

KNOWN = {  # accuracy, share of the best single model's cost that is saved
    "mmlu": ("MMLU", 0.844, 0.60),
    "medmcqa": ("MedMCQA", 0.762, 0.45),
    "triviaqa": ("TriviaQA", 0.958, 0.41),
    "truthfulqa": ("TruthfulQA", 0.714, 0.30),
    "gsm8k": ("GSM8K", 0.963, 0.09),
}
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
WORD = re.compile(r"\w+")


def results(data: Data) -> Iterable[Result]:
    """One task after another."""
    table = data.table("chains")
    for task, (name, known, saved) in KNOWN.items():
        some = table[table["dataset"] == task]
        if len(some):
            keys, panel, usd = panel_of(some)
            yield from lines(name, keys, panel, usd, known=known, known_saved=saved)


def panel_of(table: pd.DataFrame) -> tuple[pd.Index, Panel, np.ndarray]:
    """The answers of one task: the last number of a calculation, else the words."""
    some = table.assign(
        key=table["dataset"] + "/" + table["split"] + "/" + table["qid"].astype(str),
        plain=[
            _plain(text, dataset) for text, dataset in zip(table["answer"], table["dataset"], strict=True)
        ],
    )
    models = sorted(some["model"].unique())

    def of(name: str) -> pd.DataFrame:
        return some.pivot_table(index="key", columns="model", values=name, aggfunc="first", dropna=False)[
            models
        ]

    said, right = of("plain"), of("correct").to_numpy().astype(float)
    kinds = some.groupby("key")["subject"].first().reindex(said.index)
    kinds = np.array([kind if isinstance(kind, str) else None for kind in kinds], dtype=object)
    length = some.assign(length=some["answer"].str.len())
    lengths = length.pivot_table(index="key", columns="model", values="length", aggfunc="first")[models]
    signals = np.stack([of("logprob_conf").to_numpy(), lengths.to_numpy()], axis=2).astype(float)
    answers = said.map(as_said).to_numpy().astype(object)
    return (
        said.index,
        Panel(tuple(models), answers, kinds, signals, right),
        of("cost_usd").to_numpy().astype(float),
    )


def _plain(text: str, dataset: str) -> str:
    if dataset == "gsm8k":
        numbers = NUMBER.findall(text)
        return numbers[-1].replace(",", "") if numbers else ""
    return " ".join(WORD.findall(text.casefold()))
