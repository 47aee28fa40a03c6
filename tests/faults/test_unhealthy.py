"""A night of which too much failed is committed, and the command says so by its exit code every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator


def test_an_unhealthy_night_exits_1_also_when_nothing_is_left_to_do(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate(faults=[{"kind": "bad_request"}])
    night = commands(simulator.openai_url, 4)
    code, out, err = night.run()
    assert (code, err) == (1, ""), out
    assert "committed, unhealthy" in out
    sent = simulator.stats()["calls"]
    code, out, err = night.run()
    assert (code, err) == (1, ""), out
    assert "committed, unhealthy" in out
    assert "nothing was left to do" in out
    assert simulator.stats()["calls"] == sent
