"""A budget that is too small, and a night killed in the middle: the provider's bill over both stays within it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from command_rig import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator

ROWS = 500
BUDGET = 9.0  # about three quarters of what all rows would cost


def test_a_night_killed_at_concurrency_200_and_started_again_keeps_to_one_budget_and_uses_it(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator]
) -> None:
    faults = [
        {"kind": "server_error", "share": 0.03},
        {"kind": "reset", "share": 0.01},
        {"kind": "rate_limit", "every": 200, "retry_after": 0.05},
    ]
    simulator = simulate(latency=0.1, faults=faults)
    night = commands(simulator.openai_url, ROWS)
    models = night.folder / "models.yaml"
    models.write_text(models.read_text().replace("concurrency: 50", "concurrency: 200"))
    process = night.start(concurrency=200, budget=BUDGET)
    until(lambda: simulator.stats()["usd"] >= BUDGET / 3, process)
    process.kill()
    process.communicate()
    code, out, err = night.run(concurrency=200, budget=BUDGET)
    assert (code, err) == (0, ""), out
    manifest, bill = night.manifest(), simulator.stats()
    assert manifest is not None
    assert bill["usd"] <= BUDGET
    assert 0.95 * BUDGET <= manifest["usd"]["spent"] <= BUDGET
    assert night.read("calls")["status"].eq("lost").any(), (
        "the kill left calls of which nobody knows the cost"
    )
    assert manifest["rows"]["deferred"] > 0
    again, out, err = night.run(concurrency=200, budget=BUDGET)
    assert (again, err) == (0, ""), out
    assert simulator.stats()["usd"] <= BUDGET, "nor does the next generation spend more"
