"""What a run's judges said: summed up from the `scores` parts, row group by row group."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.row_figures import MADE, Scores
from tasks.landing.side_by_side import SideBySide
from tasks.landing.wording import one_line
from tasks.patterns.blind_paths import FINAL, PAIR

if TYPE_CHECKING:
    from tasks.landing.committed import Committed

COLUMNS: Final = [
    "request_id",
    "arm",
    "step",
    "round",
    "judge",
    "judge_family",
    "criterion",
    "score",
    "reason",
]
SUMS: Final = [("score", "count"), ("score", "sum"), ("score", "min")]
LONGEST_REASON: Final = 300
MOST_GROUPS: Final = 500


@dataclass(slots=True)
class ScoreFigures:
    """All judgements of a run's own rows, also of drafts that were improved afterwards; of pairs which text was preferred.

    Attributes:
        drafts: by criterion, what was judged on the way: all but what was delivered, judged blind.
        steps: by (path of the step that was judged, round).
        judges: (model, family) → scores given.
        blind: those of them who judged what both arms delivered.
        preferred: the recipe's text beside the control arm's.
        reasons: (request id, criterion, score) → the judge's reason, of the requests that were wanted.
        lowest: (request id, criterion) → the lowest score that it got blind, who gave it and why, of these requests.
    """

    wanted: frozenset[str]
    drafts: dict[str, Scores] = field(default_factory=dict)
    steps: dict[tuple[str, int], Scores] = field(default_factory=dict)
    judges: dict[tuple[str, str], int] = field(default_factory=dict)
    blind: dict[tuple[str, str], int] = field(default_factory=dict)
    preferred: SideBySide = field(default_factory=SideBySide)
    reasons: dict[tuple[str, str, float], str] = field(default_factory=dict)
    lowest: dict[tuple[str, str], tuple[float, str, str]] = field(default_factory=dict)

    def add(self, rows: pa.Table) -> None:
        """Take in rows with COLUMNS."""
        steps = pc.fill_null(rows["step"], "")
        for row in rows.filter(pc.equal(steps, PAIR)).to_pylist():
            if row["score"] is not None:
                self.preferred.add(row["judge"] or "", row["request_id"], row["round"] or 1, row["score"])
        final = pc.equal(steps, FINAL)
        _count_judges(self.blind, rows.filter(final))
        own = pc.equal(pc.fill_null(rows["arm"], MADE), MADE)
        alone = pc.and_(own, pc.invert(pc.starts_with(steps, PAIR)))
        self._add(rows.filter(alone))
        self._add_drafts(rows.filter(pc.and_(alone, pc.invert(final))))
        self._add_lowest(self._mine(rows.filter(pc.and_(own, final))))

    def _add_drafts(self, rows: pa.Table) -> None:
        for row in _summed(rows, ["criterion"]):
            if row["criterion"] in self.drafts or len(self.drafts) < MOST_GROUPS:
                _take_in(self.drafts.setdefault(row["criterion"], Scores()), row)

    def _add_lowest(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            about, score = (row["request_id"], row["criterion"]), row["score"]
            if score is not None and (about not in self.lowest or score < self.lowest[about][0]):
                self.lowest[about] = (score, row["judge"] or "", one_line(row["reason"], LONGEST_REASON))

    def _add(self, rows: pa.Table) -> None:
        for row in _summed(rows, ["step", "round"]):
            at = (row["step"] or "", row["round"] or 1)
            if at in self.steps or len(self.steps) < MOST_GROUPS:
                _take_in(self.steps.setdefault(at, Scores()), row)
        _count_judges(self.judges, rows)
        for row in self._mine(rows):
            about = (row["request_id"], row["criterion"], row["score"])
            self.reasons[about] = one_line(row["reason"], LONGEST_REASON)

    def _mine(self, rows: pa.Table) -> list[dict[str, Any]]:
        """Those of the requests that were wanted."""
        wanted = pa.array(sorted(self.wanted), pa.string())
        found: list[dict[str, Any]] = rows.filter(pc.is_in(rows["request_id"], value_set=wanted)).to_pylist()
        return found


def score_figures(committed: Committed, wanted: frozenset[str]) -> ScoreFigures:
    """What the judges of the run said; their reasons of the wanted requests."""
    figures = ScoreFigures(wanted)
    for batch in committed.rows("scores", COLUMNS):
        figures.add(pa.Table.from_batches([batch]))
    return figures


def _summed(rows: pa.Table, by: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rows.group_by(by, use_threads=False).aggregate(SUMS).to_pylist()
    return found


def _count_judges(judges: dict[tuple[str, str], int], rows: pa.Table) -> None:
    for row in _summed(rows, ["judge", "judge_family"]):
        judge = (row["judge"] or "", row["judge_family"] or "")
        judges[judge] = judges.get(judge, 0) + row["score_count"]


def _take_in(scores: Scores, row: dict[str, Any]) -> None:
    scores.count += row["score_count"]
    scores.total += row["score_sum"] or 0.0
    lows = [each for each in (scores.lowest, row["score_min"]) if each is not None]
    scores.lowest = min(lows, default=None)
