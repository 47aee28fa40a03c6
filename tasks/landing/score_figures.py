"""What a run's judges said: summed up from the `scores` parts, row group by row group."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.landing.row_figures import MADE, Scores
from tasks.landing.wording import one_line

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
FINAL: Final = "@final"  # what an arm delivered, judged blind
PAIR: Final = "@pair"  # both arms' texts side by side


@dataclass(slots=True)
class ScoreFigures:
    """All judgements of a run's own rows, also of drafts that were improved afterwards; of pairs which text was preferred.

    Attributes:
        criteria: by criterion.
        steps: by (path of the step that was judged, round).
        judges: (model, family) → scores given.
        blind: those of them who judged what both arms delivered.
        preferred: score of the recipe's text beside the control arm's (1, 0.5 or 0) → judgements.
        reasons: (request id, criterion, score) → the judge's reason, of the requests that were wanted.
    """

    wanted: frozenset[str]
    criteria: dict[str, Scores] = field(default_factory=dict)
    steps: dict[tuple[str, int], Scores] = field(default_factory=dict)
    judges: dict[tuple[str, str], int] = field(default_factory=dict)
    blind: dict[tuple[str, str], int] = field(default_factory=dict)
    preferred: Counter[float] = field(default_factory=Counter)
    reasons: dict[tuple[str, str, float], str] = field(default_factory=dict)

    def add(self, rows: pa.Table) -> None:
        """Take in rows with COLUMNS."""
        pairs, final = (pc.equal(pc.fill_null(rows["step"], ""), step) for step in (PAIR, FINAL))
        self.preferred.update(each for each in rows.filter(pairs)["score"].to_pylist() if each is not None)
        _count_judges(self.blind, rows.filter(final))
        own = pc.equal(pc.fill_null(rows["arm"], MADE), MADE)
        self._add(rows.filter(pc.and_(own, pc.invert(pairs))))

    def _add(self, rows: pa.Table) -> None:
        for row in _summed(rows, ["criterion"]):
            if row["criterion"] in self.criteria or len(self.criteria) < MOST_GROUPS:
                _take_in(self.criteria.setdefault(row["criterion"], Scores()), row)
        for row in _summed(rows, ["step", "round"]):
            at = (row["step"] or "", row["round"] or 1)
            if at in self.steps or len(self.steps) < MOST_GROUPS:
                _take_in(self.steps.setdefault(at, Scores()), row)
        _count_judges(self.judges, rows)
        mine = rows.filter(pc.is_in(rows["request_id"], value_set=pa.array(sorted(self.wanted), pa.string())))
        for row in mine.to_pylist():
            about = (row["request_id"], row["criterion"], row["score"])
            self.reasons[about] = one_line(row["reason"], LONGEST_REASON)


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
