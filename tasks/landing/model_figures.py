"""Rows of `model_metrics`: what a run's calls and scores say of each model, and what is believed of it after the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.calling.addresses import host_of
from tasks.choosing.estimate import Estimate, Seen
from tasks.choosing.estimates import Observed, learnt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Catalog
    from tasks.choosing.estimates import Estimates
    from tasks.landing.call_sums import CallSums
    from tasks.landing.quality_sums import QualitySums

KEY = ("model", "role", "request_type", "task")


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What there is to say of the models of one run.

    Attributes:
        known: what was known of them when it started.
    """

    run: str
    calls: CallSums
    qualities: QualitySums
    catalog: Catalog
    known: Estimates
    recipe: str | None = None
    pattern: str | None = None

    def rows(self) -> list[dict[str, Any]]:
        """One row per model, role, type of request and task; then one per pair of neighbours and task, without calls."""
        own, pairs = self._own_rows(), self._pair_rows()
        learned = learnt(map(observed, [*own, *pairs]), known=self.known, runs=1)
        models, given = self.catalog.models, self.catalog.compatibility

        def estimate(row: dict[str, Any]) -> Estimate:
            name = row["model"]
            if "after" in row:
                return learned.compatibility(row["after"], name, given)
            return learned.quality_of(name, models.get(name), row["task"], row["request_type"])

        made_by = {"recipe": self.recipe, "pattern": self.pattern}
        return [{**row, **_estimated(estimate(row)), **made_by} for row in (*own, *pairs)]

    def _own_rows(self) -> list[dict[str, Any]]:
        found = {tuple(row[name] for name in KEY): row for row in self.calls.model_rows(self.run)}
        for group in self.qualities.scores:
            if group not in found:  # all its calls came from the ledger
                nothing = {"calls": 0, "errors": 0, "usd": 0.0}
                found[group] = {"run": self.run, **dict(zip(KEY, group, strict=True)), **nothing}
        return [
            {**row, **self._which(row["model"]), **_measured(self.qualities.scores.get(group, Seen()))}
            for group, row in sorted(found.items(), key=str)
        ]

    def _pair_rows(self) -> list[dict[str, Any]]:
        return [
            {"run": self.run, "model": model, "after": before, "task": task, **self._which(model), **_measured(seen)}
            for (before, model, task), seen in sorted(self.qualities.pairs.items(), key=str)
        ]  # fmt: skip

    def _which(self, name: str) -> dict[str, Any]:
        """What the name stands for tonight: another night it may be another model's."""
        model = self.catalog.models.get(name)
        return {
            "host": host_of(self.catalog.providers[model.provider].base_url) if model else None,
            "model_id": model.id if model else None,
            "simulated": name in self.calls.simulated_models,
        }


def observed(row: Mapping[str, Any], age_days: float = 0.0) -> Observed:
    """A row of `model_metrics` as what a run saw."""
    return Observed(
        model=row["model"],
        task=row["task"],
        request_type=row.get("request_type"),
        after=row.get("after"),
        calls=row.get("calls") or 0,
        errors=row.get("errors") or 0,
        judged=row.get("quality_n") or 0,
        quality=row.get("quality_mean"),
        tokens_in=row.get("tokens_in"),
        tokens_out=row.get("tokens_out"),
        seconds=row.get("seconds_p50"),
        age_days=age_days,
    )


def free_models(prices: Mapping[str, Mapping[str, float | None] | None]) -> frozenset[str]:
    """The models whose calls cost nothing; `prices` as a plan has them."""
    return frozenset(
        name for name, price in prices.items() if price and not price["input"] and not price["output"]
    )


def _measured(seen: Seen) -> dict[str, Any]:
    if not seen.n:
        return {"quality_n": 0}
    estimate = Estimate(seen.mean, seen.n, seen.n)
    return {
        "quality_n": round(seen.n),
        "quality_mean": seen.mean,
        "quality_low": estimate.low,
        "quality_high": estimate.high,
    }


def _estimated(estimate: Estimate) -> dict[str, Any]:
    return {"estimate": estimate.mean, "estimate_low": estimate.low, "estimate_high": estimate.high}
