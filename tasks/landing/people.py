"""A run's blind judges beside people who rated the same texts: how far apart they are, and the uplift in people's eyes.

Worked out when a report is made, from what the store then holds, so that ratings that come later count in the next one.
Where a run has too few ratings, texts of earlier nights of the same recipe, models and judges count as well: how judges
lean is taken to be the same there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tasks.judging.calibration import Rated, calibrated_uplift, calibration, missing
from tasks.landing.committed import Committed
from tasks.landing.final_scores import FinalScores
from tasks.landing.labels import MADE
from tasks.landing.moves import at_once
from tasks.landing.pairs import BASELINE
from tasks.landing.plan import read_manifest
from tasks.landing.rated_texts import COLUMNS, RatedTexts
from tasks.landing.ratings import TABLE
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks.judging.calibration import Calibration
    from tasks.judging.uplift import Uplift

WITHIN: Final = timedelta(days=30)
MOST_RUNS: Final = 60
PART: Final = re.compile(rf"{TABLE}/rated_date=(\d{{4}}-\d\d-\d\d)/([^/]+)-0\.parquet")
ARMS: Final = (MADE, BASELINE)


@dataclass(frozen=True, slots=True)
class People:
    """What people's ratings say of the judges.

    Attributes:
        rated: texts that both have scored, of this run and of earlier nights.
        own: how many of them are of this run.
        unjudged: this run's rated texts that no judge has scored blind.
        earlier: other runs that they are of.
        uplift: as people would rate, over the pairs of which both texts are there; None with too few.
    """

    rated: tuple[Rated, ...] = ()
    own: int = 0
    unjudged: int = 0
    earlier: int = 0
    uplift: Uplift | None = None

    def of_arm(self, arm: str) -> list[Rated]:
        """The texts of one arm."""
        return [each for each in self.rated if each.arm == arm]

    @property
    def calibration(self) -> Calibration | None:
        """Over both arms; None with too few texts."""
        return calibration(self.rated)

    @property
    def missing(self) -> tuple[int, int, int]:
        """Texts that have to be rated for a calibrated uplift: in all, of the recipe's, of the control arm's."""
        return missing(self.rated)


@dataclass(frozen=True, slots=True)
class _Run:
    rated: list[Rated]
    unjudged: int
    differences: list[float]


def people(committed: Committed) -> People:
    """Of a committed run; nothing where nobody has rated it, for one listing."""
    texts = RatedTexts.of(committed.store, committed.run)
    if not texts.ratings:
        return People()
    own = _read(committed, texts)
    rated, earlier = own.rated, 0
    if any(missing(rated)):
        before = [each for each in at_once(partial(_earlier, committed), _rated_runs(committed)) if each]
        rated, earlier = [*rated, *(text for texts in before for text in texts)], len(before)
    return People(
        tuple(rated), len(own.rated), own.unjudged, earlier, calibrated_uplift(own.differences, rated)
    )


def _read(committed: Committed, texts: RatedTexts) -> _Run:
    scores = FinalScores()
    for batch in committed.rows("scores", FinalScores.COLUMNS):
        scores.add(pa.Table.from_batches([batch]))
    rated, unjudged = [], 0
    for row, ratings in texts.joined(committed.rows("outputs", COLUMNS)):
        arm = row["arm"] or MADE
        judged = scores.of_text(row["request_id"], arm)
        if arm in ARMS and judged:
            rated.append(Rated(_mean(list(judged.values())), _mean(ratings), arm))
        unjudged += arm in ARMS and not judged
    return _Run(rated, unjudged, _differences(scores))


def _differences(scores: FinalScores) -> list[float]:
    """Made less baseline, of the judges that scored both."""
    found = []
    for request_id in scores.texts.get(MADE, {}).keys() & scores.texts.get(BASELINE, {}).keys():
        made, baseline = (scores.of_text(request_id, arm) for arm in ARMS)
        both = sorted(made.keys() & baseline.keys())
        if both:
            found.append(_mean([made[judge] - baseline[judge] for judge in both]))
    return sorted(found)


def _rated_runs(committed: Committed) -> list[str]:
    """Other runs with ratings given at about the time, the newest last."""
    on = date.fromisoformat(committed.manifest["run_date"])
    found: dict[str, None] = {}
    for path in committed.store.list(TABLE):
        part = PART.fullmatch(path)
        if part and part[2] != committed.run and abs(date.fromisoformat(part[1]) - on) <= WITHIN:
            found[part[2]] = None
    return list(found)[-MOST_RUNS:]


def _earlier(committed: Committed, run: str) -> list[Rated]:
    """The rated texts of another run, if its judges can be taken for this one's; no report fails for that."""
    try:
        manifest = read_manifest(committed.store, run)
        if manifest is None or not _is_alike(committed.manifest, manifest):
            return []
        other = Committed(committed.store, manifest, None)
        return _read(other, RatedTexts.of(committed.store, run)).rated
    except (OSError, NightpressError, pa.ArrowException):
        return []


def _is_alike(now: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    days = date.fromisoformat(now["run_date"]) - date.fromisoformat(before["run_date"])
    return timedelta(0) <= days <= WITHIN and _kind(now) == _kind(before)


def _kind(manifest: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a judge's leaning may hang on: recipe, models, judges."""
    made = manifest.get("made_with") or {}
    models = {name: model["id"] for name, model in made.get("models", {}).items()}
    judges = (manifest.get("judges") or {}).get("names")
    return (
        manifest["recipe"],
        manifest["recipe_version"],
        made.get("recipe"),
        models,
        judges,
        manifest["simulated"],
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
