"""Commit: a run's staged parts become its parts of the tables, then its manifest says so.

Each table gets one part per run under a fixed name, replaced in one atomic step: whoever reads a table sees the
run's former generation or the new one, whole. The manifest is written last; a commit that was killed is done again
and comes to the same.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.calling.budget import OVER_BUDGET
from tasks.calling.catalog import Catalog
from tasks.choosing.estimates import Estimates
from tasks.landing.batch_sums import BatchSums
from tasks.landing.final_scores import FinalScores
from tasks.landing.labels import labels_of
from tasks.landing.landed_calls import Landing
from tasks.landing.left_overs import not_needed
from tasks.landing.lessons import keep_lessons
from tasks.landing.made_with import made_with
from tasks.landing.model_figures import ModelFigures, free_models
from tasks.landing.moves import PER_RUN
from tasks.landing.output_sums import OutputSums
from tasks.landing.quality_sums import QualitySums
from tasks.landing.rated_texts import RatedTexts, satisfaction, with_satisfaction
from tasks.landing.rating_evidence import NEEDED, evidence, keep_evidence
from tasks.landing.run_metrics import RunMetrics
from tasks.landing.run_paths import generation_manifest_path, manifest_path, rejects_path
from tasks.landing.savings import saved_in_all
from tasks.landing.settling import own_manifest
from tasks.landing.spend_history import prices_of
from tasks.patterns.recipe import Recipe
from tasks.storing.errors import NightpressError
from tasks.storing.parts import Part, merge_parts, part_path, read_rows, write_part
from tasks.storing.records import write_json
from tasks.storing.schemas import DEFERRED, METRICS, MODEL_METRICS, OUTPUTS, REJECTS, SCORES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.landing.plan import Plan
    from tasks.landing.shard_records import ShardRecord
    from tasks.storing.filesystem import Store

REASONS = 5
SETTLED = "made or rejected by another run since"


@dataclass(frozen=True, slots=True)
class Commit:
    """What is to be committed.

    Attributes:
        redone: request ids that this generation worked again; None if it worked all.
    """

    store: Store
    plan: Plan
    records: Sequence[ShardRecord]
    redone: frozenset[str] | None
    max_failed: float

    def run(self) -> dict[str, Any]:
        """Commit; returns the manifest.

        Raises:
            NightpressError: the rows do not add up; the tables are as they were.
        """
        store, plan = self.store, self.plan
        former = own_manifest(store, plan.run)
        series = former.get("series", 0) if former else 0
        worked = sum(record.rows - record.deferred for record in self.records)
        settled = self._settled_elsewhere(former)
        self._add_up(
            worked + self._carried(former), sum(record.deferred for record in self.records) + settled
        )
        catalog = Catalog.from_frozen(plan.models)
        recipe = Recipe.from_frozen(plan.recipe)
        labels = labels_of(store, recipe, catalog, self._outputs(series))
        landing = Landing(store, plan.run, plan.run_date, plan.generation, _landed(former), labels)
        parts: dict[str, list[Part]] = {"calls": [landing.land()]}
        scores = FinalScores()
        parts["scores"] = [self._merged("scores", SCORES, series, (scores,))]
        sums = OutputSums(scores, labels, recipe.quality.target)
        qualities = QualitySums(labels, free_models(plan.prices))
        batch = BatchSums()
        parts["outputs"] = [self._merged("outputs", OUTPUTS, series, (sums, qualities, batch))]
        parts["deferred"] = [self._merged("deferred", DEFERRED, series)]
        parts["rejects"] = [
            merge_parts(store, self._path("rejects", series), REJECTS, [rejects_path(plan.run, plan.hash)])
        ]
        deferred = parts["deferred"][0].rows
        families = {name: model.family for name, model in catalog.models.items()}
        figures = RunMetrics(sums, scores, landing.row_calls, families)
        rated = list(
            RatedTexts.of(store, plan.run).joined(read_rows(store, parts["outputs"][0].path, NEEDED))
        )
        metrics = with_satisfaction(
            figures.metric_rows(plan.run, recipe.recipe, deferred), satisfaction(rated)
        )
        parts["metrics"] = [write_part(store, self._path("metrics", series), METRICS, metrics)]
        known = Estimates.from_plain(plan.estimates)
        models = ModelFigures(
            plan.run, landing.sums, qualities, catalog, known, recipe.recipe, recipe.make.kind
        ).rows()
        parts["model_metrics"] = [
            write_part(store, self._path("model_metrics", series), MODEL_METRICS, models)
        ]
        keep_evidence(
            store, plan.run, plan.run_date, evidence(rated, labels, free_models(plan.prices)), models
        )
        self._add_up(sums.made + sums.failed, deferred)
        manifest = {
            **self._manifest(parts, former, landing, sums, deferred),
            "series": series,
            "uplift": figures.uplift(),
            "judges": figures.judges(),
            "arms": figures.arms(),
            **batch.as_manifest(),
        }
        self._remove_unnamed(series)
        lessons = [lesson for record in self.records for lesson in record.lessons]
        keep_lessons(store, plan.recipe["recipe"], plan.run, lessons)
        write_json(store, generation_manifest_path(plan.run, plan.generation), manifest)
        write_json(store, manifest_path(plan.run), manifest)
        clean_up(store, plan, manifest)
        return manifest

    def _add_up(self, worked: int, deferred: int) -> None:
        plan = self.plan
        if worked + deferred + plan.rejected != plan.requests:
            raise NightpressError(
                f"run {plan.run}: {worked} made or failed + {deferred} deferred + {plan.rejected} rejected are not "
                f"{plan.requests} requests; it is not committed"
            )

    def _carried(self, former: dict[str, Any] | None) -> int:
        """Rows of the former generation that stay as they are."""
        if self.redone is None or former is None:
            return 0
        rows = former["rows"]
        return int(rows["made"] + rows["failed"] - rows["retryable"])

    def _settled_elsewhere(self, former: dict[str, Any] | None) -> int:
        """Deferred rows of the former generation that another run has settled since: they stay as they are."""
        if self.redone is None or former is None:
            return 0
        rows = former["rows"]
        return int(rows["deferred"] - (len(self.redone) - rows["retryable"]))

    def _path(self, table: str, series: int) -> str:
        """One name for all generations; another once housekeeping has joined the part of the last with others."""
        return part_path(table, self.plan.run_date, f"{self.plan.run}-{series}")

    def _staged(self, table: str) -> list[str]:
        return [record.parts[table] for record in self.records if table in record.parts]

    def _carried_part(self, table: str, series: int) -> list[str]:
        path = self._path(table, series)
        return [path] if self.redone is not None and self.store.exists(path) else []

    def _outputs(self, series: int) -> list[str]:
        return [*self._carried_part("outputs", series), *self._staged("outputs")]

    def _merged(
        self,
        table: str,
        schema: pa.Schema,
        series: int,
        sums: tuple[OutputSums | QualitySums | FinalScores | BatchSums, ...] = (),
    ) -> Part:
        staged, carried, path = (
            self._staged(table),
            self._carried_part(table, series),
            self._path(table, series),
        )
        redone = pa.array(sorted(self.redone or ()), pa.string())

        def counted(group: pa.Table) -> pa.Table:
            for each in sums:
                each.add(group)
            return group

        def carry(group: pa.Table) -> pa.Table:
            mask = pc.invert(pc.is_in(group["request_id"], value_set=redone))
            return group.filter(mask)

        if not carried:
            return merge_parts(self.store, path, schema, staged, keep=counted)
        kept = f"{self.plan.workplace.folder}/carried-{table}.parquet"
        merge_parts(self.store, kept, schema, carried, keep=carry)
        return merge_parts(self.store, path, schema, [kept, *staged], keep=counted)

    def _manifest(
        self,
        parts: dict[str, list[Part]],
        former: dict[str, Any] | None,
        landing: Landing,
        sums: OutputSums,
        deferred: int,
    ) -> dict[str, Any]:
        plan, calls = self.plan, landing.sums
        settled = self._settled_elsewhere(former)
        deferred_by: Counter[str] = Counter({SETTLED: settled} if settled else {})
        for record in self.records:
            deferred_by.update(record.deferred_by)
        named = {table: [asdict(part) for part in each] for table, each in parts.items()}
        named["calls"] = [*_former_calls(former, landing.path), *named["calls"]]
        usd = None if calls.usd is None else calls.usd + calls.usd_failed
        return {
            "run": plan.run,
            "run_date": plan.run_date.isoformat(),
            "generation": plan.generation,
            "healthy": self._healthy(sums, deferred - deferred_by[OVER_BUDGET] - settled),
            "recipe": plan.recipe["recipe"],
            "recipe_version": plan.recipe["version"],
            "plan": plan.hash,
            "rows": {
                "requests": plan.requests, "made": sums.made, "failed": sums.failed, "deferred": deferred,
                "rejected": plan.rejected, "retryable": sums.retryable, "unchanged": plan.unchanged, "adopted": plan.adopted,
                **({"not_adopted": plan.not_adopted} if plan.not_adopted else {}),
            },
            "calls": {
                "sent": calls.sent, "cached": calls.cached, "failed": calls.failed, "tokens_in": calls.tokens_in,
                "tokens_out": calls.tokens_out,
            },
            "usd": {
                "spent": usd, "failed": calls.usd_failed, "saved": calls.usd_saved, "estimated": calls.usd_estimated,
            },
            "errors": {
                "rows": sums.errors, "calls": calls.errors, "deferred": dict(deferred_by.most_common(REASONS)),
            },
            "estimate": plan.estimate,
            "tokens_saved": saved_in_all(
                former if self.redone is not None else None, (record.tokens_saved for record in self.records)
            ),
            "spend": landing.spend.rows(prices_of(plan.prices)),
            "simulated": calls.simulated,
            "not_compared": dict(
                sum((Counter(record.not_compared) for record in self.records), Counter()).most_common()
            ),
            **({"compares": sorted(plan.arms)} if plan.arms else {}),
            "parts": named,
            "keys": landing.keys_path,
            "landed": landing.sources,
            "versions": plan.versions,
            "made_with": made_with(plan, Catalog.from_frozen(plan.models)),
            "first_start": plan.first_start.isoformat(),
            "committed_at": datetime.now(UTC).isoformat(),
        }  # fmt: skip

    def _healthy(self, sums: OutputSums, held_back: int) -> bool:
        """Rows held back by something else than the budget count like failed ones."""
        missed = sums.failed + held_back
        return missed <= self.max_failed * (sums.made + missed)

    def _remove_unnamed(self, series: int) -> None:
        """Parts of this run on another date, from a plan that was replaced."""
        name = re.compile(rf"/{re.escape(self.plan.run)}-\d+\.parquet$")
        for table in PER_RUN:
            keep = self._path(table, series)
            self.store.delete([path for path in self.store.list(table) if name.search(path) and path != keep])


def clean_up(store: Store, plan: Plan, manifest: dict[str, Any]) -> None:
    """Remove what a committed run needs no more; done again at the next start if a kill left something."""
    store.delete(manifest["landed"])
    store.delete(not_needed(store.list(f"_runs/{plan.run}"), plan.run, plan.hash, manifest))


def _landed(former: dict[str, Any] | None) -> list[str]:
    return [part["path"] for part in former["parts"]["calls"]] if former else []


def _former_calls(former: dict[str, Any] | None, path: str) -> list[dict[str, Any]]:
    return [part for part in former["parts"]["calls"] if part["path"] != path] if former else []
