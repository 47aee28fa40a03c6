"""The report of a committed run: everything that it shows, read from the store once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasks.landing.adoption import ended_elsewhere, left_by
from tasks.landing.call_figures import CallFigures, call_figures
from tasks.landing.committed import open_committed
from tasks.landing.left_rows import LeftRows, deferred_rows, rejected_rows
from tasks.landing.pair_figures import PairFigures, pair_figures
from tasks.landing.people import People, people
from tasks.landing.recipe_shape import Shape, shape_of
from tasks.landing.row_figures import RowFigures, row_figures
from tasks.landing.satisfaction_shown import SatisfactionFigures, satisfaction_figures
from tasks.landing.score_figures import ScoreFigures, score_figures
from tasks.landing.trends import Trend, trend_of
from tasks.landing.typical_row import TypicalRow, typical_row
from tasks.landing.uplift import Uplift, uplift_of

if TYPE_CHECKING:
    from tasks.landing.committed import Committed
    from tasks.landing.trend_night import TrendNight
    from tasks.storing.filesystem import Store


@dataclass(frozen=True, slots=True)
class Report:
    """A committed run's figures.

    Attributes:
        shape: of the recipe as it was; None where it is not there any more.
        pairs: both arms over the requests that were worked in both.
        uplift: None without such.
        typical: a row near the median of seconds; None if none was made by calls that were sent.
        made_elsewhere: deferred rows that have come to an end in another run since.
        trend: the run among the nights before it; None where there are none.
        nights: the recipe's last nights, this one last.
        people: the blind judges beside people's ratings.
    """

    store_url: str
    manifest: dict[str, Any]
    rows: RowFigures
    calls: CallFigures
    scores: ScoreFigures
    rejected: LeftRows
    deferred: LeftRows
    shape: Shape | None
    pairs: PairFigures
    uplift: Uplift | None
    typical: TypicalRow | None
    made_elsewhere: int = 0
    trend: Trend | None = None
    nights: tuple[TrendNight, ...] = ()
    satisfaction: SatisfactionFigures = field(default_factory=SatisfactionFigures)
    people: People = field(default_factory=People)

    @property
    def run(self) -> str:
        return str(self.manifest["run"])

    @property
    def simulated(self) -> bool:
        """Whether any answer came from a simulated model."""
        return bool(self.manifest["simulated"])


def read_report(store: Store, run: str = "") -> Report:
    """The report of a run as it was last committed; without a name, of the run that was committed last.

    At most a row group of a table is in memory at a time, and of the calls a float for each.

    Raises:
        UserError: there is no such run, or none at all.
    """
    committed = open_committed(store, run)
    rows, trend = row_figures(committed), trend_of(store, committed.manifest)
    return Report(
        store_url=store.url,
        manifest=committed.manifest,
        rows=rows,
        calls=call_figures(committed),
        scores=score_figures(committed, frozenset(row["request_id"] for row in rows.worst)),
        rejected=rejected_rows(committed),
        deferred=deferred_rows(committed),
        shape=shape_of(committed.recipe) if committed.recipe else None,
        pairs=pair_figures(committed),
        uplift=uplift_of(committed),
        typical=typical_row(committed),
        made_elsewhere=_made_elsewhere(committed),
        trend=trend,
        nights=trend.drawn() if trend else (),
        satisfaction=satisfaction_figures(committed),
        people=people(committed),
    )


def _made_elsewhere(committed: Committed) -> int:
    if not committed.manifest["rows"]["deferred"]:
        return 0
    ids = [
        each
        for batch in committed.rows("deferred", ["request_id"])
        for each in batch["request_id"].to_pylist()
    ]
    left = left_by(committed.manifest, ids)
    return len(ended_elsewhere(committed.store, committed.manifest["recipe"], committed.run, left))
