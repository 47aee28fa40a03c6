"""`nightpress replay` and `nightpress simulate --replay`: a line for every mistake, and no call for a what-if."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest
from test_reporting import RECIPE, committed

from deployments.cli.main import main
from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.storing.filesystem import Store


@pytest.fixture
def night(tmp_path, monkeypatch):
    """A store with a committed run whose provider is gone, and two recipes."""
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("NIGHTPRESS_MODELS", raising=False)
    monkeypatch.chdir(tmp_path)
    store = Store.open(str(tmp_path / "store"))
    with RunningSimulator(SimulatorConfig()) as simulator:
        committed(store, simulator, tmp_path, "night")
    (tmp_path / "notes.yaml").write_text(RECIPE)
    (tmp_path / "edited.yaml").write_text(RECIPE.replace("On {{", "Write on {{"))
    return tmp_path


def replay(folder: Path, recipe: str, *more: str) -> int:
    return main(
        ["replay", "night", "--recipe", str(folder / recipe), "--store", str(folder / "store"), *more]
    )


def test_a_what_if_needs_no_provider_and_no_models_file(night, capsys):
    assert replay(night, "notes.yaml", "--out", str(night / "rows.parquet")) == 0
    said = capsys.readouterr().out
    assert "1 of 1 row known whole from recorded answers: 1 with the same content; $0." in said
    assert "some recorded answers are simulated" in said
    (row,) = pq.read_table(night / "rows.parquet").to_pylist()
    assert (row["request_id"], row["came"], row["content"]) == ("a", "whole", row["content_then"])


def test_what_is_not_recorded_is_priced(night, capsys):
    assert replay(night, "edited.yaml") == 0
    said = capsys.readouterr().out
    assert "0 of 1 row known whole" in said
    assert "not recorded: 1 call of 1 row, about $0." in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "nigth", "--recipe", "notes.yaml", "--store", "store"], "did you mean 'night'?"),
        (["replay", "night", "--recipe", "none.yaml", "--store", "store"], "none.yaml"),
        (["replay", "night", "--recipe", "notes.yaml", "--store", "store", "--out", "no/rows.parquet"], "no/rows.parquet: cannot"),
        (["simulate", "--speed", "1"], "--speed: there is nothing to replay"),
        (["simulate", "--replay", "none"], "none: there is no Parquet file"),
        (["simulate", "--replay", "store", "--columns", "a"], "--columns: 'a' names no column"),
    ],
)  # fmt: skip
def test_mistakes_are_a_line(night, capsys, arguments, said):
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_store_is_served_again_from_the_command_line(night):
    command = [sys.executable, "-m", "deployments.cli.main", "simulate", "--replay", "store", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=night, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "replays 1 answer of 1 model to 1 prompt: one\n"
            url = server.stdout.readline().split()[-1]
            asked = {"model": "one", "messages": [{"role": "user", "content": "On tides"}]}
            answer = httpx.post(f"{url}/v1/chat/completions", json=asked, trust_env=False).json()
        finally:
            server.send_signal(signal.SIGTERM)
    (output,) = pq.read_table(night / "store" / "calls").to_pylist()
    assert answer["choices"][0]["message"]["content"] == output["response"]
