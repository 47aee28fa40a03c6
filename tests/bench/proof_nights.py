"""Seeded nights of one case, each the product's way: plan, shards, blind judges, commit, manifest."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Any

import orjson

from deployments.simulator.config import SimulatorConfig
from deployments.simulator.quality import qualities_of
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import ShardMoney
from tasks.landing.commit import Commit
from tasks.landing.committed import open_committed
from tasks.landing.people import people
from tasks.landing.run_state import run_state, state_key
from tasks.landing.shards import work_shard
from tasks.landing.starting import Wish, start
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tasks.storing.parts import read_rows, write_part
from tasks.storing.schemas import RATINGS
from tests.bench.proof_cases import MODELS, SIMULATED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.proof_cases import Case

NIGHT = date(2026, 1, 31)
RATED = 0.4  # of the texts
TASTE = 0.1  # standard deviation of a rating around the true quality
RATER = {"source": "readers", "rater": "ann"}


@dataclass
class Outcome:
    """The nights of one case.

    Attributes:
        uplifts: each night's `uplift` in its manifest.
        judges: each night's `judges`.
        truths: true differences of each night's pairs.
        by_type: low and high of each night's rows of `metrics`, by type.
        true_by_type: the true differences likewise.
        people: mean, low and high of each night's uplift in people's eyes.
    """

    case: Case
    uplifts: list[dict[str, Any]] = field(default_factory=list)
    judges: list[dict[str, Any]] = field(default_factory=list)
    truths: list[list[float]] = field(default_factory=list)
    by_type: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    true_by_type: dict[str, list[float]] = field(default_factory=dict)
    people: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def nights(self) -> int:
        return len(self.uplifts)

    @property
    def truth(self) -> float:
        """Over all nights' pairs."""
        return fmean(each for night in self.truths for each in night)

    @property
    def measured(self) -> float:
        """What the nights said on average; likewise `width` and `corrected`."""
        return fmean(each["mean"] for each in self.uplifts)

    @property
    def width(self) -> float:
        return fmean(each["high"] - each["low"] for each in self.uplifts)

    @property
    def corrected(self) -> float:
        return fmean(each["lengths"]["uplift_corrected"] for each in self.judges)

    @property
    def held(self) -> float:
        """Share of the nights whose interval holds the truth."""
        return fmean(each["low"] <= self.truth <= each["high"] for each in self.uplifts)

    @property
    def held_corrected(self) -> float:
        """The same of the interval with length taken out."""
        lengths = [each["lengths"] for each in self.judges]
        return fmean(each["corrected_low"] <= self.truth <= each["corrected_high"] for each in lengths)

    @property
    def held_by_type(self) -> float:
        """The same of the intervals by type of request."""
        held = [
            low <= fmean(self.true_by_type[kind]) <= high
            for kind, intervals in self.by_type.items()
            for low, high in intervals
        ]
        return fmean(held)

    @property
    def in_peoples_eyes(self) -> float:
        """What the nights say that people would say, on average."""
        return fmean(mean for mean, _, _ in self.people)

    @property
    def held_by_people(self) -> float:
        """Share of the nights whose interval in people's eyes holds the truth."""
        return fmean(low <= self.truth <= high for _, low, high in self.people)

    def said(self, verdict: str) -> float:
        """Share of the nights with this verdict."""
        return fmean(each["verdict"] == verdict for each in self.uplifts)

    def cautioned(self, words: str) -> float:
        """Share of the nights that warn of something."""
        nights = zip(self.uplifts, self.judges, strict=True)
        return fmean(any(words in each for each in (up["caution"], *of["cautions"])) for up, of in nights)


def nights(case: Case, count: int, rows: int, folder: Path) -> Outcome:
    """Run so many nights of a case, in stores below a folder."""
    config = SimulatorConfig(models=SIMULATED, overhead_text=True, seed=11)
    os.environ["NIGHTPRESS_STATE"] = str(folder / "state")
    found = Outcome(case)
    with RunningSimulator(config) as simulator:
        catalog = load_catalog(MODELS.format(url=simulator.openai_url))
        for number in range(count):
            store = Store.open(str(folder / f"{number}"))
            table = folder / "requests.jsonl"
            table.write_bytes(b"\n".join(orjson.dumps(case.request(number, row)) for row in range(rows)))
            wish = Wish(f"night-{number}", NIGHT, str(table), load_recipe(case.recipe), catalog)
            take_in(found, store, _night(store, wish))
    return found


def _night(store: Store, wish: Wish) -> dict[str, Any]:
    begun, engine = start(store, wish), Engine.current()
    state = run_state(engine, store, begun.plan, concurrency=100, key_of=lambda _: None, patience=Patience())
    try:
        shards = [shard for shard, rows in enumerate(begun.plan.shard_rows) if rows]
        records = [engine.wait(work_shard(state, shard, 1, ShardMoney())) for shard in shards]
        return Commit(store, begun.plan, records, None, 0.1).run()
    finally:
        engine.wait(state.stop(journal_is_landed=True))
        engine.forget_run(state_key(store, begun.plan))


def take_in(found: Outcome, store: Store, manifest: dict[str, Any]) -> None:
    """One night beside the truth of its texts."""
    texts: dict[str, dict[str, float]] = {}
    rated = []
    random = Random(f"{found.case.name} {found.nights}")
    kinds: dict[str, str] = {}
    for row in _rows(store, "outputs"):
        texts.setdefault(row["request_id"], {})[row["arm"]] = qualities_of(row["content"])[-1]
        kinds[row["request_id"]] = row["request_type"]
        if random.random() < RATED:
            said = texts[row["request_id"]][row["arm"]] + random.gauss(0, TASTE)
            rated.append(
                {
                    **RATER,
                    "run": row["run"],
                    "request_id": row["request_id"],
                    "arm": row["arm"],
                    "rating": min(1.0, max(0.0, said)),
                }
            )
    write_part(store, f"ratings/rated_date={NIGHT}/{manifest['run']}-0.parquet", RATINGS, rated)
    eyes = people(open_committed(store, manifest["run"])).uplift
    if eyes is not None and eyes.low is not None and eyes.high is not None:
        found.people.append((eyes.mean, eyes.low, eyes.high))
    truths = {request: arms["made"] - arms["baseline"] for request, arms in texts.items()}
    found.uplifts.append(manifest["uplift"])
    found.judges.append(manifest["judges"])
    found.truths.append(list(truths.values()))
    for request, each in truths.items():
        found.true_by_type.setdefault(kinds[request], []).append(each)
    for row in _rows(store, "metrics"):
        if row["arm"] == "made":
            interval = row["uplift_low"], row["uplift_high"]
            found.by_type.setdefault(row["request_type"], []).append(interval)


def _rows(store: Store, table: str) -> list[dict[str, Any]]:
    return [
        row for path in store.list(table) for batch in read_rows(store, path) for row in batch.to_pylist()
    ]
