"""What a night proves: the rows of `metrics`, the uplift, and how far the judges can be trusted."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.judging.intervals import mean_interval
from tasks.judging.judge_agreement import judge_agreement
from tasks.judging.judge_cautions import near_the_top, of_a_writers_family, preference
from tasks.landing.call_sums import percentile
from tasks.landing.critical_path import RowCalls, seconds_by_step
from tasks.landing.labels import MADE
from tasks.landing.pairs import BASELINE, Pairing
from tasks.landing.pooling import kept_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.landing.final_scores import FinalScores
    from tasks.landing.output_sums import GroupKey, GroupSums, OutputSums
    from tasks.landing.pairs import Pairs


@dataclass(slots=True)
class RunMetrics:
    """All figures that need more than one pass.

    Attributes:
        families: model → family, of the catalog.
        pairs: requests that both arms worked.
    """

    sums: OutputSums
    scores: FinalScores
    calls: RowCalls = field(default_factory=RowCalls)
    families: Mapping[str, str | None] = field(default_factory=dict)
    pairs: Pairs = field(init=False)

    def __post_init__(self) -> None:
        self.pairs = Pairing(self.sums, self.scores, self.calls).pairs()

    def metric_rows(self, run: str, recipe: str, deferred: int) -> list[dict[str, Any]]:
        """Rows of `metrics`; deferred rows have no type of their own and stand in the first."""
        critical = self._critical()
        return [
            {
                "run": run,
                "recipe": recipe,
                "pattern": key[0],
                "request_type": key[1],
                "arm": key[2],
                "deferred": 0 if place else deferred,
                **_taken(group),
                **_quality(group, blind=self.scores.count > 0),
                "critical_seconds": _means(critical.get(key, {}), group.made),
                **(self._bought(key) if key[2] == MADE else {}),
            }
            for place, (key, group) in enumerate(self.sums.in_order())
        ]

    def uplift(self) -> dict[str, Any] | None:
        """The manifest's `uplift`, over all types of request, with what later nights pool; None without pairs."""
        found = self.pairs.figures()
        return None if found is None else {**found, "pairs": kept_pairs(self.pairs)}

    def arms(self) -> dict[str, dict[str, Any]] | None:
        """The manifest's `arms`: what each arm of a comparison came to, the run's own first; None if nothing was compared."""
        others = [arm for arm in self.sums.rows if arm not in (MADE, BASELINE)]
        if not others:
            return None
        found: dict[str, dict[str, Any]] = {MADE: self._arm(MADE)}
        for arm in others:
            preferred = self.scores.preferred.get(arm)
            found[arm] = {
                **self._arm(arm),
                "made_over_it": Pairing(self.sums, self.scores, self.calls, arm).pairs().figures(),
                "made_preferred": sum(preferred) / len(preferred) if preferred else None,
            }
        return found

    def _arm(self, arm: str) -> dict[str, Any]:
        groups = [group for (_, _, name), group in self.sums.groups.items() if (name or MADE) == arm]
        quality = mean_interval([score for group in groups for score in group.scores])
        made = sum(group.made for group in groups)
        usd = [self.calls.usd(arm, request_id) for request_id in self.sums.rows.get(arm, {})]
        known = None if None in usd else sum(each or 0.0 for each in usd)
        return {
            "rows": made + sum(group.failed for group in groups),
            "failed": sum(group.failed for group in groups),
            "quality_mean": quality.mean if quality else None,
            "quality_low": quality.low if quality else None,
            "quality_high": quality.high if quality else None,
            "quality_n": quality.n if quality else 0,
            "usd_per_made": known / made if known is not None and made else None,
            "seconds_p50": percentile(array("d", (each for group in groups for each in group.seconds)), 50),
        }

    def judges(self) -> dict[str, Any] | None:
        """The manifest's `judges`: who judged blind, how they agree, what to be careful about; None if nobody did."""
        if not self.scores.count:
            return None
        agreement = judge_agreement(self.scores.table(), self.scores.requests())
        gains = judge_agreement(np.array(self.pairs.table()[1], np.float64).T)
        lengths, at_top = self.pairs.lengths(), self.scores.near_top()
        preferences = [
            found
            for judge in sorted(self.scores.verdicts)
            if (found := preference(judge, self.scores.pairs_of(judge)))
        ]
        writers = {
            arm: {model: self.families.get(model) for model in models}
            for arm, models in self.sums.writers.items()
        }
        cautions = [
            agreement.caution,
            *of_a_writers_family(self.scores.families, writers),
            lengths.caution if lengths else "",
            near_the_top(at_top),
            *(each.caution for each in preferences),
        ]
        several = len(self.scores.judges) > 1
        return {
            "names": self.scores.judges,
            "families": dict(sorted(self.scores.families.items())),
            "texts": self.scores.count,
            "alpha": agreement.alpha, "alpha_low": agreement.low, "alpha_high": agreement.high,
            "alpha_texts": agreement.texts,
            "alpha_uplift": gains.alpha, "alpha_uplift_low": gains.low, "alpha_uplift_high": gains.high,
            "alpha_by": {
                name: judge_agreement(self.scores.table(name), self.scores.requests()).alpha
                for name in self.scores.criteria
                if several
            },
            "lengths": None if lengths is None else {
                "made": lengths.made, "baseline": lengths.baseline, "per_doubling": lengths.per_doubling,
                "uplift_corrected": lengths.corrected,
                **dict(zip(("corrected_low", "corrected_high"), lengths.interval or (None, None), strict=True)),
            },
            "near_top": at_top,
            "pairs_side_by_side": {
                each.judge: {"n": each.steady.n, "preference": each.mean, "flips": each.steady.flips}
                for each in preferences
            },
            "cautions": [each for each in cautions if each],
        }  # fmt: skip

    def _critical(self) -> dict[GroupKey, dict[str, float]]:
        """Seconds on the critical paths of all made rows of each group, by step."""
        windows = {}
        for arm, rows in self.sums.rows.items():
            for request_id, row in rows.items():
                number = self.calls.number(arm, request_id)
                if row.made and number is not None and row.started is not None and row.finished is not None:
                    windows[number] = row.group, row.started, row.finished
        found: dict[GroupKey, dict[str, float]] = {}
        for number, spans in self.calls.spans():
            if number not in windows:
                continue
            group, started, finished = windows[number]
            steps = found.setdefault(group, {})
            for step, seconds in seconds_by_step(spans, started, finished).items():
                steps[step] = steps.get(step, 0.0) + seconds
        return found

    def _bought(self, key: GroupKey) -> dict[str, Any]:
        pairs = self.pairs.within(key)
        found = pairs.uplift()
        if found is None:
            return {"uplift_n": 0}
        price = pairs.pay(found)
        return {
            "uplift": found.mean,
            "uplift_low": found.low,
            "uplift_high": found.high,
            "uplift_n": found.n,
            "usd_extra": price.usd_extra,
            "seconds_extra": price.seconds_extra,
            "usd_per_uplift": price.usd_per_uplift,
        }


def _taken(group: GroupSums) -> dict[str, Any]:
    return {
        "rows": group.made + group.failed,
        "failed": group.failed,
        "errors": sorted(group.errors.items(), key=str),
        "usd": group.usd,
        "usd_per_made": group.usd / group.made if group.usd is not None and group.made else None,
        "seconds_p50": percentile(group.seconds, 50),
        "seconds_p95": percentile(group.seconds, 95),
        "calls": group.calls,
        "cache_hits": group.cached,
        "simulated": group.simulated,
    }


def _quality(group: GroupSums, *, blind: bool) -> dict[str, Any]:
    """Where only some rows were judged, the share of these that is accepted stands for all made rows."""
    found = mean_interval(group.scores)
    judged = len(group.scores)
    counts = {
        "quality_n": judged,
        "blind_n": judged if blind else 0,
        "accepted": group.accepted if judged else None,
    }
    if found is None:
        return counts
    usd_per_made = group.usd / group.made if group.usd is not None else None
    accepted = group.accepted / judged
    return {
        **counts,
        "quality_mean": found.mean,
        "quality_low": found.low,
        "quality_high": found.high,
        "quality_by": sorted((name, _mean(scores)) for name, scores in group.by.items()),
        "usd_per_accepted": usd_per_made / accepted if usd_per_made is not None and accepted else None,
        "quality_per_usd": found.mean / usd_per_made if usd_per_made else None,
    }


def _mean(values: array[float]) -> float:
    return sum(values) / len(values)


def _means(totals: Mapping[str, float], rows: int) -> list[tuple[str, float]] | None:
    """By step, the longest first; None where no calls are known."""
    if not totals or not rows:
        return None
    return [(step, total / rows) for step, total in sorted(totals.items(), key=lambda each: -each[1])]
