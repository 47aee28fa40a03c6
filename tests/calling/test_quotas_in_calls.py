"""Quotas at work: a provider's true limits are found and kept, and one model's wait holds up no other."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from calling_rig import Rig, gathered

from deployments.simulator.config import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]


def test_concurrency_is_kept_by_provider_and_by_the_process(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(default={"latency_seconds": 0.02, "jitter": 0})
    session = make_rig(simulator.url, concurrency=7).open()
    session.get_all(session.call(f"hello {n}") for n in range(40))
    assert simulator.stats()["highest_concurrency"] == 7
    simulator.reset()
    session = make_rig(simulator.url, concurrency=20).open("other", concurrency=3)
    session.get_all(session.call(f"hello {n}") for n in range(20))
    assert simulator.stats()["highest_concurrency"] == 3


def test_a_model_that_waits_for_its_own_quota_holds_up_no_other_of_its_provider(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    models = {"rare": {"limits": {"requests_per_minute": 1}}, "free": {}}
    session = make_rig(simulator.url, models, concurrency=2).open()

    async def work() -> float:
        waiting = [asyncio.create_task(session.call(f"hello {n}", "rare")) for n in range(10)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        async with asyncio.timeout(5):
            await gathered(session.call(f"hello {n}", "free") for n in range(10))
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return time.monotonic() - began

    assert session.rig.engine.wait(work()) < 1
    assert simulator.stats()["by_model"]["rare"]["calls"] == 1
    assert all(quota.in_flight == 0 for route in session.calls.routes.values() for quota in route.quotas)


def test_after_everything_that_can_go_wrong_no_permit_no_reservation_and_no_future_is_left(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    kinds = [
        "rate_limit",
        "server_error",
        "reset",
        "truncated_body",
        "refusal",
        "model_missing",
        "bad_request",
    ]
    simulator = simulate(
        default={"latency_seconds": 0.01, "jitter": 0.5},
        faults=[Fault(kind=kind, share=0.08, retry_after=0.02) for kind in kinds],
    )
    session = make_rig(simulator.url, {"m": {"fallback": ("b",)}, "b": {"provider": "gemini"}}).open()

    async def work() -> None:
        tasks = [
            asyncio.create_task(session.call(f"hello {n % 150}", row=session.row(f"r{n}")))
            for n in range(300)
        ]
        await asyncio.sleep(0.05)
        for task in tasks[::7]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    session.rig.engine.wait(work())
    assert session.calls._in_flight == {}
    assert session.calls.counters.in_flight == 0
    assert session.calls.gate._value == 50
    for route in session.calls.routes.values():
        for quota in route.quotas:
            assert (quota.in_flight, len(quota._waiting)) == (0, 0)
    session.rows()
    session.close()
    assert session.rig.open().calls.ledger.recover() == 0
    assert not [row for row in session.rig.rows() if str(row["call_id"]).startswith("lost-")]
