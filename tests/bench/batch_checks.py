"""`python -m tests.bench.batch_checks`: all outputs of a large night held against each other.

Prints rows a CPU second for every check at once and for keys alone, each beside merely reading the same parts, and the
memory that it takes on top.
    --rows N    outputs (50,000)
    --bytes N   length of each (4,000)
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from tasks.landing.batch_reading import COLUMNS, BatchCheck, Outputs
from tasks.patterns.recipe import load_recipe
from tasks.patterns.templates import Renderer
from tasks.storing.filesystem import Store
from tasks.storing.parts import write_part
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARD_ROWS = 400
RECIPE = """
recipe: large
request: {{topic: {{type: str}}}}
{batch}
make:
  ask: {{model: one, system: "You write for the house. {rules}", prompt: "Write about {{{{ request.topic }}}}."}}
"""
BATCH = 'batch: {near_duplicates: 0.9, language: true, mentions: ["the"], leaks: true}'
COMMON = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "it",
    "for",
    "you",
    "with",
    "on",
    "as",
    "are",
    "this",
    "be",
    "your",
    "or",
    "we",
    "can",
    "from",
    "have",
    "not",
    "an",
    "by",
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.batch_checks", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--bytes", type=int, default=4_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightpress-bench-") as folder:
        store = Store.open(folder)
        outputs = Outputs(store, "night", list(_written(store, given.rows, given.bytes)))
        _measure(outputs, given.rows)
    return 0


def _measure(outputs: Outputs, rows: int) -> None:
    bare = _timed(lambda: sum(group.num_rows for group in outputs.worked([*COLUMNS, "request"])))
    keys = _timed(lambda: _check("").run(outputs))
    before = _peak_mb()
    every = _timed(lambda: _found(_check(BATCH), outputs))
    _say(f"reading the parts   {rows / bare:9,.0f} rows/s   {bare:6.1f} s CPU")
    _say(f"keys alone          {rows / keys:9,.0f} rows/s   {keys:6.1f} s CPU   {keys / bare:5.1f} × reading")
    _say(
        f"every check         {rows / every:9,.0f} rows/s   {every:6.1f} s CPU   {every / bare:5.1f} × reading"
    )
    _say(f"peak memory on top of that: {_peak_mb() - before:,.0f} MB")


def _found(check: BatchCheck, outputs: Outputs) -> None:
    checked = check.run(outputs)
    _say(f"{len(checked.faults):,} of {checked.rows:,} outputs have a fault")


def _check(batch: str) -> BatchCheck:
    rules = " ".join(f"rule{number} says so" for number in range(200))
    return BatchCheck(load_recipe(RECIPE.format(batch=batch, rules=rules)), Renderer(), ["a-key-in-use-1234"])


def _written(store: Store, rows: int, size: int) -> Iterator[str]:
    """Parts of a shard each; every hundredth text is another with a few words changed."""
    draw = random.Random(1)
    rare = [f"word{number}" for number in range(30_000)]
    latest = ""
    for first in range(0, rows, SHARD_ROWS):
        shard: list[dict[str, Any]] = []
        for number in range(first, min(rows, first + SHARD_ROWS)):
            if number % 100 == 99:
                text = latest.replace("word1", "changed", 3)
            else:
                words = [
                    draw.choice(COMMON) if draw.random() < 0.4 else draw.choice(rare)
                    for _ in range(size // 6)
                ]
                text = latest = " ".join(words)[:size]
            request = f'{{"topic":"the topic {number} of all that we have to write about for you this year"}}'
            row = {"request_id": f"r{number:07}", "run": "night", "arm": "made", "status": "made"}
            shard.append({**row, "content": text, "request": request})
        path = f"staged/{first:07}.parquet"
        write_part(store, path, OUTPUTS, shard)
        yield path


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
