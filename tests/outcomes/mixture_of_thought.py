"""DATE: ten chain-of-thought and ten program-of-thought samples of a cheap model, then a strong one (arXiv 2310.03094)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tasks.choosing.panel import Panel, as_said
from tasks.judging.voting import Ballot, vote
from tasks.patterns.believing import comparable
from tests.outcomes.cascades import lines
from tests.outcomes.result import compared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.outcomes.data import Data
    from tests.outcomes.result import Result

SET = "MoT, DATE"
CHEAP, STRONG = "gpt-3.5-turbo", "gpt-4"
VOTERS = {"10 CoT": (CHEAP, "cot1", 10), "10 PoT": (CHEAP, "pot1", 10), STRONG: (STRONG, "greedy_cot2", 1)}
USD_PER_1000 = {CHEAP: (0.0015, 0.002), STRONG: (0.03, 0.06)}  # tokens in and out, list prices of 2023
PROMPT_TOKENS = (
    1000  # of the worked examples; not recorded, so supposed, and paid once for all samples of a call
)
CHARACTERS_PER_TOKEN = 4
COSTS = f"supposed: prompts of {PROMPT_TOKENS:,} tokens, list prices of 2023"
KNOWN, KNOWN_SAVED = 0.861, 0.55


def results(data: Data) -> Iterable[Result]:
    """Self-consistency of the cheap model alone, then the cascade."""
    table = data.table("mot_cascade")
    some = table[table["dataset"] == "date"]
    if not len(some):
        return
    yield _samples_voted(some)
    keys, panel, usd = panel_of(some)
    for each in lines(SET, keys, panel, usd, known=KNOWN, known_saved=KNOWN_SAVED):
        yield replace(each, note=f"{each.note}; costs {COSTS}")


def panel_of(table: pd.DataFrame) -> tuple[pd.Index, Panel, np.ndarray]:
    """A voter is a style of a model: what most of its samples say, how far they agree is its confidence."""
    keys = pd.Index(sorted(table["qid"].unique()))
    n, many = len(keys), len(VOTERS)
    said = np.full((n, many), None, dtype=object)
    right, usd = np.full((n, many), np.nan), np.zeros((n, many))
    signals = np.full((n, many, 2), np.nan)
    for place, (model, variant, samples) in enumerate(VOTERS.values()):
        for row, answers in enumerate(_samples(table, keys, model, variant, samples)):
            price_in, price_out = USD_PER_1000[model]
            tokens = answers["output"].str.len().sum() / CHARACTERS_PER_TOKEN
            usd[row, place] = (PROMPT_TOKENS * price_in + tokens * price_out) / 1000
            parsed = answers.dropna(subset=["parsed"])
            if len(parsed):
                texts = [comparable(text) for text in parsed["parsed"]]
                found = vote([Ballot(str(number), text, 1.0) for number, text in enumerate(texts)])
                said[row, place] = as_said(texts[found.winner])
                right[row, place] = float(parsed["correct"].iloc[found.winner])
                signals[row, place, 0] = found.agreement * len(parsed) / len(answers)
    return keys, Panel(tuple(VOTERS), said, np.full(n, None, dtype=object), signals, right), usd


def _samples_voted(table: pd.DataFrame) -> Result:
    """Twenty samples, one vote each, against one sample of the better style."""
    keys = pd.Index(sorted(table["qid"].unique()))
    both = [_samples(table, keys, *VOTERS[name]) for name in ("10 CoT", "10 PoT")]
    one = np.array([[each["correct"].mean() for each in style] for style in both])
    ours, oracle = np.zeros(len(keys)), np.zeros(len(keys))
    for row, answers in enumerate(zip(*both, strict=True)):
        parsed = pd.concat(answers).dropna(subset=["parsed"])
        oracle[row] = parsed["correct"].any()
        if len(parsed):
            found = vote([Ballot("", comparable(text), 1.0) for text in parsed["parsed"]])
            ours[row] = parsed["correct"].iloc[found.winner]
    better = int(one.mean(axis=1).argmax())
    return compared(
        SET, "20 samples of a cheap model, vote", ours, one[better], f"one sample ({('CoT', 'PoT')[better]})", oracle,
        learnt="nothing",
    )  # fmt: skip


def _samples(
    table: pd.DataFrame, keys: pd.Index, model: str, variant: str, samples: int
) -> list[pd.DataFrame]:
    """The first samples of each question, in its order; an empty frame where there are none."""
    chosen = table[(table["model"] == model) & (table["variant"] == variant) & (table["sample"] < samples)]
    by_question = dict(list(chosen.sort_values("sample").groupby("qid")))
    return [by_question.get(key, chosen.iloc[:0]) for key in keys]
