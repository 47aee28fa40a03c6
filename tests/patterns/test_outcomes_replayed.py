"""The benchmark's vote is the pattern's: recorded answers through a real ensemble, over the wire."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from ensemble_rig import member, recipe

from tasks.choosing.belief import learnt_belief
from tasks.choosing.estimates import Estimates
from tasks.choosing.stopping import Stopping, replayed
from tasks.storing.errors import UserError
from tests.outcomes import chains
from tests.outcomes.data import opened
from tests.outcomes.voting import STRONG, asked, panel_of

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
    questions = data.table("mmlu_pro_questions")
    ids, panel = panel_of(data.table("mmlu_pro_preds"), questions, STRONG)
    return replace(panel, voters=MODELS), np.array(asked(questions, ids), dtype=object)


def test_an_ensemble_takes_the_answers_that_the_benchmark_scores(rig, recorded):
    known, texts = recorded
    past, places = known.rows(np.arange(0, known.n, 4)), np.arange(1, known.n, 4)
    new = known.rows(places)
    belief = learnt_belief(past)
    rig.estimates = Estimates(beliefs=(belief,))
    split = [len(set(row)) == len(MODELS) and None not in row for row in new.said]
    long = (new.signals[:, :, 1] > 2 * len(ENDING)).all(axis=1)
    some = np.flatnonzero(np.array(split) & long)[:ROWS]
    new, texts = new.rows(some), texts[places[some]]
    assert new.n == ROWS
    expected = belief.believed(new)
    make = recipe({"ensemble": {"members": [member(name) for name in MODELS]}}, request_type="topic")
    for row in range(ROWS):
        for place, name in enumerate(MODELS):
            rig.answers(name, written(new.said[row, place].strip('"'), new.signals[row, place, 1]))
        made = rig.make(make, topic=new.kinds[row], question=texts[row])
        best = made.draft.data["best_individual"]
        assert best["member"] == MODELS[expected.best[row]]
        assert best["chance"] == pytest.approx(expected.chance[row])


CASCADE = """
recipe: r
make: {{ask: {{model: {{cascade: [gpt, claude, gemini], by: belief, accept: {accept}}}, prompt: "Which?", format: json}}}}
"""


def test_a_cascade_asks_and_takes_what_the_benchmark_scores(rig):
    try:
        data = opened()
    except UserError as none:
        pytest.skip(str(none))
    if not data.has("chains"):
        pytest.skip(f"{data.folder} lacks chains")
    table = data.table("chains")
    _, panel, usd = chains.panel_of(table[table["dataset"] == "mmlu"])
    chosen = ("gpt-4o-mini", "qwen2.5-72b-instruct", "llama3.1-405b")
    usd = usd[:, [panel.voters.index(name) for name in chosen]]
    panel = panel.of(chosen)
    signals = np.exp(panel.signals[:, :, :1])  # what is stated goes from 0 to 1
    signals = np.concatenate([signals, np.full_like(signals, 1.0)], axis=2)
    panel = replace(panel, voters=MODELS, kinds=np.full(panel.n, None, dtype=object), signals=signals)
    beliefs = tuple(learnt_belief(panel.rows(np.arange(300)).of(MODELS[:size])) for size in (1, 2, 3))
    rig.estimates = Estimates(beliefs=beliefs)
    accept = (0.9, 0.85)
    new = panel.rows(np.arange(300, 300 + ROWS))
    expected = replayed(Stopping(MODELS, accept, beliefs), new, usd[300 : 300 + ROWS])
    assert len(set(expected.asked)) > 1
    for row in range(ROWS):
        for place, name in enumerate(MODELS):
            stated = {"content": new.said[row, place].strip('"'), "confidence": signals[300 + row, place, 0]}
            rig.answers(name, json.dumps(stated))
        before = len(rig.questions())
        made = rig.make(CASCADE.format(accept=list(accept)))
        assert len(rig.questions()) - before == expected.asked[row]
        assert made.draft.content == new.said[row, expected.voter[row]].strip('"')
