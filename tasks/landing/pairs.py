"""Requests that both arms worked: what each pair says of quality, USD and seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.judging.text_lengths import lengths_of
from tasks.judging.uplift import uplift
from tasks.judging.verdict import Pay, pay, verdict
from tasks.landing.critical_path import RowCalls
from tasks.landing.labels import MADE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.judging.text_lengths import Lengths
    from tasks.judging.uplift import Uplift
    from tasks.landing.final_scores import FinalScores
    from tasks.landing.output_sums import GroupKey, OutputSums, RowFigures

BASELINE: Final = "baseline"


@dataclass(frozen=True, slots=True)
class Pair:
    """One request in both arms.

    Attributes:
        usd: what the rows' calls are worth, made and baseline, whoever paid them; None where it is not known.
        differences: judge → quality made less baseline; empty where neither text could be made, a difference of 0.
        texts: mean score and length in characters of the made text, then of the baseline's; None unless both are there.
    """

    request_id: str
    made: RowFigures
    baseline: RowFigures
    differences: dict[str, float]
    texts: tuple[float, int, float, int] | None
    usd: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a run or of a part of it.

    Attributes:
        against: what the made texts are compared with, in words.
        unjudged: requests worked in both arms that are no pair, as no judge scored what both would be compared by.
    """

    pairs: Sequence[Pair] = ()
    unjudged: int = 0
    against: str = "the single call"

    def within(self, group: GroupKey) -> Pairs:
        """Those whose made row is in a group."""
        return Pairs([each for each in self.pairs if each.made.group == group])

    def table(self) -> tuple[list[str], list[list[float]]]:
        """The judges, and a row for each pair with what each of them says; not a number where one says nothing."""
        judges = sorted({judge for each in self.pairs for judge in each.differences}) or [""]
        return judges, [
            [each.differences.get(judge, nan if each.differences else 0.0) for judge in judges]
            for each in self.pairs
        ]

    def uplift(self) -> Uplift | None:
        """None without pairs."""
        judges, table = self.table()
        return uplift(np.array(table, dtype=np.float64).reshape(len(table), len(judges)))

    def lengths(self) -> Lengths | None:
        """How long their texts are, and what of the uplift that explains; None without such pairs."""
        texts = [each.texts for each in self.pairs if each.texts is not None]
        return lengths_of(texts, self.uplift(), len(texts) / len(self.pairs)) if texts else None

    def pay(self, found: Uplift | None) -> Pay:
        """What the made rows of the pairs cost more, on average."""
        usd = [each.usd for each in self.pairs]
        seconds = [(each.made.seconds, each.baseline.seconds) for each in self._timed()]
        return pay(found, _mean_extra(usd), _mean_extra(seconds))

    def figures(self) -> dict[str, Any] | None:
        """For the manifest; None without pairs."""
        found = self.uplift()
        if found is None:
            return None
        price = self.pay(found)
        said = verdict(found, price, self.against, self.lengths())
        return {
            "mean": found.mean, "low": found.low, "high": found.high, "n": found.n, "level": found.level,
            "over": found.over, "judges": found.judges, "between_judges": found.between_judges,
            "usd_extra": price.usd_extra, "seconds_extra": price.seconds_extra,
            "usd_per_uplift": price.usd_per_uplift, "seconds_n": len(self._timed()), "unjudged": self.unjudged,
            "verdict": said.answer, "words": said.words, "caution": found.caution,
        }  # fmt: skip

    def _timed(self) -> Sequence[Pair]:
        """Pairs of which nothing came from the ledger, as that takes no time."""
        return [each for each in self.pairs if each.made.fresh and each.baseline.fresh]


@dataclass(slots=True)
class Pairing:
    """Puts the rows of both arms together.

    A row that failed and is not tried again scores 0: nothing was delivered. One that will be tried again is no pair yet.
    """

    sums: OutputSums
    scores: FinalScores
    calls: RowCalls = field(default_factory=RowCalls)
    other: str = BASELINE
    found: list[Pair] = field(default_factory=list)
    unjudged: int = 0

    def pairs(self) -> Pairs:
        """All pairs of the run."""
        made = self.sums.rows.get(MADE, {})
        for request_id, baseline in self.sums.rows.get(self.other, {}).items():
            own = made.get(request_id)
            if own is not None and not own.retryable and not baseline.retryable:
                self._pair(request_id, own, baseline)
        against = "the single call" if self.other == BASELINE else self.other
        return Pairs(self.found, self.unjudged, against)

    def _worth(self, arm: str, request_id: str, row: RowFigures) -> float | None:
        if row.usd is None:
            return None
        known = self.calls.usd(arm, request_id)
        return row.usd if known is None and row.fresh else known

    def _pair(self, request_id: str, made: RowFigures, baseline: RowFigures) -> None:
        ours = self.scores.of_text(request_id, MADE) if made.made else {}
        theirs = self.scores.of_text(request_id, self.other) if baseline.made else {}
        if made.made and baseline.made:
            both = sorted(ours.keys() & theirs.keys())
            differences = {judge: ours[judge] - theirs[judge] for judge in both}
        else:
            differences = {**ours, **{judge: -score for judge, score in theirs.items()}}
        if not differences and (made.made or baseline.made):
            self.unjudged += 1
            return
        texts = None
        if made.made and baseline.made:
            texts = _mean(ours, differences), made.length, _mean(theirs, differences), baseline.length
        usd = self._worth(MADE, request_id, made), self._worth(self.other, request_id, baseline)
        self.found.append(Pair(request_id, made, baseline, differences, texts, usd))


def _mean(scores: dict[str, float], judges: dict[str, float]) -> float:
    return sum(scores[judge] for judge in judges) / len(judges)


def _mean_extra(values: Sequence[tuple[float | None, float | None]]) -> float | None:
    """None of nothing, and as soon as one is not known."""
    extra = [made - baseline for made, baseline in values if made is not None and baseline is not None]
    return sum(extra) / len(extra) if extra and len(extra) == len(values) else None
