"""`nightpress cache` and `nightpress spend`: figures and reasons in the terminal, mistakes in a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_reporting import RECIPE, committed

from deployments.cli.main import main
from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.storing.filesystem import Store

EDITED = RECIPE.replace("On {{", "Write on {{")


@pytest.fixture(autouse=True)
def _state(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


@pytest.fixture
def night(tmp_path):
    """A store with a committed run, its recipe edited, the models file and the table beside it."""
    with RunningSimulator(SimulatorConfig()) as simulator:
        store = Store.open(str(tmp_path / "store"))
        committed(store, simulator, tmp_path, "night")
        (tmp_path / "notes.yaml").write_text(RECIPE)
        (tmp_path / "edited.yaml").write_text(EDITED)
        models = f'providers: {{sim: {{api: openai, base_url: "{simulator.openai_url}"}}}}\n'
        price = "price: {input: 100, output: 200}"
        (tmp_path / "models.yaml").write_text(
            f"{models}models: {{one: {{provider: sim, id: one, {price}}}}}\n"
        )
        yield tmp_path


def explain(folder: Path, recipe: str, *more: str) -> int:
    where = ["--store", str(folder / "store"), "--models", str(folder / "models.yaml")]
    table = ["--requests", str(folder / "requests.jsonl")]
    return main(["cache", "explain", str(folder / recipe), *where, *table, *more])


def test_an_unchanged_recipe_costs_nothing_tonight(night, capsys):
    assert explain(night, "notes.yaml") == 0
    out = capsys.readouterr().out
    assert "0 of 1 call would be asked anew, at no cost\n" in out
    assert "simulated answers are among those served" in out


def test_an_edit_is_named_with_what_differs_and_what_it_costs(night, capsys):
    assert explain(night, "edited.yaml") == 0
    out = capsys.readouterr().out
    assert "1 of 1 call would be asked anew, about $" in out
    assert "; what changed in make invalidates make\n" in out
    assert "user: On tides" in out
    assert "Write on tides" in out


def test_one_request_is_shown_call_by_call(night, capsys):
    assert explain(night, "edited.yaml", "--request", "a") == 0
    assert "prompt: user: On tides → Write on tides" in capsys.readouterr().out
    assert explain(night, "edited.yaml", "--request", "zz") == 2
    assert "there is no request 'zz' in the table" in capsys.readouterr().err


def test_the_store_may_be_given_before_the_action_too(night, capsys):
    store = str(night / "store")
    assert main(["cache", "--store", store]) == 0
    assert "1 call can be reused; 1 key file," in capsys.readouterr().out
    assert main(["cache", "--store", store, "prune", "--run", "night", "--dry-run"]) == 0
    assert "1 call of 1 run would be taken out of the ledger" in capsys.readouterr().out


def test_what_is_pruned_would_be_asked_anew(night, capsys):
    store = str(night / "store")
    assert main(["cache", "prune", "--store", store, "--run", "night"]) == 0
    assert "1 call of 1 run taken out of the ledger" in capsys.readouterr().out
    assert explain(night, "notes.yaml") == 0
    assert "not in the ledger any more 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cache", "prune"], "nothing says which calls to take out"),
        (["cache", "prune", "--run", "nihgt"], "there is no committed run 'nihgt'"),
        (["spend", "--since", "2026-02-01", "--until", "2026-01-01"], "ends before it begins"),
        (["spend", "--recipe", "ntoes"], "--recipe: there is no recipe 'ntoes'; did you mean 'notes'?"),
        (["spend", "--recipe", "zzz"], "there is no recipe 'zzz'; known: "),
    ],
)
def test_a_mistake_is_a_line(night, capsys, words, said):
    assert main([*words, "--store", str(night / "store")]) == 2
    assert said in capsys.readouterr().err


def test_spend_keeps_simulated_money_apart(night, capsys):
    assert main(["spend", "--by", "model", "--store", str(night / "store")]) == 0
    out = capsys.readouterr().out
    assert "Simulated by model: no real money" in out
    assert "Spend by model" not in out
    assert main(["spend", "--since", "2026-02-01", "--store", str(night / "store")]) == 0
    assert "no call of a committed run is in view" in capsys.readouterr().out


def test_a_recipe_that_exists_and_has_spent_nothing_is_no_mistake(night, capsys):
    for view in (["--recipe", "notes", "--since", "2026-02-01"], ["--recipe", "technical-blog"]):
        assert main(["spend", *view, "--store", str(night / "store")]) == 0
        assert "no call of a committed run is in view" in capsys.readouterr().out


def test_pruning_a_recipe_that_there_is_not_says_so(night, capsys):
    assert main(["cache", "prune", "--recipe", "nots", "--store", str(night / "store")]) == 2
    assert "there is no recipe 'nots'" in capsys.readouterr().err
