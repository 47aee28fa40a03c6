"""Nights run by the flow in this process, against a session's Prefect server and a simulated provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd

from flows.nightly import nightly
from tasks.landing.plan import read_manifest
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from pathlib import Path

    from prefect.client.schemas.objects import State

    from deployments.simulator.running import RunningSimulator

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}
RECIPE = """
recipe: short
about: Two steps
request:
  topic: {type: str}
  words: {type: int, default: 20}
max_failed: 0.3
make:
  pipeline:
    - name: outline
      ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}
    - name: draft
      ask: {model: one, max_tokens: 60, prompt: "Write about {{ request.topic }} from {{ outline }}"}
"""
MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50{key}}}
models:
  one: {{provider: sim, id: one, price: {{input: 100, output: 200}}}}
"""
TABLES = ("outputs", "calls", "rejects", "deferred", "metrics", "model_metrics", "scores")


@dataclass
class FlowRig:
    """A folder with a recipe, a models file, a request table, and a store."""

    folder: Path
    simulator: RunningSimulator
    key_variable: str | None = None

    def __post_init__(self) -> None:
        key = f", api_key: {{env: {self.key_variable}}}" if self.key_variable else ""
        (self.folder / "short.yaml").write_text(RECIPE)
        (self.folder / "models.yaml").write_text(MODELS.format(url=self.simulator.openai_url, key=key))

    def table(self, topics: dict[str, str], *broken: str, name: str = "requests.jsonl") -> str:
        """A request table: request id → topic, then lines as they are; returns its path."""
        lines = [
            orjson.dumps({"request_id": each, "topic": topic}).decode() for each, topic in topics.items()
        ]
        (self.folder / name).write_text("\n".join([*lines, *broken]) + "\n")
        return str(self.folder / name)

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """What `nightly` takes: a run `night` of `requests.jsonl` for 2026-01-31, with changes."""
        usual = {
            "requests": str(self.folder / "requests.jsonl"), "recipe": str(self.folder / "short.yaml"),
            "models": str(self.folder / "models.yaml"), "store": str(self.folder / "store"), "run": "night",
            "run_date": "2026-01-31",
        }  # fmt: skip
        return {**usual, **changes}

    def night(self, **changes: Any) -> State[Any]:
        """One run of the flow."""
        state: State[Any] = nightly(**self.parameters(**changes), return_state=True)
        return state

    @property
    def store(self) -> Store:
        return Store.open(str(self.folder / "store"))

    def manifest(self, run: str = "night") -> dict[str, Any]:
        manifest = read_manifest(self.store, run)
        assert manifest is not None
        return manifest

    def read(self, table: str) -> pd.DataFrame:
        """A table as an analyst reads it."""
        return pd.read_parquet(self.folder / "store" / table)

    @property
    def sent(self) -> int:
        """Calls that have reached the provider."""
        return int(self.simulator.stats()["calls"])
