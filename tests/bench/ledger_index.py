"""`python -m tests.bench.ledger_index`: what a ledger that remembers a million calls costs a new process.

    --calls N       past calls (1,000,000)
    --runs N        committed runs they are spread over (100)
Prints seconds to load, memory that the load adds (resident now and at its peak), microseconds per look-up.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from tasks.calling.key_files import KEYS, KEYS_FOLDER
from tasks.calling.past_calls import PastCalls
from tasks.storing.filesystem import Store
from tasks.storing.parts import write_batches

LOOK_UPS = 20_000
FINISHED_US = 1_700_000_000_000_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ledger_index", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--measure", metavar="STORE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        sys.stdout.write(orjson.dumps(_measured(given.measure, given.calls)).decode())
        return 0
    with tempfile.TemporaryDirectory(prefix="nightpress-bench-") as folder:
        _fill(Store.open(folder), given.calls, given.runs)
        command = [
            sys.executable,
            "-m",
            "tests.bench.ledger_index",
            "--calls",
            str(given.calls),
            "--measure",
            folder,
        ]
        found = orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    sys.stdout.write(
        f"{found['calls']:,} calls of {given.runs:,} runs: loaded in {found['seconds']:.2f} s, "
        f"{found['mb']:.0f} MB more resident ({found['peak_mb']:.0f} MB at the peak), "
        f"{found['hit_us']:.1f} us per key that is there, {found['miss_us']:.1f} us per key that is not\n"
    )
    return 0


def _fill(store: Store, calls: int, runs: int) -> None:
    for run in range(runs):
        numbers = range(run, calls, runs)
        count = len(numbers)
        path = f"calls/run_date=2026-01-01/night-{run}-g1-0.parquet"
        table = pa.table(
            [
                pa.array([_key(number) for number in numbers], pa.binary(32)),
                pa.array([f"call-{number}" for number in numbers]),
                pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([path])),
                pa.array(np.arange(count, dtype=np.int32) // 1000),
                pa.array(np.full(count, FINISHED_US + run), pa.int64()).cast(KEYS.field("finished_at").type),
            ],
            schema=KEYS,
        )
        labels = {"run": f"night-{run}", "part": path}
        write_batches(store, f"{KEYS_FOLDER}/night-{run}-g1.parquet", KEYS, [table], metadata=labels)


def _measured(url: str, calls: int) -> dict[str, float]:
    past = PastCalls(Store.open(url))
    before, peak_before = _resident_mb(), _peak_mb()
    began = time.perf_counter()
    past.refresh()
    seconds = time.perf_counter() - began
    step = max(1, calls // LOOK_UPS)
    return {
        "calls": len(past),
        "seconds": seconds,
        "mb": _resident_mb() - before,
        "peak_mb": _peak_mb() - peak_before,
        "hit_us": _look_up_us(past, [_key(number) for number in range(0, calls, step)], wanted=1),
        "miss_us": _look_up_us(past, [_key(-number) for number in range(1, LOOK_UPS)], wanted=0),
    }


def _look_up_us(past: PastCalls, keys: list[bytes], wanted: int) -> float:
    began = time.perf_counter()
    found = sum(len(past.places(key)) for key in keys)
    seconds = time.perf_counter() - began
    assert found == wanted * len(keys), f"{found} places of {len(keys)} keys"
    return seconds / len(keys) * 1e6


def _key(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    raise SystemExit(main())
