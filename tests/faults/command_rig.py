"""Nights run as the command runs them, each in a process of its own that a test may kill."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd

from tasks.landing.plan import read_manifest
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from deployments.simulator.running import RunningSimulator

RECIPE = """
recipe: short
about: Two steps
request:
  topic: {type: str}
make:
  pipeline:
    - name: outline
      ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}
    - name: draft
      ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }} from {{ outline }}"}
"""
MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  one: {{provider: sim, id: one, price: {{input: 100, output: 200}}}}
"""
SECONDS = 120


@dataclass
class Commands:
    """A folder with all that a night `night` of `rows` requests needs.

    Attributes:
        environment: of the processes; it says where Prefect is.
    """

    folder: Path
    url: str
    rows: int
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "short.yaml").write_text(RECIPE)
        (self.folder / "models.yaml").write_text(MODELS.format(url=self.url))
        lines = [
            orjson.dumps({"request_id": f"r{n}", "topic": f"topic {n}"}).decode() for n in range(self.rows)
        ]
        (self.folder / "requests.jsonl").write_text("\n".join(lines))

    def start(self, **changes: Any) -> subprocess.Popen[str]:
        """A night begun; it ends with the test at the latest."""
        parameters = {
            "requests": "requests.jsonl", "recipe": "./short.yaml", "models": "models.yaml", "store": "store",
            "run": "night", "run_date": "2026-01-31", **changes,
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.cli.night", orjson.dumps(parameters).decode()],
            cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def run(self, **changes: Any) -> tuple[int, str, str]:
        """A night from beginning to end: exit code, standard output, standard error."""
        process = self.start(**changes)
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out, err

    @property
    def store(self) -> Store:
        return Store.open(str(self.folder / "store"))

    def manifest(self) -> dict[str, Any] | None:
        return read_manifest(self.store, "night")

    def read(self, table: str) -> pd.DataFrame:
        """A table as an analyst reads it; empty before the first commit."""
        try:
            return pd.read_parquet(self.folder / "store" / table)
        except FileNotFoundError:
            return pd.DataFrame()

    def is_whole(self, simulator: RunningSimulator) -> None:
        """Every row is made once, every call stands once in the tables, and nobody's bill is missing."""
        outputs, calls, manifest = self.read("outputs"), self.read("calls"), self.manifest()
        assert manifest is not None
        assert manifest["rows"]["made"] == self.rows
        assert sorted(outputs["request_id"]) == sorted(f"r{n}" for n in range(self.rows))
        assert (outputs["status"] == "made").all()
        assert calls["call_id"].is_unique
        answered = calls[(calls["status"] == "ok") & ~calls["cached"]]
        assert answered.groupby(["request_id", "step"]).size().eq(1).all()
        assert len(answered) == 2 * self.rows
        bill = simulator.stats()["usd"]
        assert manifest["usd"]["spent"] >= bill - 1e-6, "a lost call is taken to cost its worst case"


def until(wanted: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for a moment in the life of a night; it must come before the night ends."""
    deadline = time.monotonic() + SECONDS
    while not wanted():
        assert process.poll() is None, f"the night ended first: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.005)
