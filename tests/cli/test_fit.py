"""`nightpress fit`: thresholds of a cascade from a file or from a store, and the line to paste."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deployments.cli.main import main
from tasks.patterns.model_choice import Cascade
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import OUTPUTS


@pytest.fixture
def outcomes(tmp_path, monkeypatch) -> pd.DataFrame:
    """Four hundred requests: cheap is right half the time and knows it, strong always, poor never."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NIGHTPRESS_STORE", raising=False)
    right = np.random.default_rng(1).random(400) < 0.5
    rows = [
        {"request_id": f"r{number}", "model": model, "signal": signal, "quality": quality, "usd": usd}
        for number, knows in enumerate(right.astype(float))
        for model, signal, quality, usd in (
            ("cheap", 0.3 + 0.6 * knows, knows, 0.001), ("strong", 0.9, 1.0, 0.01), ("a poor one", 0.5, 0.0, 0.02),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows)


def fitted(capsys, *options: str, code: int = 0) -> str:
    assert main(["fit", *options]) == code
    return capsys.readouterr().out


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_the_thresholds_are_told_with_the_line_to_paste(outcomes, capsys, kind) -> None:
    path = f"outcomes.{kind}"
    if kind == "parquet":
        outcomes.to_parquet(path)
    elif kind == "csv":
        outcomes.to_csv(path, index=False)
    else:
        outcomes.to_json(path, orient="records", lines=True)
    out = fitted(capsys, path, "--cascade", "cheap,strong", "--quality", "0.98")
    assert "400 requests that all of cheap, strong answered" in out
    assert "a quality of 0.98 is kept with a margin for chance, at the least cost" in out
    assert out.splitlines()[-1] == "model: {cascade: [cheap, strong], accept: [0.6]}"
    assert "strong alone" in out


def test_the_line_is_a_model_that_recipes_take(outcomes, capsys) -> None:
    outcomes.to_csv("outcomes.csv", index=False)
    line = fitted(capsys, "outcomes.csv", "--cascade", "cheap,strong", "--quality", "0.98").splitlines()[-1]
    recipe = load_recipe(f"recipe: r\nmake:\n  ask:\n    {line}\n    prompt: p\n")
    assert recipe.make.ask is not None
    assert isinstance(recipe.make.ask.model, Cascade)
    assert recipe.make.ask.model.threshold(0) == 0.6


def test_a_wished_cost_is_kept(outcomes, capsys) -> None:
    outcomes.to_csv("outcomes.csv", index=False)
    out = fitted(capsys, "outcomes.csv", "--cascade", "cheap,strong", "--usd", "0.0015")
    assert "$0.0015 a request is kept with a margin for chance, with the most quality" in out
    assert out.splitlines()[-1] == "model: cheap"


def test_a_wish_out_of_reach_is_told_by_the_exit_code_too(outcomes, capsys) -> None:
    outcomes[outcomes["model"] == "cheap"].to_csv("outcomes.csv", index=False)
    out = fitted(capsys, "outcomes.csv", "--cascade", "cheap", "--quality", "0.9", code=1)
    assert "no thresholds reach a quality of 0.9 with a margin for chance" in out


def test_without_a_cascade_the_best_chain_is_looked_for(outcomes, capsys) -> None:
    outcomes.to_csv("outcomes.csv", index=False)
    out = fitted(capsys, "outcomes.csv", "--quality", "0.98")
    assert out.splitlines()[-1] == "model: {cascade: [cheap, strong], accept: [0.6]}"


def test_a_better_chain_of_the_same_models_is_told_of(outcomes, capsys) -> None:
    outcomes.to_csv("outcomes.csv", index=False)
    out = fitted(capsys, "outcomes.csv", "--cascade", "a poor one,cheap,strong", "--quality", "0.98")
    assert "better: cheap → strong, for $" in out
    assert 'model: {cascade: ["a poor one", cheap, strong], accept: [' in out.splitlines()[-1]


def test_requests_that_lack_a_model_and_too_few_of_them_are_told(outcomes, capsys) -> None:
    outcomes[(outcomes["model"] != "strong") | (outcomes.index < 60)].to_csv("outcomes.csv", index=False)
    out = fitted(capsys, "outcomes.csv", "--cascade", "cheap,strong", "--quality", "0.4")
    assert "20 requests that all of cheap, strong answered; 380 others left out" in out
    assert "fewer than 30 requests say little" in out


def explored(store: Store) -> None:
    def step(model: str, quality: float, usd: float) -> dict[str, Any]:
        return {"path": "draft", "role": None, "model": model, "quality": quality, "usd": usd, "seconds": 1.0}

    rows = [
        {
            "run": "night", "recipe": "blog", "request_id": f"r{number}",
            "steps": [step("cheap", 0.5 + 0.45 * (number % 2), 0.001), step("strong", 0.95, 0.01)],
        }
        for number in range(200)
    ]  # fmt: skip
    tonight = datetime.now().astimezone().date()
    write_part(store, part_path("outputs", tonight, "night-0"), OUTPUTS, rows)


def test_explored_rows_of_a_store_can_be_fitted_to_and_what_is_weak_about_them_is_said(
    outcomes, capsys
) -> None:
    explored(Store.open("nightpress-store"))
    out = fitted(capsys, "--recipe", "blog", "--step", "draft", "--quality", "0.9")
    assert "signal and quality are both the judge's score" in out
    assert out.splitlines()[-1] == "model: {cascade: [cheap, strong], accept: [0.725]}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--usd", "1"], "there are no outcomes to fit to; give a file, or --recipe and --step of a store"),
        (["--recipe", "technical-blog", "--step", "drafd", "--usd", "1"], "no scored answer at step 'drafd' of recipe 'technical-blog'"),
        (["--recipe", "technical-blogg", "--step", "draft", "--usd", "1"], "--recipe: there is no recipe 'technical-blogg'; did you mean 'technical-blog'?"),
        (["--recipe", "zzz", "--step", "draft", "--usd", "1"], "there is no recipe 'zzz'; known: "),
        (["none.csv", "--usd", "1"], "none.csv: there is no such file"),
        (["good.xls", "--usd", "1"], "outcomes are Parquet, CSV or JSONL; .parquet, .csv, .jsonl"),
        (["good.csv", "--cascade", "cheap,strogn", "--usd", "1"], "model 'strogn' is not in the outcomes; did you mean 'strong'?"),
        (["column.csv", "--usd", "1"], "column.csv: the column 'signal' is missing; did you mean 'signals'?"),
        (["words.csv", "--usd", "1"], "the column 'usd' is to hold numbers"),
        (["logarithms.csv", "--usd", "1"], "'signal' goes from 0 to 1; a logarithm of a probability"),
        (["broken.parquet", "--usd", "1"], "it cannot be read"),
        (["apart.csv", "--usd", "1"], "no request has a figure of each of cheap, strong"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_a_line_with_what_to_do(outcomes, capsys, tmp_path, options, said) -> None:
    outcomes.to_csv("good.csv", index=False)
    outcomes.rename(columns={"signal": "signals"}).to_csv("column.csv", index=False)
    outcomes.assign(usd="dear").to_csv("words.csv", index=False)
    outcomes.assign(signal=-0.3).to_csv("logarithms.csv", index=False)
    (tmp_path / "broken.parquet").write_bytes(b"not Parquet")
    two = outcomes.iloc[[0, 4]]
    two.to_csv("apart.csv", index=False)
    assert main(["fit", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["f.csv"], ["f.csv", "--quality", "2"], ["f.csv", "--usd", "1", "--quality", "1"], ["f.csv", "--usd", "1", "--cascade", "a,a"]])  # fmt: skip
def test_a_wish_is_one_number_within_bounds(wrong, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fit", *wrong])
    assert ended.value.code == 2
