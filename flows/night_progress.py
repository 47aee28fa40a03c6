"""How far a night is: for whoever watches the terminal, and as a progress artifact in Prefect."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

ARTIFACT_SECONDS = 5.0


@dataclass(frozen=True)
class Snapshot:
    """A moment of a night; counts of this process's part of it."""

    rows: int
    rows_done: int
    calls: int
    cached: int
    failed: int
    in_flight: int
    tokens: int
    usd: float
    seconds: float


Watcher = Callable[[Snapshot], None]
watchers: list[Watcher] = []


class Progress:
    """Passes snapshots on: to every watcher at once, to Prefect every few seconds."""

    def __init__(self, run: str) -> None:
        self._key = artifact_key("progress", run)
        self._artifact: UUID | None = None
        self._told_at = 0.0
        self._description = f"Rows of {run} done, percent"

    def tell(self, snapshot: Snapshot) -> None:
        """Publish a moment."""
        for watcher in watchers:
            watcher(snapshot)
        now = time.monotonic()
        percent = 100.0 * snapshot.rows_done / snapshot.rows if snapshot.rows else 100.0
        if now - self._told_at < ARTIFACT_SECONDS and percent < 100:
            return
        self._told_at = now
        if self._artifact is None:
            made = create_progress_artifact(percent, key=self._key, description=self._description)
            self._artifact = cast(UUID, made)  # in a flow that is not async it is no coroutine
        else:
            update_progress_artifact(self._artifact, percent)


def artifact_key(kind: str, run: str) -> str:
    """A key that Prefect accepts, the same for every flow run of a night."""
    return "-".join(
        part for part in f"{kind}-{run}".lower().replace("_", "-").replace(".", "-").split("-") if part
    )
