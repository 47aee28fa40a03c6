"""`python -m tests.bench.ensemble`: how long an ensemble of k members takes, against one member alone.

Members are asked at once, so the ratio should stay near 1 however many there are. Latency is 0.3 s without jitter.
    --rows N        rows of each size, one after another; the middle one counts (5)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.simulator.config import Profile, Script, Scripted, SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.calling.call import Row
from tasks.calling.catalog import Catalog
from tasks.calling.engine import Engine
from tasks.calling.journal import journal_folder
from tasks.calling.ledger import Ledger
from tasks.calling.past_calls import PastCalls
from tasks.calling.route_making import make_routes, prices
from tasks.calling.run_calls import RunCalls
from tasks.landing.tally import Tally
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from tasks.patterns.recipe import Recipe

SIZES = (1, 3, 5, 9)
LATENCY_SECONDS = 0.3
PROMPT = '"Question {{ request.number }}"'
ALONE = f"make: {{ask: {{model: m1, prompt: {PROMPT}}}}}"
ANSWER = Script(replies=(Scripted(text="42"),))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ensemble", description=__doc__)
    parser.add_argument("--rows", type=int, default=5)
    rows = parser.parse_args().rows
    config = SimulatorConfig(default=Profile(latency_seconds=LATENCY_SECONDS, jitter=0), scripts=(ANSWER,))
    with (
        tempfile.TemporaryDirectory(prefix="nightpress-bench-") as folder,
        RunningSimulator(config) as simulator,
    ):
        os.environ["NIGHTPRESS_STATE"] = str(Path(folder) / "state")
        catalog = _catalog(simulator.openai_url)
        alone = _seconds(ALONE, folder, catalog, rows)
        _say(f"one member alone {alone:6.3f} s\n\nmembers  seconds   ratio   most in flight")
        for size in SIZES:
            simulator.reset()
            seconds = _seconds(_ensemble(size), folder, catalog, rows)
            peak = simulator.stats()["highest_concurrency"]
            _say(f"{size:7} {seconds:8.3f} {seconds / alone:7.2f} {peak:16}")
    return 0


def _ensemble(size: int) -> str:
    asks = "\n".join(
        f"      - {{name: a{n}, ask: {{model: m{n}, prompt: {PROMPT}}}}}" for n in range(1, size + 1)
    )
    return f"make:\n  ensemble:\n    members:\n{asks}\n"


def _seconds(make: str, folder: str, catalog: Catalog, rows: int) -> float:
    """Of the middle row; the first row, which connects, is left out."""
    recipe = load_recipe(f"recipe: bench\nrequest: {{number: {{}}}}\n{make}")
    engine = Engine()
    calls = engine.wait(_calls(engine, catalog, Store.open(tempfile.mkdtemp(dir=folder))))
    seconds = [_row_seconds(recipe, engine, calls, catalog, number) for number in range(rows + 1)]
    calls.ledger.close(remove=False)
    return statistics.median(seconds[1:])


def _row_seconds(recipe: Recipe, engine: Engine, calls: RunCalls, catalog: Catalog, number: int) -> float:
    """Each row has a number of its own, so it asks anew."""
    tally = Tally(calls, Row(f"r{number}", "made", recipe.recipe, None, 0))
    began = time.perf_counter()
    draft = engine.wait(
        make_draft(
            recipe, {"number": str(number)}, tally, setting_of(recipe, Renderer(), catalog), tally.notes
        )
    )
    seconds = time.perf_counter() - began
    assert draft.content == "42"
    assert tally.cached == 0
    return seconds


def _catalog(url: str) -> Catalog:
    models = {
        f"m{n}": {"provider": "o", "price": {"input": 0, "output": 0}} for n in range(1, max(SIZES) + 1)
    }
    named = {name: {"id": name, **model} for name, model in models.items()}
    return Catalog.model_validate({"providers": {"o": {"api": "openai", "base_url": url}}, "models": named})


async def _calls(engine: Engine, catalog: Catalog, store: Store) -> RunCalls:
    folder = journal_folder(store.url, "bench")
    return RunCalls(
        client=engine.client,
        ledger=Ledger(PastCalls(store), "bench", datetime.now(UTC), folder, "w1"),
        routes=make_routes(engine, catalog, prices(catalog, catalog.models), lambda _: None),
        fallbacks={},
        gate=asyncio.Semaphore(50),
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
