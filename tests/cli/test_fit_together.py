"""`nightpress fit --together`: what is learnt of answers together is kept, and runs use it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from deployments.cli.main import main
from tasks.calling.catalog import Catalog
from tasks.landing.beliefs import PATH, kept_beliefs
from tasks.landing.learning import estimates_for
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store


def catalog(*names: str) -> Catalog:
    provider = {"api": "openai", "base_url": "http://127.0.0.1:9"}
    models = {name: {"provider": "here", "id": name} for name in names}
    return Catalog.model_validate({"providers": {"here": provider}, "models": models})


def fit(quality: str = "0.85", file: str = "outcomes.csv") -> int:
    return main(["fit", file, "--together", "--quality", quality, "--longest", "2", "--store", "st"])


@pytest.fixture
def outcomes(tmp_path, monkeypatch) -> pd.DataFrame:
    """A hundred and fifty questions of ten answers: two cheap models that err apart, and a dear one."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    rows = []
    for number in range(150):
        truth = random.integers(0, 10)
        for model, skill, usd in (("one", 0.7, 0.001), ("two", 0.7, 0.001), ("dear", 0.9, 0.05)):
            said = truth if random.random() < skill else random.integers(0, 10)
            answer = f"Answer: {said}"
            rows.append((f"r{number}", model, answer, float(said == truth), usd))
    return pd.DataFrame(rows, columns=["request_id", "model", "answer", "quality", "usd"])


def test_the_line_is_a_cascade_and_what_was_learnt_is_in_the_next_plan(outcomes, capsys):
    outcomes.to_parquet("outcomes.parquet")
    assert fit(file="outcomes.parquet") == 0
    out = capsys.readouterr().out
    line = out.splitlines()[-1]
    assert "150 requests that all of one, two, dear answered" in out
    assert "by: belief" in line
    load_recipe(f"recipe: r\nmake:\n  ask:\n    {line}\n    prompt: p\n")
    known = catalog("one", "two", "dear")
    store = Store.open("st")
    estimates = estimates_for(store, known, pd.Timestamp("2026-01-01").date())
    assert set(estimates.belief_of(["one", "two", "dear"]).voters) == {"one", "two", "dear"}
    assert all(each.voters == ("one",) for each in kept_beliefs(store, catalog("one")))


def test_learning_again_takes_the_place_of_what_was_learnt(outcomes):
    outcomes.to_csv("outcomes.csv")
    for _ in range(2):
        fit()
    voters = [
        frozenset(each.voters) for each in kept_beliefs(Store.open("st"), catalog("one", "two", "dear"))
    ]
    assert len(voters) == len(set(voters))


def test_a_damaged_file_says_nothing(tmp_path):
    store = Store.open(str(tmp_path / "st"))
    store.write(PATH, b"{")
    assert kept_beliefs(store, catalog("one")) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="answer"), "the column 'answer' is missing"),
        (lambda table: table.head(30), "10 requests that all of one, two, dear answered are too few"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(outcomes, capsys, change, said):
    change(outcomes).to_csv("outcomes.csv", index=False)
    assert fit() == 2
    assert said in capsys.readouterr().err
