"""What README shows is true: its YAML loads, its commands parse, its make targets exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from deployments.cli.arguments import parser
from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.patterns.recipe import load_recipe
from tasks.storing.schemas import TABLES

if TYPE_CHECKING:
    from tests.conftest import Bucket
    from tests.up_rig import Up

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [
        line[2:].replace("…", "x")
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    return [line.split("#")[0].strip() for line in lines]


def test_the_recipe_in_readme_loads():
    recipes = [block for block in blocks("yaml") if "recipe:" in block]
    assert len(recipes) == 1
    assert load_recipe(recipes[0], name="README").make.kind == "pipeline"


def test_the_models_in_readme_load():
    catalogs = [block for block in blocks("yaml") if "providers:" in block]
    assert len(catalogs) == 1
    assert set(load_catalog(catalogs[0], name="README").models) == {"gpt-4", "small"}


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("nightpress ")])
def test_a_nightpress_command_in_readme_parses(command):
    assert parser().parse_args(shlex.split(command)[1:]).command


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("make ")])
def test_a_make_target_in_readme_exists(command):
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_table_is_explained():
    assert [name for name in TABLES if f"`{name}`" not in README] == []


def test_every_option_of_run_is_explained():
    run = parser()._subparsers._group_actions[0].choices["run"]
    options = [each.option_strings[0] for each in run._actions if each.option_strings and each.dest != "help"]
    assert [option for option in options if f"`{option}" not in README and f" {option}" not in README] == []


# Started by other tests, which also stop them; `make` targets are what CI runs; what Docker would do is done natively
# in tests/deployments, as no Docker engine runs here.
ELSEWHERE = ("nightpress up", "nightpress simulate", "make ", "docker ")
SIMULATED = """
providers:
  sim: {{api: openai, base_url: "{url}", api_key: {{env: OPENAI_API_KEY}}}}
  also: {{api: openai, base_url: "{url}", api_key: {{env: ANTHROPIC_API_KEY}}}}
models:
  gpt-4: {{provider: sim, id: gpt-4o, family: openai, price: {{input: 2, output: 8}}, strengths: {{analysis: 0.9}}}}
  claude: {{provider: also, id: claude, family: anthropic, price: {{input: 3, output: 15}}}}
  mistral: {{provider: sim, id: mistral, family: mistral, price: {{input: 1, output: 1}}}}
"""


def forget_schedules_of_others(up: Up) -> None:
    """Leave `nightly` with its own schedule alone, as other tests find it."""
    nightly = up.deployments()["nightly"]
    for each in nightly["schedules"]:
        if each["slug"] is None:
            gone = httpx.delete(f"{up.url}/deployments/{nightly['id']}/schedules/{each['id']}", timeout=20)
            gone.raise_for_status()


def night_of(up: Up) -> dict[str, Any]:
    """The newest run of `nightly` that nobody scheduled, once it has ended."""
    mine = {"deployments": {"name": {"any_": ["nightly"]}}, "sort": "EXPECTED_START_TIME_DESC"}
    started = [run for run in up.ask("flow_runs/filter", **mine) if not run["auto_scheduled"]]
    return up.ended(started[0]["id"])


def test_every_command_in_readme_runs_in_the_order_it_stands(up: Up, s3_bucket: Bucket):
    """Verbatim, in one folder, with a models file whose models are simulated and a bucket of that name."""
    folder = up.folder
    s3_bucket.client.create_bucket(Bucket="bucket")
    (folder / "requests.csv").write_text("request_id,topic,product\nr1,tides,a tide clock\n")
    rated = f"r1,technical-blog-{datetime.now(UTC).date()},ann,4\n"
    (folder / "ratings.csv").write_text(f"request_id,run,rater,rating\n{rated}")
    answers = (
        f"r{number},mistral,{number % 2},{number % 2},0.001\nr{number},gpt-4,1,1,0.01" for number in range(60)
    )
    (folder / "outcomes.csv").write_text("\n".join(["request_id,model,signal,quality,usd", *answers]) + "\n")
    together = (
        f"r{number},{model},{number % 2 and said},{number % 2},{usd}"
        for number in range(80)
        for model, said, usd in (("mistral", 7, 0.001), ("claude", 7, 0.002))
    )
    together = [*together, *(f"r{number},gpt-4,7,1,0.01" for number in range(80))]
    (folder / "answers.csv").write_text("\n".join(["request_id,model,answer,quality,usd", *together]) + "\n")
    routed = (
        f"r{number},{model},{about} {number},{quality},{usd}"
        for number in range(80)
        for about in (("proofs", "tides")[number % 2],)
        for model, quality, usd in (("mistral", number % 2, 0.001), ("gpt-4", 1, 0.01))
    )
    (folder / "questions.csv").write_text("\n".join(["request_id,model,request,quality,usd", *routed]) + "\n")
    recipe = next(block for block in blocks("yaml") if "recipe:" in block)
    (folder / "product-note.yaml").write_text(recipe)
    environment = {
        **up.environment,
        **s3_bucket.environment,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    ran = []
    with RunningSimulator(SimulatorConfig()) as simulator:
        (folder / "models.yaml").write_text(SIMULATED.format(url=simulator.openai_url))
        for command in commands():
            if command.startswith(ELSEWHERE):
                continue
            if command.startswith("export "):
                environment |= dict(each.split("=", 1) for each in shlex.split(command)[1:])
                environment |= {"PREFECT_API_URL": up.url} if "PREFECT_API_URL" in environment else {}
                continue
            done = subprocess.run(
                ["bash", "-c", command.replace("deployments/production/", f"{folder}/")], cwd=ROOT if command.startswith("python3 ") else folder, env=environment, capture_output=True, text=True, timeout=120,
                check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr
            ran.append(command.split()[0:2])
            if command.startswith("prefect deployment run"):
                assert night_of(up)["state_type"] == "COMPLETED"
    (folder / "models.yaml").unlink()
    forget_schedules_of_others(up)
    assert ["prefect", "deployment"] in ran
    assert ["nightpress", "run"] in ran
