"""A whole night through the command line into a bucket: on moto, and on radosgw where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator

RECIPE = """
recipe: notes
request: {topic: {type: str}}
make:
  pipeline:
    - name: outline
      ask: {model: first, prompt: "Outline {{ request.topic }}"}
    - name: text
      ask: {model: second, prompt: "Write it:\\n{{ outline }}"}
"""
MODELS = """
providers:
  a: {{api: openai, base_url: "{0.openai_url}"}}
  b: {{api: anthropic, base_url: "{0.anthropic_url}"}}
models:
  first: {{provider: a, id: one, price: {{input: 1, output: 2}}}}
  second: {{provider: b, id: two, price: {{input: 1, output: 2}}}}
"""
ROWS = 40


def night(folder: Path, bucket, *more: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "deployments.cli.main", "run", "requests.csv", "--recipe", "./notes.yaml", "--models",
        "models.yaml", "--store", bucket.url, "--run-date", "2026-01-31", *more,
    ]  # fmt: skip
    environment = {**os.environ, **bucket.environment, "NIGHTPRESS_STATE": str(folder / "state")}
    environment.pop("PREFECT_API_URL", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180)


def a_night_lands_and_is_not_paid_twice(folder: Path, bucket) -> None:
    (folder / "notes.yaml").write_text(RECIPE)
    (folder / "requests.csv").write_text("topic\n" + "".join(f"topic {n}\n" for n in range(ROWS)))
    with RunningSimulator(SimulatorConfig(words=60)) as simulator:
        (folder / "models.yaml").write_text(MODELS.format(simulator))
        first = night(folder, bucket)
        assert first.returncode == 0, first.stdout + first.stderr
        assert simulator.stats()["calls"] == 2 * ROWS
        options = {**bucket.storage_options, "use_listings_cache": False}
        read = {name: pd.read_parquet(f"{bucket.url}/{name}", storage_options=options) for name in TABLES}
        assert (read["outputs"]["status"] == "made").sum() == ROWS
        assert len(read["calls"]) == 2 * ROWS
        assert set(read["outputs"]["run_date"].astype(str)) == {"2026-01-31"}

        again = night(folder, bucket)
        assert again.returncode == 0, again.stdout + again.stderr
        assert simulator.stats()["calls"] == 2 * ROWS

        other = night(folder, bucket, "--run", "other")
        assert other.returncode == 0, other.stdout + other.stderr
        assert simulator.stats()["calls"] == 2 * ROWS, "another run's answers are reused from the bucket"
        calls = pd.read_parquet(f"{bucket.url}/calls", storage_options=options)
        hits = calls[calls["run"] == "other"]
        assert hits["cached"].all()
        assert len(hits) == 2 * ROWS


TABLES = ("outputs", "calls", "rejects", "deferred", "metrics", "model_metrics", "scores")


def test_a_night_into_moto_lands_and_is_not_paid_twice(tmp_path, s3_bucket):
    a_night_lands_and_is_not_paid_twice(tmp_path, s3_bucket)


@pytest.mark.radosgw
def test_a_night_into_radosgw_lands_and_is_not_paid_twice(tmp_path, radosgw_bucket):
    a_night_lands_and_is_not_paid_twice(tmp_path, radosgw_bucket)
