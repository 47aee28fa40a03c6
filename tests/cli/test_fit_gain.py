"""`nightpress fit --gain`: the share for the stronger model from a file, and the line to paste."""

from __future__ import annotations

import pandas as pd
import pytest

from deployments.cli.main import main
from tasks.landing.gains import kept_routings
from tasks.patterns.model_choice import Cascade
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store


@pytest.fixture
def outcomes(tmp_path, monkeypatch) -> pd.DataFrame:
    """Eighty requests: of proofs only the dear model is right, of tides both."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for number in range(80):
        about, cheap = ("proofs", 0.0) if number % 2 else ("tides", 1.0)
        for model, quality, usd in (("dear", 1.0, 0.01), ("the cheap one", cheap, 0.001)):
            rows.append((f"r{number}", model, f"Tell of {about}, case {number}.", quality, usd))
    return pd.DataFrame(rows, columns=["request_id", "model", "request", "quality", "usd"])


def fit(*more: str) -> int:
    return main(["fit", "outcomes.csv", "--gain", "--store", "st", *more])


def test_the_line_is_a_share_and_what_says_which_requests_is_kept_for_any_recipe(outcomes, capsys) -> None:
    outcomes.to_csv("outcomes.csv", index=False)
    assert fit("--quality", "0.85") == 0
    out = capsys.readouterr().out
    assert "80 requests that both the cheap one and dear answered" in out
    assert "alone    quality 0.500, $0.001000 a request: the cheap one" in out
    line = out.splitlines()[-1]
    recipe = load_recipe(f"recipe: r\nmake:\n  ask:\n    {line}\n    prompt: p\n")
    assert recipe.make.ask is not None
    chain = recipe.make.ask.model
    assert isinstance(chain, Cascade)
    assert (chain.cascade, chain.by) == (("the cheap one", "dear"), "gain")
    assert 0.4 < chain.strong_share < 0.6
    (kept,) = kept_routings(Store.open("st"), "whichever")
    assert (kept.cheap, kept.strong, kept.step, kept.router.n) == ("the cheap one", "dear", None, 80)


def test_a_wished_cost_is_kept(outcomes, capsys) -> None:
    outcomes.to_csv("outcomes.csv", index=False)
    assert fit("--usd", "0.004") == 0
    share = float(capsys.readouterr().out.splitlines()[-1].rsplit("share: ", 1)[1].rstrip("}"))
    assert 0.001 + share * 0.009 < 0.004


def test_a_wish_out_of_reach_is_told_by_the_exit_code_too(outcomes, capsys) -> None:
    outcomes.assign(quality=outcomes["quality"] * 0.9).to_csv("outcomes.csv", index=False)
    assert fit("--quality", "0.95") == 1
    assert "no share fulfils the wish" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="request"), "the column 'request' is missing"),
        (lambda table: table.head(20), "10 requests that both the cheap one and dear answered are too few"),
        (lambda table: table.assign(model="one"), "that of one model over another, and here are 1"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(outcomes, capsys, change, said) -> None:
    change(outcomes).to_csv("outcomes.csv", index=False)
    assert fit("--quality", "0.8") == 2
    assert said in capsys.readouterr().err


def test_a_store_needs_a_recipe_and_a_step(capsys) -> None:
    assert main(["fit", "--gain", "--quality", "0.8"]) == 2
    assert "there are no outcomes to fit to" in capsys.readouterr().err
