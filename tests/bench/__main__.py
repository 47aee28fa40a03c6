"""`make bench`: a whole night through Prefect against a bare loop and against a task per call, in one run.

Ratios hold when the machine's speed does not; absolute figures are printed beside them.
    --rows N        requests of the night (10,000)
    --concurrency N requests in flight (200)
    --words N       length of the simulated answers (60)
    --memory        peak memory for 1,000 and 50,000 requests as well
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson

from deployments.cli.prefect_server import prefect_environment

HERE = Path(__file__).parent
PORT = 8791
SIMULATOR = "words: {words}\ndefault: {{latency_seconds: 0.05, jitter: 0}}\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--memory", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nightpress-bench-") as folder:
        server = _simulator(Path(folder), given.words)
        try:
            _speed(Path(folder), given.rows, given.concurrency)
            if given.memory:
                _memory(Path(folder), given.concurrency)
        finally:
            server.terminate()
            server.wait()
    return 0


def _speed(folder: Path, rows: int, concurrency: int) -> None:
    calls = 3 * rows
    before = [_bare(rows, stages, concurrency) for stages in (3, 1)]
    night = _night(folder, rows, concurrency)
    after = [_bare(rows, stages, concurrency) for stages in (3, 1)]
    naive = _naive(folder)
    bare, short = ((one[0] + other[0]) / 2 for one, other in zip(before, after, strict=True))
    cpu = (before[0][1] + after[0][1]) / 2
    ours = calls / night["flow_seconds"]
    _say(f"bare aiohttp loop        {bare:8.0f} calls/s   {cpu:.2f} ms CPU per call; the night's questions")
    _say(f"  with short questions   {short:8.0f} calls/s")
    _say(
        f"whole night              {ours:8.0f} calls/s   {night['cpu'] / calls * 1e3:.2f} ms CPU per call, Prefect's included"
    )
    _say(f"a Prefect task per call  {naive:8.0f} calls/s")
    _say(
        f"night / bare             {ours / bare:8.2f}   (at least 0.40 wanted); {ours / short:.2f} of the short questions"
    )
    _say(f"night / task per call    {ours / naive:8.1f}   (at least 10 wanted)")
    _say(
        f"night: {night['flow_seconds']:.1f} s, peak memory {night['rss_mb']:.0f} MB, process start and end included {night['seconds']:.1f} s"
    )


def _memory(folder: Path, concurrency: int) -> None:
    small, large = _night(folder, 1_000, concurrency), _night(folder, 50_000, concurrency)
    _say(f"peak memory: 1,000 requests {small['rss_mb']:.0f} MB, 50,000 requests {large['rss_mb']:.0f} MB")


def _night(folder: Path, rows: int, concurrency: int) -> dict[str, float]:
    table = folder / f"requests-{rows}.csv"
    table.write_text(
        "request_id,topic\n"
        + "".join(f"r{n},topic {n} of {rows} in the field of measurement\n" for n in range(rows))
    )
    parameters = {
        "requests": str(table), "recipe": str(HERE / "recipe.yaml"), "models": str(HERE / "models.yaml"),
        "store": str(folder / f"store-{rows}"), "concurrency": concurrency,
    }  # fmt: skip
    os.environ["NIGHTPRESS_STATE"] = str(folder / "state")
    command = [sys.executable, "-m", "deployments.cli.night", orjson.dumps(parameters).decode()]
    with prefect_environment() as (environment, server):
        assert server is not None, "unset PREFECT_API_URL: the benchmark brings its own server"
        server.wait_until_ready()
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        printed = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    assert os.waitstatus_to_exitcode(status) == 0, printed
    said = next(line for line in printed.splitlines() if line.strip().startswith("seconds"))
    return {
        "seconds": seconds,
        "flow_seconds": float(said.split()[1].replace(",", "")),
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss_mb": usage.ru_maxrss / 1024,
    }


def _bare(rows: int, stages: int, concurrency: int) -> tuple[float, float]:
    """Calls per second, and milliseconds of CPU per call."""
    seconds, cpu = map(float, _output("tests.bench.bare", rows, stages, concurrency, PORT).split())
    return 3 * rows / seconds, cpu / (3 * rows) * 1e3


def _naive(folder: Path, rows: int = 150) -> float:
    os.environ["NIGHTPRESS_STATE"] = str(folder / "state")
    with prefect_environment() as (environment, server):
        if server is not None:
            server.wait_until_ready()
        return float(_output("tests.bench.naive", rows, PORT, environment=environment))


def _output(module: str, *arguments: int, environment: dict[str, str] | None = None) -> str:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def _simulator(folder: Path, words: int) -> subprocess.Popen[str]:
    config = folder / "simulator.yaml"
    config.write_text(SIMULATOR.format(words=words))
    command = [sys.executable, "-m", "deployments.simulator", "--port", str(PORT), "--config", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
