"""The benchmark's vote is the pattern's: recorded answers through a real ensemble, over the wire."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ensemble_rig import member, recipe

from tasks.choosing.belief import learnt_belief
from tasks.choosing.estimates import Estimates
from tasks.storing.errors import UserError
from tests.outcomes.data import opened
from tests.outcomes.voting import STRONG, panel_of

MODELS = ("gpt", "claude", "gemini")
ROWS = 12
ENDING = "\nAnswer: {}"


def written(letter: str, characters: float) -> str:
    """A text of that length that comes to that letter."""
    ending = ENDING.format(letter)
    return "t" * (int(characters) - len(ending)) + ending


@pytest.fixture(scope="module")
def recorded():
    try:
        data = opened()
    except UserError as none:
        pytest.skip(str(none))
    if not data.has("mmlu_pro_preds", "mmlu_pro_questions"):
        pytest.skip(f"{data.folder} lacks MMLU-Pro")
    _, panel = panel_of(data.table("mmlu_pro_preds"), data.table("mmlu_pro_questions"), STRONG)
    return replace(panel, voters=MODELS)


def test_an_ensemble_takes_the_answers_that_the_benchmark_scores(rig, recorded):
    past, new = recorded.rows(np.arange(0, recorded.n, 4)), recorded.rows(np.arange(1, recorded.n, 4))
    belief = learnt_belief(past)
    rig.estimates = Estimates(beliefs=(belief,))
    split = [len(set(row)) == len(MODELS) and None not in row for row in new.said]
    long = (new.signals[:, :, 1] > 2 * len(ENDING)).all(axis=1)
    new = new.rows(np.flatnonzero(np.array(split) & long)[:ROWS])
    assert new.n == ROWS
    expected = belief.believed(new)
    make = recipe({"ensemble": {"members": [member(name) for name in MODELS]}}, request_type="topic")
    for row in range(ROWS):
        for place, name in enumerate(MODELS):
            rig.answers(name, written(new.said[row, place].strip('"'), new.signals[row, place, 1]))
        made = rig.make(make, topic=new.kinds[row])
        best = made.draft.data["best_individual"]
        assert best["member"] == MODELS[expected.best[row]]
        assert best["chance"] == pytest.approx(expected.chance[row])
