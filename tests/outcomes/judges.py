"""Judges on recorded judgements: pairs in both orders, several judges as one, and how far length decides.

JudgeBench's own rule (arXiv 2410.12784) is `strict`: a judge whose verdicts on the two orders cancel is wrong on that
pair. A coin would get half of those, so a panel that always decides is compared with the same under the rule `half`, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tasks.judging.judge_weights import KnownPair, judge_weights
from tasks.judging.length_bias import length_slope, longer_preferred, usual_length
from tasks.judging.position import Both, agreement, steadiness
from tests.outcomes.data import FOLDS, folds
from tests.outcomes.result import Result, intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from tests.outcomes.data import Data
    from tests.outcomes.result import Interval

    Numbers = NDArray[np.float64]

TOWARDS = {"A>B": 1.0, "B>A": -1.0}
MAJORITY, BEST_JUDGE = 0.606, 0.657
BY_PAIR = f"{FOLDS} folds by pair"
PANEL_AT_LEAST = 3
PAIRS = "JudgeBench"
ARENA = "arena bench"


def of_pairs(data: Data) -> list[Result]:
    """Judges one by one, then those together that saw the same pairs."""
    pairs = data.table("judgebench_pairs").set_index("pair_id")
    verdicts = _verdicts(data.table("judgebench_decisions"))
    lines = [line for judge, seen in verdicts.items() for line in _steadiness(judge, seen, pairs)]
    for writer, own in pairs.groupby("response_model"):
        panel = {
            judge: seen
            for judge, seen in verdicts.items()
            if len(own.index.intersection(list(seen))) > len(own) / 2
        }
        if len(panel) >= PANEL_AT_LEAST:
            lines += _together(f"{PAIRS}, {writer}'s answers", panel, own)
    return lines


def _verdicts(decisions: pd.DataFrame) -> dict[str, dict[str, Both]]:
    """Judge → pair → verdicts; a decision that could not be read is a tie. Order 1 showed B first."""
    found: dict[str, dict[str, Both]] = {}
    for judge, own in decisions.groupby("judge_model"):
        towards = own["decision"].map(TOWARDS).fillna(0.0)
        by_order = [
            dict(zip(own["pair_id"][own["order"] == order], towards[own["order"] == order], strict=True))
            for order in (0, 1)
        ]
        found[str(judge)] = {
            pair: Both(by_order[0][pair], by_order[1][pair]) for pair in by_order[0] if pair in by_order[1]
        }
    return found


def _steadiness(judge: str, seen: Mapping[str, Both], pairs: pd.DataFrame) -> list[Result]:
    verdicts, names = list(seen.values()), list(seen)
    own = pairs.loc[names]
    right = own["label"].map(TOWARDS).to_numpy(dtype=float)
    preferences = [each.preference for each in verdicts]
    lengths = list(zip(own["response_A"].str.len(), own["response_B"].str.len(), strict=True))
    steady, agreed = steadiness(verdicts), agreement(preferences, list(right))
    longer, longer_right = longer_preferred(preferences, lengths), longer_preferred(list(right), lengths)
    flips = np.array([float(each.flips) for each in verdicts])
    followed = (
        "" if longer is None or longer_right is None
        else f"of its verdicts {longer:.0%} go to the longer text, which is right in {longer_right:.0%}"
    )  # fmt: skip
    note = (
        f"holds {steady.holds:.0%}, ties {steady.ties:.0%}, towards the first place {steady.towards_first:+.2f}; "
        f"right in {agreed.strict:.1%} (no preference: wrong) or {agreed.half:.1%} (half); {followed}"
    )
    return [
        _line(PAIRS, f"{judge}: flips with the order", flips, "share of pairs, less is better", note=note)
    ]


def _together(name: str, panel: Mapping[str, Mapping[str, Both]], own: pd.DataFrame) -> list[Result]:
    names = [pair for pair in own.index if all(pair in seen for seen in panel.values())]
    own = own.loc[names]
    right = own["label"].map(TOWARDS).to_numpy(dtype=float)
    seen = [{judge: panel[judge][pair].preference for judge in panel} for pair in names]
    single = {judge: np.array([each[judge] for each in seen]) * right for judge in panel}
    best = max(single, key=lambda judge: float((single[judge] > 0).mean()))
    majority = np.sign([sum(np.sign(each[judge]) for judge in panel) for each in seen]) * right
    oracle = (np.stack(list(single.values())) > 0).any(axis=0)
    kinds = [kind_of(source) for source in own["source"]]
    ways = {
        "majority of the judges": (majority, "nothing learnt", MAJORITY),
        "weighted": (_crossed(names, seen, right, [None] * len(names)), BY_PAIR, BEST_JUDGE),
        "weighted by kind": (_crossed(names, seen, right, kinds), BY_PAIR, BEST_JUDGE),
    }  # fmt: skip
    lines = []
    for method, (towards, learnt, known) in ways.items():
        note = ""
        if learnt == BY_PAIR:
            stated = (1 / (1 + np.exp(-np.abs(towards)))).mean()
            note = f"known: the best judge; it states a chance of {stated:.0%} to be right, and is in {strict(towards).mean():.0%}"
        for metric, credit in (
            ("accuracy, no preference: wrong", strict),
            ("accuracy, no preference: half", half),
        ):
            is_known = credit is strict
            lines.append(
                _line(name, method, credit(towards), metric, single=credit(single[best]), single_is=best,
                      oracle=oracle.astype(float), known=known if is_known else None, learnt=learnt,
                      note=note if is_known else "")
            )  # fmt: skip
    return lines


def strict(towards: Numbers) -> Numbers:
    """1 for a preference for the right text, else 0."""
    return (towards > 0).astype(np.float64)


def half(towards: Numbers) -> Numbers:
    """The same, with half for no preference."""
    return (np.sign(towards) + 1) / 2


def kind_of(source: str) -> str:
    """The benchmark that a pair comes from; MMLU-Pro's subjects are one kind, as each has few pairs."""
    return "mmlu-pro" if source.startswith("mmlu-pro") else source


def _crossed(
    names: Sequence[str], seen: Sequence[Mapping[str, float]], right: Numbers, kinds: Sequence[str | None]
) -> Numbers:
    pairs = [KnownPair(each, truth, kind) for each, truth, kind in zip(seen, right, kinds, strict=True)]
    parts, found = folds(names), np.zeros(len(pairs))
    for part in np.unique(parts):
        weights = judge_weights(pair for pair, of in zip(pairs, parts, strict=True) if of != part)
        for place in np.flatnonzero(parts == part):
            found[place] = weights.log_odds(pairs[place].preferences, pairs[place].kind) * right[place]
    return found


def of_scores(data: Data) -> list[Result]:
    """How far a judge's scores follow length, before and after a correction that is learnt on other questions."""
    table = data.table("arena_bench")
    table = table[table["latest"].astype(bool) & table["score"].notna()].reset_index(drop=True)
    questions, models = list(table["question_id"]), list(table["model"])
    scores, lengths = table["score"].to_numpy(dtype=float), table["n_chars"].to_numpy(dtype=int)
    ways: dict[str, Sequence[Sequence[str]]] = {
        "within questions": [questions], "within questions and writers": [questions, models]
    }  # fmt: skip
    lines = []
    for method, within in ways.items():
        corrected, slopes = _corrected(scores, lengths, within, folds(questions))
        note = f"{np.mean(slopes):+.2f} points of 10 per doubling"
        for values, learnt, what in (
            (scores, "nothing learnt", "as given"), (corrected, f"{FOLDS} folds by question", "corrected")
        ):  # fmt: skip
            found = _correlation(values, lengths, within, questions)
            lines.append(
                Result(
                    ARENA, f"score and length {method}, {what}", len(set(questions)), found, learnt=learnt,
                    metric="correlation, 0 is best", note=note if what == "as given" else "",
                )
            )  # fmt: skip
    return lines


def _corrected(
    scores: Numbers, lengths: NDArray[np.intp], within: Sequence[Sequence[str]], parts: NDArray[np.intp]
) -> tuple[Numbers, list[float]]:
    corrected, slopes = scores.copy(), []
    for part in np.unique(parts):
        others, own = parts != part, np.flatnonzero(parts == part)
        groups = [[group for group, other in zip(each, others, strict=True) if other] for each in within]
        slope = length_slope(list(scores[others]), list(lengths[others]), *groups)
        usual = usual_length(list(lengths[others]))
        corrected[own] = [slope.corrected(scores[place], lengths[place], usual) for place in own]
        slopes.append(slope.per_doubling)
    return corrected, slopes


def _correlation(
    scores: Numbers, lengths: NDArray[np.intp], within: Sequence[Sequence[str]], questions: Sequence[str]
) -> Interval:
    """Its interval is over questions, each with all its answers; a question drawn twice counts as two."""
    names = list(dict.fromkeys(questions))
    rows = [np.flatnonzero(np.array(questions) == name) for name in names]

    def figures(places: NDArray[np.intp]) -> list[float]:
        drawn = np.concatenate([rows[place] for place in places])
        copies = np.repeat(np.arange(len(places)), [len(rows[place]) for place in places])
        groups: list[Sequence[object]] = [[each[row] for row in drawn] for each in within]
        groups[0] = [*copies]
        return [length_slope(list(scores[drawn]), list(lengths[drawn]), *groups).correlation]

    return intervals(len(names), figures)[0]


def _line(
    name: str,
    method: str,
    ours: Numbers,
    metric: str,
    *,
    single: Numbers | None = None,
    single_is: str = "",
    oracle: Numbers | None = None,
    known: float | None = None,
    learnt: str = "nothing learnt",
    note: str = "",
) -> Result:
    columns = [
        ours,
        *([single, ours - single] if single is not None else []),
        *([oracle] if oracle is not None else []),
    ]
    table = np.stack(columns, axis=1)
    found = intervals(len(table), lambda places: list(table[places].mean(axis=0)))
    return Result(
        name, method, len(ours), found[0], metric=metric, known=known, learnt=learnt, note=note,
        single=found[1] if single is not None else None, single_is=single_is,
        gain=found[2] if single is not None else None, oracle=found[-1] if oracle is not None else None,
    )  # fmt: skip
