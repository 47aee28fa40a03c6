"""A night whose writer has a long system text, on a provider that caches what is marked, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployments.simulator.config import Profile, SimulatedPrice
from tasks.calling.catalog import load_catalog
from tasks.landing.night_report import read_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator

GUIDE = "Say what the reader can do, and by when; never what we are proud of. " * 80
RECIPE = f"""
recipe: guided
request: {{topic: {{type: str}}}}
make: {{ask: {{model: one, max_tokens: 60, system: "{GUIDE}", prompt: "Write on {{{{ request.topic }}}}"}}}}
"""
MODELS = """
providers:
  sim: {{api: anthropic, base_url: "{url}", concurrency: 50}}
models:
  one: {{provider: sim, id: claude-sonnet-4-5, price: {{input: 100, output: 200, cached: 10}}}}
"""


def night(rig: Callable[..., Rig], simulator: RunningSimulator, rows: int) -> Rig:
    made = rig(simulator)
    made.recipe = RECIPE
    catalog = load_catalog(MODELS.format(url=simulator.anthropic_url))
    made.night(made.table({f"r{number}": f"topic {number}" for number in range(rows)}), catalog=catalog)
    return made


@pytest.fixture
def simulator(simulate: Callable[..., RunningSimulator]) -> RunningSimulator:
    price = SimulatedPrice(input=100, output=200, cached=10)
    return simulate(default=Profile(price=price, words=20, latency_seconds=0.03, jitter=0))


def test_all_rows_but_the_first_read_what_they_begin_with_from_the_cache_and_the_bill_agrees(rig, simulator):
    made = night(rig, simulator, rows=6)
    cached = sorted(row["tokens_cached"] for row in made.rows("calls"))
    assert cached[0] == 0
    assert all(each > 1024 for each in cached[1:])
    report = read_report(made.store, "night")
    assert report.manifest["usd"]["spent"] == pytest.approx(simulator.stats()["usd"])


def test_a_lone_row_writes_no_cache(rig, simulator):
    made = night(rig, simulator, rows=1)
    (call,) = made.rows("calls")
    assert call["usd"] == pytest.approx((call["tokens_in"] * 100 + call["tokens_out"] * 200) / 1e6)
    assert call["usd"] == pytest.approx(simulator.stats()["usd"])
