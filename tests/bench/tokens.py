"""`python -m tests.bench.tokens`: what slimming saves on the shipped recipes, and what it does to their quality.

Every demo request of every recipe is worked on the simulator, as it is and slimmed, with several seeds.
    --seeds N        answers drawn anew so often (3)
    --recipe NAME    only this one
Columns: tokens read by the models as the simulator counts them; saved: the share of them that slimming took off;
alike: the share of the text that another call to the same model begins with too, which is the most that a provider's
cache could ever serve; cached: what the simulated caches did serve (from 1,024 tokens on); quality: mean of the finished
texts by the simulator's own count of their flaws, with its standard error. The last recipe is not shipped: `house-style`
has what the shipped ones avoid, a guide of 1,400 tokens in every system text and a source that two templates quote.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployments.simulator.config import load_config
from deployments.simulator.quality import qualities_of
from deployments.simulator.running import RunningSimulator
from tasks.calling.call import Row
from tasks.calling.catalog import load_catalog
from tasks.calling.engine import Engine
from tasks.calling.journal import journal_folder
from tasks.calling.ledger import Ledger
from tasks.calling.past_calls import PastCalls
from tasks.calling.route_making import make_routes, prices
from tasks.calling.run_calls import RunCalls
from tasks.landing.tally import Tally
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.slimming import UNSLIMMED
from tasks.patterns.templates import Renderer
from tasks.storing.filesystem import Store
from tasks.storing.requests import Reject, Request, read_requests

if TYPE_CHECKING:
    from tasks.calling.call import Call, Completion
    from tasks.calling.catalog import Catalog
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
TABLES = {"technical-blog": "requests.csv"}
CONCURRENCY = 20
SLIMMED = "slimmed"
WAYS = ("as it is", SLIMMED)
HOUSE_STYLE = "house-style"
SOURCES = 40
GUIDE = " ".join(
    f"Rule {number}: say what the reader can do, and by when it matters." for number in range(80)
)
LONG = f"""
recipe: {HOUSE_STYLE}
request: {{source: {{type: str}}}}
make:
  pipeline:
    - name: text
      role: writer
      ask: {{model: claude, system: "{GUIDE}", prompt: "Write 200 words on this source:\\n{{{{ request.source }}}}"}}
    - name: checked
      role: fact checker
      ask:
        model: claude
        system: "{GUIDE}\\n\\nNothing counts but this source:\\n{{{{ request.source }}}}"
        prompt: "List what is not in the source.\\n{{{{ text }}}}\\n\\nThe source again:\\n{{{{ request.source }}}}"
    - name: polished
      role: editor
      ask: {{model: gpt-4, system: "{GUIDE}", prompt: "Edit the text.\\n{{{{ text }}}}\\n\\nWrong in it:\\n{{{{ checked }}}}"}}
"""


@dataclass
class Came:
    """What working a recipe's requests came to."""

    tokens: int = 0
    cached: int = 0
    saved: int = 0
    calls: int = 0
    usd: float = 0.0
    characters: int = 0
    alike: int = 0
    qualities: list[float] = field(default_factory=list)

    def add(self, other: Came) -> None:
        for name in ("tokens", "cached", "saved", "calls", "usd", "characters", "alike"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.qualities += other.qualities


class Listening(Tally):
    """Keeps what was asked of whom."""

    heard: list[tuple[str, str]]
    saved: int = 0

    async def __call__(self, call: Call) -> Completion:
        self.saved += call.tokens_saved
        completion = await super().__call__(call)
        said = "".join(f"\0{each.role}\0{each.content}" for each in call.ask.messages)
        self.heard.append((completion.model, said))
        return completion


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tokens", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipe", default="")
    given = parser.parse_args()
    names = [*sorted(path.stem for path in (DEPLOYMENTS / "recipes").glob("*.yaml")), HOUSE_STYLE]
    _say(
        f"{'recipe':20} {'':9} {'calls':>6} {'tokens':>9} {'saved':>6} {'alike':>6} {'cached':>6} {'USD':>8}  quality"
    )
    shipped: dict[str, Came] = {}
    for name in [given.recipe] if given.recipe else names:
        for way in WAYS:
            came = Came()
            for seed in range(given.seeds):
                came.add(_worked(name, way, seed))
            if name != HOUSE_STYLE:
                shipped.setdefault(way, Came()).add(came)
            _show(name, way, came)
    for way, came in shipped.items():
        _show("all seven", way, came)
    return 0


def _show(name: str, way: str, came: Came) -> None:
    quality = statistics.mean(came.qualities)
    error = statistics.stdev(came.qualities) / len(came.qualities) ** 0.5
    _say(
        f"{name:20} {way:9} {came.calls:6,} {came.tokens:9,} {came.saved / (came.saved + came.tokens):6.1%} "
        f"{came.alike / came.characters:6.1%} {came.cached / came.tokens:6.1%} {came.usd:8.3f}  {quality:.4f} ±{error:.4f}"
    )


def _worked(name: str, way: str, seed: int) -> Came:
    config = load_config(DEPLOYMENTS / "demo" / "simulator.yaml")
    instant = {
        each: profile.model_copy(update={"latency_seconds": 0.0, "jitter": 0.0})
        for each, profile in config.models.items()
    }
    with (
        tempfile.TemporaryDirectory(prefix="nightpress-bench-") as folder,
        RunningSimulator(config.model_copy(update={"models": instant, "seed": seed})) as simulator,
    ):
        os.environ["NIGHTPRESS_STATE"] = str(Path(folder) / "state")
        models = (
            (DEPLOYMENTS / "demo" / "models.yaml").read_text().replace("http://127.0.0.1:8790", simulator.url)
        )
        catalog = load_catalog(models)
        engine = Engine()
        calls = engine.wait(_calls(engine, catalog, Store.open(str(Path(folder) / "store"))))
        recipe = load_recipe(LONG if name == HOUSE_STYLE else DEPLOYMENTS / "recipes" / f"{name}.yaml")
        came = engine.wait(_rows(recipe, calls, setting_as(way, recipe, catalog, _table(recipe))))
        calls.ledger.close(remove=False)
        stats = simulator.stats()
        came.tokens, came.cached, came.calls = stats["tokens_in"], stats["tokens_cached"], stats["calls"]
        came.usd = stats["usd"]
    return came


def setting_as(way: str, recipe: Recipe, catalog: Catalog, rows: list[Any]) -> Setting:
    """What the rows are worked with: slimmed and marked for the cache, or as it is."""
    setting = setting_of(recipe, Renderer(), catalog, rows=len(rows))
    return setting if way == SLIMMED else replace(setting, slimmer=UNSLIMMED, rows=1)


async def _rows(recipe: Recipe, calls: RunCalls, setting: Setting) -> Came:
    gate = asyncio.Semaphore(CONCURRENCY)
    came = Came()

    async def work(request: Any) -> Listening:
        tally = Listening(calls, Row(request.request_id, "made", recipe.recipe, None, 0))
        tally.heard = []
        async with gate:
            draft = await make_draft(recipe, request.values, tally, setting, tally.notes)
        came.qualities.append(statistics.mean(qualities_of(draft.content)))
        return tally

    tallies = await asyncio.gather(*map(work, _table(recipe)))
    by_model: dict[str, list[str]] = {}
    for tally in tallies:
        came.saved += tally.saved
        for model, said in tally.heard:
            by_model.setdefault(model, []).append(said)
    for texts in by_model.values():
        texts.sort()
        came.characters += sum(map(len, texts))
        came.alike += sum(_alike(*pair) for pair in pairwise(texts))
    return came


def _alike(one: str, other: str) -> int:
    """Characters that both begin with."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def _table(recipe: Recipe) -> list[Any]:
    if recipe.recipe == HOUSE_STYLE:
        return [Request(f"r{number}", number, {"source": _source(number)}) for number in range(SOURCES)]
    table = DEPLOYMENTS / "demo" / TABLES.get(recipe.recipe, f"{recipe.recipe}.csv")
    read = read_requests(str(table), recipe.columns, run_date=date(2026, 11, 24))
    return [each for each in read if not isinstance(each, Reject)]


async def _calls(engine: Engine, catalog: Catalog, store: Store) -> RunCalls:
    folder = journal_folder(store.url, "bench")
    return RunCalls(
        client=engine.client,
        ledger=Ledger(PastCalls(store), "bench", datetime.now(UTC), folder, "w1"),
        routes=make_routes(engine, catalog, prices(catalog, catalog.models), lambda _: None),
        fallbacks={},
        gate=asyncio.Semaphore(50),
    )


def _source(number: int) -> str:
    facts = [f"Pier {number} was rebuilt in {1800 + number + each} after storm {each}." for each in range(40)]
    return f"The harbour of island {number}. {' '.join(facts)}"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
