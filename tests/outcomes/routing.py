"""Routing between a weak and a strong model by the question's text alone, on RouteLLM's recordings.

Questions that RouteLLM calls contaminated are left out, as it does. The figures are in `routing_figures`. "Best single"
does not apply: the weak model alone has an APGR of 0, the strong one alone makes up the whole gap at 100% of the calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from tasks.choosing.gain import Example, Router, router
from tests.outcomes.data import FOLDS, folds
from tests.outcomes.result import Result, intervals
from tests.outcomes.routing_figures import apgr, made_up, order, strong_calls_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.outcomes.data import Data

    Numbers = NDArray[np.float64]

BENCHMARKS = {"mmlu": "MMLU", "gsm8k": "GSM8K"}
FIGURES = ("APGR", "strong calls for 50%, less is better", "strong calls for 80%, less is better")
LABELS = (200, 500, 1500)
BY_QUESTION = f"{FOLDS} folds by question"

# What issue 6 gives: APGR, CPT(50%), CPT(80%).
PUBLISHED = {"mmlu": (0.603, 0.35, 0.72), "gsm8k": (0.622, 0.34, 0.63)}
MINILM = {"mmlu": (0.676, 0.28, 0.57), "gsm8k": (0.620, 0.36, 0.61)}
LENGTH = {"mmlu": (0.586, None, None), "gsm8k": (0.598, None, None)}
FEW_KNOWN = {("mmlu", 1500): (0.636, None, None)}
LEFT_OUT = (0.584, None, None)
OTHER = {"mmlu": (0.508, None, None), "gsm8k": (0.564, None, None)}
UNKNOWN = (None, None, None)


@dataclass(frozen=True)
class Asked:
    """One benchmark's questions: its examples in order, the gains, and the weak model's answers where recorded."""

    examples: Sequence[Example]
    gains: Numbers
    weak_answers: Sequence[str | None]
    folds: NDArray[np.intp]


def results(data: Data) -> list[Result]:
    """All lines of both benchmarks."""
    table = data.table("routellm")
    table = table[~table["contaminated"].astype(bool)]
    asked = {name: _asked(table[table["benchmark"] == name]) for name in BENCHMARKS}
    asked = {
        name: each for name, each in asked.items() if len(each.examples) > FOLDS and each.gains.sum() > 0
    }
    return [line for name in asked for line in _lines(name, asked)]


def _asked(table: object) -> Asked:
    rows = table.to_dict("records")  # type: ignore[attr-defined]
    gains = [float(row["correct_strong"]) - float(row["correct_weak"]) for row in rows]
    examples = [Example(row["question"], gain, row["domain"]) for row, gain in zip(rows, gains, strict=True)]
    answers = [row["weak_response"] if isinstance(row["weak_response"], str) else None for row in rows]
    return Asked(examples, np.array(gains), answers, folds(each.text for each in examples))


def _lines(name: str, asked: dict[str, Asked]) -> list[Result]:
    own = asked[name]
    texts = [each.text for each in own.examples]
    types = [each.request_type for each in own.examples]
    untyped = [Example(each.text, each.gain) for each in own.examples]
    lengths = np.array([float(len(each)) for each in texts])
    lines = [
        *_three(name, "length of the question", lengths, own, LENGTH[name]),
        *_three(name, "cold start: complexity, no label", np.array(Router().gains(texts)), own, PUBLISHED[name],
                note="known: the published router with augmented data"),
    ]  # fmt: skip
    other = [each for of, others in asked.items() if of != name for each in others.examples]
    if other:
        scores = np.array(router(other).gains(texts, types))
        lines += _three(
            name, "learnt on the other benchmark", scores, own, OTHER[name], learnt="the other benchmark"
        )
    for labels in LABELS:
        if labels < len(texts) * (1 - 1 / FOLDS) * 0.98:
            scores = crossed(own.examples, own.folds, lambda rows, labels=labels: _first(rows, labels))
            known = FEW_KNOWN.get((name, labels), UNKNOWN)
            learnt = f"{labels:,} questions of other folds"
            lines += _three(name, f"{labels:,} labels in the domain", scores, own, known, learnt=learnt)
    if len(set(types)) > FOLDS:
        scores = crossed(own.examples, folds(types), list)
        lines += _three(name, "subjects left out", scores, own, LEFT_OUT, learnt=f"{FOLDS} folds by subject")
        scores = crossed(own.examples, own.folds, list)
        lines += _three(name, "all labels, subject named", scores, own, MINILM[name], learnt=BY_QUESTION,
                        note="known: MiniLM embeddings")  # fmt: skip
    scores = crossed(untyped, own.folds, list)
    lines += _three(
        name, "all labels", scores, own, MINILM[name], learnt=BY_QUESTION, note="known: MiniLM embeddings"
    )
    if all(own.weak_answers):
        after = [
            Example(f"{each.text}\n{answer}", each.gain)
            for each, answer in zip(own.examples, own.weak_answers, strict=True)
        ]
        lines += _three(
            name, "cascade: the weak answer seen", crossed(after, own.folds, list), own, UNKNOWN, learnt=BY_QUESTION,
            note="not routing: the weak model is paid for every question first",
        )  # fmt: skip
    return lines


def crossed(
    examples: Sequence[Example], parts: NDArray[np.intp], chosen: Callable[[list[Example]], list[Example]]
) -> Numbers:
    """The router's score of each example, learnt on examples of other parts, or `chosen` ones of those."""
    found = np.zeros(len(examples))
    for part in np.unique(parts):
        learnt = router(chosen([each for each, of in zip(examples, parts, strict=True) if of != part]))
        places = np.flatnonzero(parts == part)
        scored = [examples[place] for place in places]
        found[places] = learnt.gains([each.text for each in scored], [each.request_type for each in scored])
    return found


def _first(rows: list[Example], number: int) -> list[Example]:
    """As many by a hash: labels are few, and of any kind."""
    return sorted(rows, key=lambda each: sha256(f"label {each.text}".encode()).hexdigest())[:number]


def _three(
    name: str,
    method: str,
    scores: Numbers,
    own: Asked,
    known: tuple[float | None, float | None, float | None],
    *,
    learnt: str = "nothing learnt",
    note: str = "",
) -> list[Result]:
    orders = order(scores), order(own.gains)

    def figures(places: NDArray[np.intp]) -> list[float]:
        gains = own.gains[places]
        if gains.sum() <= 0:
            return [np.nan] * 6
        curves = [made_up(each[places], gains) for each in orders]
        return [
            figure
            for pgr in curves
            for figure in (apgr(pgr), strong_calls_for(pgr, 0.5), strong_calls_for(pgr, 0.8))
        ]

    found = intervals(len(own.gains), figures)
    return [
        Result(
            f"RouteLLM, {BENCHMARKS[name]}", method, len(own.gains), found[place], metric=metric,
            known=known[place], oracle=found[place + 3], learnt=learnt, note=note if place == 0 else "",
        )
        for place, metric in enumerate(FIGURES)
    ]  # fmt: skip
