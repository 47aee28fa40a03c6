"""MMLU-Pro: what voting, weighing and choosing members come to, on answers of 28 models.

The lists of models are fixed by name, so that other halves of the set are measured alike.
"""

from __future__ import annotations

import json
from dataclasses import replace
from string import ascii_uppercase
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tasks.choosing.belief import learnt_belief
from tasks.choosing.estimates import Observed, learnt
from tasks.choosing.member_choice import chosen_members
from tasks.choosing.option_looks import look
from tasks.choosing.panel import Panel, as_said
from tasks.judging.canonical import canonical
from tasks.judging.voting import Ballot, vote, weight_among_many
from tests.outcomes.data import FOLDS, folds
from tests.outcomes.result import compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tests.outcomes.data import Data
    from tests.outcomes.result import Result

    Floats = NDArray[np.float64]

STRONG = ("gemini-1.5-pro-002", "gemini-1.5-flash-002", "Meta-Llama-3_1-70B-Instruct")
SEVEN = (
    "Meta-Llama-3_1-8B-Instruct", "mathstral-7B", "Yi-34B", "Mixtral-8x7B-Instruct-v0.1", "Phi-3-mini-4k-instruct",
    "Mixtral-8x7B-v0.1", "c4ai-command-r-v01",
)  # fmt: skip
INCOMPLETE = ("DeepSeek-Coder-V2",)  # lacks a seventh of the questions: the 28 others are the set
LEARNT = "other folds"
TASK = "questions"
LOOKS = "it also learns how right answers look among the options: a trait of how the set was made, not of the models"


def results(data: Data) -> Iterable[Result]:
    """Three strong models, seven weak ones, all of them."""
    predictions, questions = data.table("mmlu_pro_preds"), data.table("mmlu_pro_questions")
    everybody = tuple(sorted(set(predictions["model"]) - set(INCOMPLETE)))
    yield from _of(
        predictions,
        questions,
        "MMLU-Pro, 3 strong",
        STRONG,
        {"majority": 0.705, "skill": 0.718, "kind": 0.721},
    )
    yield from _of(predictions, questions, "MMLU-Pro, 7 weak", SEVEN, {"majority": 0.524, "kind": 0.531})
    yield from _of(predictions, questions, "MMLU-Pro, all 28", everybody, {"majority": 0.585}, choose=True)


def panel_of(
    predictions: pd.DataFrame, questions: pd.DataFrame, models: Sequence[str]
) -> tuple[pd.Index, Panel]:
    """The answers of these models; what may tell how sure one is, is its length."""
    some = predictions[predictions["model"].isin(models)]
    ids = pd.Index(sorted(questions["question_id"]))
    found = {
        name: some.pivot_table(
            index="question_id", columns="model", values=name, aggfunc="first", dropna=False
        )
        .reindex(index=ids, columns=list(models))
        .to_numpy()
        for name in ("pred", "correct", "n_chars")
    }
    missing = pd.isna(found["pred"])
    texts = {text: as_said(canonical(text)) for text in some["pred"].dropna().unique()}
    said = np.array([[texts.get(text) for text in row] for row in found["pred"]], dtype=object)
    right = np.where(missing, np.nan, found["correct"].astype(float))
    kinds = questions.set_index("question_id")["category"].reindex(ids).to_numpy().astype(object)
    length = found["n_chars"].astype(float)
    signals = np.stack([np.full(length.shape, np.nan), length], axis=2)
    return ids, Panel(
        tuple(models), said, kinds, signals, right, _looks(asked(questions, ids), found["pred"])
    )


def asked(questions: pd.DataFrame, ids: pd.Index) -> list[str]:
    """The question and its options, as a prompt has them."""
    some = questions.set_index("question_id").reindex(ids)
    return [
        "\n".join([question, *map(_option, ascii_uppercase, json.loads(options))])
        for question, options in zip(some["question"], some["options_json"], strict=True)
    ]


def _option(letter: str, text: str) -> str:
    return f"{letter}. {' '.join(text.split())}"


def _looks(texts: Sequence[str], predicted: NDArray[np.object_]) -> Floats:
    """Of each answer among the options."""
    return np.array(
        [
            [look(text, canonical(letter) if isinstance(letter, str) else None) for letter in row]
            for text, row in zip(texts, predicted, strict=True)
        ]
    )


def _of(
    predictions: pd.DataFrame,
    questions: pd.DataFrame,
    data: str,
    models: Sequence[str],
    known: dict[str, float],
    *,
    choose: bool = False,
) -> Iterable[Result]:
    ids, seen = panel_of(predictions, questions, models)
    panel = replace(seen, looks=None)
    right = np.nan_to_num(panel.right)
    best = int(right.mean(axis=0).argmax())
    fold = folds(ids)

    def line(
        method: str, ours: Floats, figure: float | None = None, learnt_on: str = LEARNT, note: str = ""
    ) -> Result:
        return compared(
            data, method, ours, right[:, best], models[best], right.max(axis=1), known=figure, learnt=learnt_on, note=note
        )  # fmt: skip

    yield line("plain majority", _voted(panel, None, fold), known.get("majority"), "nothing")
    if choose:
        ours, taken = _believed(panel, fold, choose=True)
        yield line("learned vote, members chosen", ours, note=f"members taken in each fold: {taken}")
        return
    yield line("vote by skill", _voted(panel, "skill", fold), known.get("skill"))
    yield line("vote by skill at the category", _voted(panel, "kind", fold), known.get("kind"))
    yield line("learned vote", _believed(panel, fold)[0], known.get("kind"))
    yield line("learned vote, options' looks", _believed(seen, fold)[0], known.get("kind"), note=LOOKS)


def _voted(panel: Panel, by: str | None, fold: NDArray[np.intp]) -> Floats:
    """The vote of `judging.voting` with the weights that ensembles give it by `choosing.estimates`."""
    score = np.zeros(panel.n)
    for held in range(FOLDS):
        weights = _weights(panel.rows(np.flatnonzero(fold != held)), by)
        for row in np.flatnonzero(fold == held):
            of = weights.get(panel.kinds[row] if by == "kind" else None)
            spoke = [place for place, text in enumerate(panel.said[row]) if text is not None]
            ballots = [
                Ballot(panel.voters[place], panel.said[row, place], of[place] if of else 1.0)
                for place in spoke
            ]
            score[row] = panel.right[row, spoke[vote(ballots).winner]] if ballots else 0.0
    return score


def _weights(past: Panel, by: str | None) -> dict[str | None, list[float]]:
    if by is None:
        return {}
    right = np.nan_to_num(past.right)
    observed = [
        Observed(name, TASK, kind, judged=float(at.sum()), quality=float(right[at, place].mean()))
        for kind in sorted(set(past.kinds))
        for at in [past.kinds == kind]
        for place, name in enumerate(past.voters)
    ]
    estimates = learnt(observed, 1)
    return {
        kind: [
            weight_among_many(estimates.quality_of(name, None, None, kind).mean, 1.0) for name in past.voters
        ]
        for kind in (None, *sorted(set(past.kinds)))
    }


def _believed(panel: Panel, fold: NDArray[np.intp], *, choose: bool = False) -> tuple[Floats, str]:
    score, taken = np.zeros(panel.n), []
    for held in range(FOLDS):
        rest, places = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        past = panel.rows(rest)
        members = chosen_members(past, (fold[rest] + 1) % FOLDS) if choose else panel.voters
        taken.append(len(members))
        some = panel.of(members).rows(places)
        found = learnt_belief(past.of(members)).believed(some)
        right = np.nan_to_num(some.right)[np.arange(some.n), np.maximum(found.best, 0)]
        score[places] = np.where(found.best >= 0, right, 0.0)
    return score, ", ".join(map(str, taken))
