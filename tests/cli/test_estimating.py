"""`nightpress check --requests` says what a night may cost before it does; `--sample` makes a few rows of it for real."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pandas as pd
import pytest

from deployments.cli.main import main
from deployments.cli.sampling import sample_of
from deployments.simulator.config import Profile, SimulatedPrice, SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.landing.plan import read_manifest
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tests.flows.flow_rig import MODELS, RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployments.cli.prefect_server import Server

DEMO = Path(__file__).parents[2] / "deployments" / "demo"
ROWS = 20


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NIGHTPRESS_STORE", "NIGHTPRESS_MODELS", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    Path("short.yaml").write_text(RECIPE)
    Path("models.yaml").write_text(MODELS.format(url="http://127.0.0.1:9/v1", key=""))
    with Path("requests.csv").open("w") as file:
        rows = [[f"r{number}", f"topic {number}"] for number in range(ROWS)]
        csv.writer(file).writerows([["request_id", "topic"], *rows])


def check(*more: str) -> int:
    given = [
        "check",
        "./short.yaml",
        "--models",
        "models.yaml",
        "--store",
        "store",
        "--requests",
        "requests.csv",
    ]
    return main([*given, *more])


def test_an_estimate_reads_in_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    recipes = {"fact-check": 12, "autonomous-team": 4, "intelligent-routing": 11}
    for name, rows in recipes.items():
        given = ["check", name, "--models", str(DEMO / "models.yaml"), "--store", "store"]
        assert main([*given, "--requests", str(DEMO / f"{name}.csv")]) == 0
        said = capsys.readouterr().out
        assert f"requests {rows} good, 0 rejected\nestimate {rows} rows; no past run: prior\n" in said
        estimate = said[said.index("estimate ") :].splitlines()
        assert max(map(len, estimate)) <= 100
        assert not any("…" in line and "|" in line for line in estimate)


def test_an_estimate_tells_per_row_and_per_run_and_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    said = capsys.readouterr().out
    assert re.search(r"row, mean +row, worst +run, mean +run, 19 of 20 times +run, worst\n", said)
    assert re.search(r"^calls +2\.0 +2 +40 +40$", said, re.MULTILINE)
    assert re.search(
        r"^USD +\$0\.\d+ +\$0\.\d+ +\$0\.\d+ +\$[\d.]+ to \$[\d.]+ +\$[\d.]+$", said, re.MULTILINE
    )
    assert re.search(r"^tokens out +42 +120 +840 +2,400$", said, re.MULTILINE)
    assert re.search(r"the run takes about \d+ seconds with 100 calls at once; held up most by ", said)
    assert re.search(r"^  outline +one +1\.0 +\d+ +21 ", said, re.MULTILINE)
    assert re.search(r"^  draft +one +1\.0 ", said, re.MULTILINE)


def test_what_is_not_known_is_said_and_not_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    models = Path("models.yaml").read_text().replace(", price: {input: 100, output: 200}", "")
    Path("models.yaml").write_text(models)
    assert check() == 0
    said = capsys.readouterr().out
    assert re.search(r"^USD( +not known){5}$", said, re.MULTILINE)
    assert "no price is known for one" in said
    assert "$0.00" not in said


def test_a_limit_that_would_hold_the_run_back_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("short.yaml").write_text(RECIPE + "max_estimate_usd: 0.01\n")
    assert check() == 0
    assert "limit    a run would not start: 20 rows are expected to cost $" in capsys.readouterr().out
    Path("short.yaml").write_text(RECIPE + "max_estimate_usd: 100\n")
    assert check() == 0
    assert "limit    within the recipe's max_estimate_usd of $100.00" in capsys.readouterr().out


def test_a_sample_needs_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "./short.yaml", "--models", "models.yaml", "--sample", "3"]) == 2
    assert "--sample: a sample is one of rows; give their table with --requests" in capsys.readouterr().err


def test_a_table_without_rows_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("requests.csv").write_text("request_id,topic\n")
    assert check("--sample", "3") == 0
    assert capsys.readouterr().out.endswith(
        "requests 0 good, 0 rejected\nestimate 0 rows; no past run: prior\n"
    )


@pytest.mark.parametrize(
    ("number", "chosen"), [(1, [0]), (4, [0, 5, 10, 15]), (3, [0, 6, 13]), (99, list(range(ROWS)))]
)
def test_a_sample_is_spread_over_the_table_and_always_the_same(number: int, chosen: list[int]) -> None:
    recipe, catalog = load_recipe(Path("short.yaml")), load_catalog(Path("models.yaml"))
    night = pd.Timestamp("2026-01-31").date()
    found = sample_of("requests.csv", recipe, catalog, night, rows=ROWS, number=number)
    assert [each.request_id for each in found.rows] == [f"r{place}" for place in chosen]
    assert found == sample_of("requests.csv", recipe, catalog, night, rows=ROWS, number=number)
    assert re.fullmatch(r"short-sample-2026-01-31-[0-9a-f]{6}", found.run)
    lines = Path(found.written(Path())).read_text().splitlines()
    assert orjson.loads(lines[0]) == {"request_id": "r0", "topic": "topic 0", "words": 20}


def test_another_sample_is_another_run() -> None:
    recipe, catalog = load_recipe(Path("short.yaml")), load_catalog(Path("models.yaml"))
    night = pd.Timestamp("2026-01-31").date()
    other = load_recipe(RECIPE.replace("Outline", "Sketch"))
    names = {
        sample_of("requests.csv", each, catalog, night, rows=ROWS, number=number).run
        for each, number in ((recipe, 3), (recipe, 4), (other, 3))
    }
    assert len(names) == 3


@pytest.fixture
def simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: Server
) -> Iterator[RunningSimulator]:
    """A simulated provider that `models.yaml` names, and a Prefect server that is up."""
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.url)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    profile = Profile(price=SimulatedPrice(input=100, output=200), words=20)
    config = SimulatorConfig.model_validate({"default": profile, "overhead_text": False})
    with RunningSimulator(config) as running:
        Path("models.yaml").write_text(MODELS.format(url=running.openai_url, key=""))
        yield running


def test_a_sample_is_made_told_and_not_paid_again_by_the_night(
    simulator: RunningSimulator, capfd: pytest.CaptureFixture[str]
) -> None:
    night = ["--run-date", "2026-01-31"]
    assert check("--sample", "4", *night) == 0
    said = capfd.readouterr().out
    assert re.search(
        r"^sample   4 of 20 rows, as run short-sample-2026-01-31-\w{6}: expected to cost \$0\.\d+",
        said,
        re.MULTILINE,
    )
    assert (
        said.index("sample   4 of 20")
        < said.index("committed")
        < said.index("estimate 20 rows; 1 past run, 4 rows")
    )
    assert simulator.stats()["calls"] == 8

    given = [
        "requests.csv",
        "--recipe",
        "./short.yaml",
        "--models",
        "models.yaml",
        "--store",
        "store",
        *night,
    ]
    assert main(["run", *given]) == 0
    manifest = read_manifest(Store.open("store"), "short-2026-01-31")
    assert (manifest["calls"]["cached"], manifest["calls"]["sent"]) == (8, 32)
    assert simulator.stats()["calls"] == 8 + 32
    assert manifest["estimate"]["basis"] == "1 past run, 4 rows"
    whole = manifest["usd"]["spent"] + manifest["usd"]["saved"]
    assert manifest["estimate"]["usd"] == pytest.approx(whole, rel=0.3)
