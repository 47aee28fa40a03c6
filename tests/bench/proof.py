"""`make proof`: seeded nights on simulated models of known skill; does the uplift that is reported hold the true one?

The simulator counts the flaws of its own texts, so the true quality of every text is known; the truth of a case is the mean
true difference over all nights' pairs. Each night goes the product's way: plan, shards, blind judges, commit, manifest.

| case | made | judges |
|---|---|---|
| helps | a strong writer's text, polished | two, noisy |
| no gain | the baseline's own model twice, which improves nothing | two, noisy |
| no gain, one judge | the same | one, very noisy |
| longer, not better | the same, at twice the length | one that likes length |

    --nights N   of each case (200)
    --rows N     of each night, all compared (40)
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import orjson

from deployments.simulator.config import Profile, SimulatedPrice, SimulatorConfig
from deployments.simulator.quality import qualities_of
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import ShardMoney
from tasks.landing.commit import Commit
from tasks.landing.run_state import run_state, state_key
from tasks.landing.shards import work_shard
from tasks.landing.starting import Wish, start
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

NIGHT = date(2026, 1, 31)
SUBJECTS = ("the code of an API", "a novel about the sea")  # of two domains
RECIPE = """
recipe: proof
about: A text on a subject
request: {{topic: {{type: str}}, kind: {{type: str}}}}
request_type: kind
quality: {{judges: [{judges}], criteria: [accuracy, tone], pairs: false}}
baseline: {{model: {baseline}, share: 1.0, prompt: "Write about {words} words about {{{{ request.topic }}}}"}}
make:
  pipeline:
    - name: draft
      ask: {{model: {writer}, max_tokens: 2000, prompt: "Write about {words} words about {{{{ request.topic }}}}"}}
    - name: polish
      ask: {{model: {editor}, max_tokens: 2000, prompt: "Write about {made_words} words about {{{{ request.topic }}}}, from:\\n{{{{ draft }}}}"}}
"""
MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 100}}
models:
  strong: {{provider: sim, id: strong, family: a, price: {{input: 10, output: 20}}}}
  plain: {{provider: sim, id: plain, family: b, price: {{input: 1, output: 2}}}}
  one: {{provider: sim, id: one, family: c, price: {{input: 1, output: 2}}}}
  two: {{provider: sim, id: two, family: d, price: {{input: 1, output: 2}}}}
  taste: {{provider: sim, id: taste, family: e, price: {{input: 1, output: 2}}}}
"""


def _profile(**figures: Any) -> Profile:
    return Profile(price=SimulatedPrice(input=1, output=2), revision_gain=0.0, **figures)


SIMULATED = {
    "strong": _profile(skill={"code": 0.75, "default": 0.6}),
    "plain": _profile(skill={"code": 0.4, "default": 0.5}),
    "one": _profile(judge_noise=0.08),
    "two": _profile(judge_noise=0.12),
    "taste": _profile(judge_noise=0.1, judge_taste=0.1),
}


@dataclass(frozen=True)
class Case:
    """What is made, and who judges it."""

    name: str
    writer: str
    editor: str
    judges: str
    baseline: str = "plain"
    words: int = 120
    made_words: int = 120

    @property
    def recipe(self) -> str:
        return RECIPE.format(
            **{
                name: getattr(self, name)
                for name in ("judges", "baseline", "writer", "editor", "words", "made_words")
            }
        )


CASES = (
    Case("helps", "plain", "strong", "one, two"),
    Case("no gain", "plain", "plain", "one, two"),
    Case("no gain, one judge", "plain", "plain", "two"),
    Case("longer, not better", "plain", "plain", "taste", made_words=240),
)


@dataclass
class Outcome:
    """The nights of one case.

    Attributes:
        uplifts: each night's `uplift` in its manifest.
        judges: each night's `judges`.
        truths: true differences of each night's pairs.
        by_type: uplift, low, high of each night's rows of `metrics`, by type.
        true_by_type: the true differences likewise.
    """

    case: Case
    uplifts: list[dict[str, Any]] = field(default_factory=list)
    judges: list[dict[str, Any]] = field(default_factory=list)
    truths: list[list[float]] = field(default_factory=list)
    by_type: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    true_by_type: dict[str, list[float]] = field(default_factory=dict)

    @property
    def truth(self) -> float:
        return fmean(each for night in self.truths for each in night)

    @property
    def covered(self) -> float:
        """Share of the nights whose interval holds the truth."""
        return fmean(each["low"] <= self.truth <= each["high"] for each in self.uplifts)

    @property
    def covered_by_type(self) -> float:
        """The same of the intervals by type of request."""
        held = [
            low <= fmean(self.true_by_type[kind]) <= high
            for kind, intervals in self.by_type.items()
            for low, high in intervals
        ]
        return fmean(held)

    def said(self, verdict: str) -> float:
        """Share of the nights with this verdict."""
        return fmean(each["verdict"] == verdict for each in self.uplifts)

    def cautioned(self, word: str) -> float:
        """Share of the nights that warn of something."""
        return fmean(any(word in each for each in (found["cautions"])) for found in self.judges)


def nights(case: Case, count: int, rows: int, folder: Path) -> Outcome:
    """Run so many nights of a case."""
    config = SimulatorConfig(models=SIMULATED, overhead_text=True, seed=11)
    os.environ["NIGHTPRESS_STATE"] = str(folder / "state")
    found = Outcome(case)
    with RunningSimulator(config) as simulator:
        for number in range(count):
            store = Store.open(str(folder / f"{case.name}-{number}"))
            table = folder / "requests.jsonl"
            lines = [
                orjson.dumps({"request_id": f"r{row}", "topic": f"{SUBJECTS[row % 2]}, no. {number}-{row}", "kind": "code" if row % 2 == 0 else "novel"})
                for row in range(rows)
            ]  # fmt: skip
            table.write_bytes(b"\n".join(lines) + b"\n")
            catalog = load_catalog(MODELS.format(url=simulator.openai_url))
            wish = Wish(f"night-{number}", NIGHT, str(table), load_recipe(case.recipe), catalog)
            _take_in(found, store, _night(store, wish))
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


def _take_in(found: Outcome, store: Store, manifest: dict[str, Any]) -> None:
    texts: dict[str, dict[str, float]] = {}
    kinds: dict[str, str] = {}
    for row in _rows(store, "outputs"):
        texts.setdefault(row["request_id"], {})[row["arm"]] = qualities_of(row["content"])[-1]
        kinds[row["request_id"]] = row["request_type"]
    truths = {request: arms["made"] - arms["baseline"] for request, arms in texts.items() if len(arms) == 2}
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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof", description=__doc__)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--rows", type=int, default=40)
    given = parser.parse_args(arguments)
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="nightpress-proof-") as folder:
            _say(nights(case, given.nights, given.rows, Path(folder)))
    return 0


def _say(found: Outcome) -> None:
    width = fmean(each["high"] - each["low"] for each in found.uplifts)
    sys.stdout.write(
        f"{found.case.name:<20} true {found.truth:+.3f}, measured {fmean(each['mean'] for each in found.uplifts):+.3f} "
        f"(width {width:.3f}); held {found.covered:.1%}, by type {found.covered_by_type:.1%}; "
        f"helps {found.said('helps'):.1%}, not {found.said('does not help') + found.said('costs more and is not better'):.1%}; "
        f"warned of length {found.cautioned('length'):.0%}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
