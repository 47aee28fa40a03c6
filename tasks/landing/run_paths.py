"""Where a run keeps what is not yet, or never, in the tables. All below `_runs/`, relative to the store."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.storing.errors import UserError

RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


def checked_run_name(run: str) -> str:
    """`run` if it can be a file name anywhere, and its folder is no other run's manifest.

    Raises:
        UserError: it cannot.
    """
    if not RUN_NAME.fullmatch(run) or run.endswith(".json"):
        raise UserError(
            f"{run!r} cannot name a run",
            where="--run",
            hint="use letters, digits, '.', '_' and '-', at most 120, and no '.json' at the end",
        )
    return run


def manifest_path(run: str) -> str:
    """The latest manifest; it exists once the run has committed."""
    return f"_runs/{run}.json"


def generation_manifest_path(run: str, generation: int) -> str:
    """The manifest of one generation, written once."""
    return f"_runs/{run}/g{generation}.json"


def report_path(run: str) -> str:
    """The report as one HTML file; made after the manifest, and anew by whoever asks for it."""
    return f"_runs/{run}/report.html"


def plan_path(run: str) -> str:
    """The frozen inputs."""
    return f"_runs/{run}/plan.json"


@dataclass(frozen=True, slots=True)
class Workplace:
    """The folder of one generation of one plan of a run."""

    run: str
    generation: int
    plan_hash: str

    @property
    def folder(self) -> str:
        return f"_runs/{self.run}/g{self.generation}-{self.plan_hash[:12]}"

    @property
    def redo_path(self) -> str:
        return f"{self.folder}/redo.json"

    @property
    def shards_folder(self) -> str:
        return f"{self.folder}/shards"

    def record_path(self, shard: int, attempt: int) -> str:
        return f"{self.shards_folder}/{shard:05d}.{attempt}.json"

    def staged_path(self, table: str, shard: int, attempt: int, worker: str) -> str:
        return f"{self.folder}/staged/{table}/{shard:05d}.{attempt}-{worker}.parquet"


def requests_path(run: str, plan_hash: str) -> str:
    """The run's requests: one row group per shard that has rows."""
    return f"_runs/{run}/requests-{plan_hash[:12]}.parquet"


def rejects_path(run: str, plan_hash: str) -> str:
    """The rows that could not become requests; schema REJECTS."""
    return f"_runs/{run}/rejects-{plan_hash[:12]}.parquet"
