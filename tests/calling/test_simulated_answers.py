"""A simulated answer is served by a simulator only: its port may belong to a real server by now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calling_rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from odd_servers import OddServer

    from deployments.simulator.running import RunningSimulator

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]
    Odd = Callable[..., OddServer]

DAY = 86400.0


def test_a_simulated_answer_is_served_while_its_host_says_that_it_is_simulated(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    simulator.__exit__(None, None, None)
    again = simulate(port=simulator.port)
    hit = rig.open("tuesday").get("hello", ttl_seconds=DAY)
    assert (hit.cached, hit.simulated) == (True, True)
    assert again.stats()["calls"] == 0


def test_a_real_server_on_a_simulators_port_is_asked_anew_even_in_the_same_run(
    simulate: Simulate, make_rig: MakeRig, odd: Odd
) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    simulator.__exit__(None, None, None)
    server = odd("real", port=simulator.port)
    for run in ("tuesday", "monday"):
        real = rig.open(run).get("hello", ttl_seconds=None)
        assert (real.text, real.cached, real.simulated) == ("a real answer", False, False)
    assert [method for method, _ in server.seen].count("POST") == 2


def test_the_host_is_asked_once_and_without_a_key(simulate: Simulate, make_rig: MakeRig, odd: Odd) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    session = rig.open("monday")
    for n in range(3):
        session.get(f"hello {n}")
    session.upload()
    simulator.__exit__(None, None, None)
    server = odd("real", port=simulator.port)
    later = rig.open("tuesday")
    later.get_all(later.call(f"hello {n}", ttl_seconds=DAY) for n in range(3))
    asked = [headers for method, headers in server.seen if method == "GET"]
    assert len(asked) == 1
    assert not {"authorization", "x-api-key", "x-goog-api-key"} & {name.lower() for name in asked[0]}


def test_a_real_answer_is_served_without_asking_its_host_what_it_is(make_rig: MakeRig, odd: Odd) -> None:
    server = odd("real")
    rig = make_rig(server.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    hit = rig.open("tuesday").get("hello", ttl_seconds=DAY)
    assert (hit.cached, hit.simulated, hit.text) == (True, False, "a real answer")
    assert len(server.seen) == 1
