"""Scores of a run's models, taken as the row groups of `outputs` pass: for `model_metrics`.

What counts as a model's score is the judge's, noted for the step whose text it is of. Where no step of a row was
judged and the row has a quality all the same, that is its last writer's. A text that failed its step's checks twice,
so that the row failed, is a 0 for who wrote it. What came out of the ledger was scored by the run that paid for it,
and would count once more every night: it is left out. A later model of a cascade is asked only where the ones before it
failed, so only of hard requests, and of a cascade by gain each only for its own kind: these count in rows in which every model of the cascade was scored, the explored ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tasks.choosing.estimate import Seen
from tasks.landing.labels import Labels
from tasks.patterns.step_paths import within

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    import pyarrow as pa

    from tasks.landing.labels import Group

CHECKS_FAILED: Final = "checks_failed"
Steps = list[dict[str, Any]]
Pair = tuple[str, str, str | None]


@dataclass(slots=True)
class QualitySums:
    """Scores by group, and by pair of neighbouring models.

    Attributes:
        free: models whose calls cost nothing: 0 USD does not say that such a call came from the ledger.
        scores: model, role, type of request, task → scores.
        pairs: model before, model, task → the second's scores.
    """

    COLUMNS: ClassVar[list[str]] = [
        "request_id", "request_type", "arm", "status", "error_kind", "error", "quality", "calls", "cached_calls", "steps",
    ]  # fmt: skip

    labels: Labels = field(default_factory=Labels)
    free: frozenset[str] = frozenset()
    scores: dict[Group, Seen] = field(default_factory=dict)
    pairs: dict[Pair, Seen] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """Take in a row group with COLUMNS."""
        for row in table.select(self.COLUMNS).to_pylist():
            if row["steps"] and not row["calls"] == row["cached_calls"] != 0:
                self._add(row, row["steps"])

    def _add(self, row: dict[str, Any], steps: Steps) -> None:
        scored = dict(self._scored(row, steps))
        for place, score in scored.items():
            step = steps[place]
            if self._asked_for_its_kind(steps, place, scored):
                continue
            if step["usd"] == 0 and step["model"] not in self.free:
                continue
            group = self.labels.group(step, step["path"], row)
            self.scores[group] = self.scores.get(group, Seen()).plus(1, score)
            before = self._before(steps, place) if self.labels.is_made(row) else None
            if before is not None:
                pair = (before, step["model"], group[-1])
                self.pairs[pair] = self.pairs.get(pair, Seen()).plus(1, score)

    def _scored(self, row: dict[str, Any], steps: Steps) -> Iterator[tuple[int, float]]:
        """Places in `steps` with their scores."""
        found = {place: step["quality"] for place, step in enumerate(steps) if step["quality"] is not None}
        if row["error_kind"] == CHECKS_FAILED:
            failed = self._last_writer(steps, _place_of(row["error"]), len(steps))
            found |= {failed: 0.0} if failed is not None else {}
        elif not found and row["quality"] is not None:
            writer = self._last_writer(steps, "", len(steps))
            found |= {writer: row["quality"]} if writer is not None else {}
        yield from found.items()

    def _asked_for_its_kind(self, steps: Steps, place: int, scored: Container[int]) -> bool:
        step = steps[place]
        facts = self.labels.paths.at(step["path"])
        if step["model"] not in facts.asked_for_some:
            return False
        all_scored = {
            each["model"] for at, each in enumerate(steps) if at in scored and each["path"] == step["path"]
        }
        return not all_scored.issuperset(facts.cascade)

    def _before(self, steps: Steps, place: int) -> str | None:
        """The model whose text the one at `place` worked from."""
        for path in self.labels.paths.at(steps[place]["path"]).after:
            found = self._last_writer(steps, path, place)
            if found is not None:
                return str(steps[found]["model"])
        return None

    def _last_writer(self, steps: Steps, path: str, until: int) -> int | None:
        for place in range(until - 1, -1, -1):
            at = steps[place]["path"]
            if within(at, path) and self.labels.paths.at(at).writes:
                return place
        return None


def _place_of(error: str | None) -> str:
    """The path of the step that an error begins with: `step draft: ...`; empty for the whole."""
    place, colon, _ = (error or "").partition(":")
    return place.removeprefix("step ") if colon and place.startswith("step ") else ""
