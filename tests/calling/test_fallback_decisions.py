"""A fallback that was taken is a decision: journalled, read back, and the same in every replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calling_rig import Rig

from deployments.simulator.config import Fault, Script, Scripted

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]

MODELS = {"a": {"fallback": ("b",)}, "b": {"fallback": ("c",)}, "c": {}}


def test_a_replay_goes_straight_to_the_model_that_answered(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(faults=(Fault(kind="model_missing", model="a"),))
    rig = make_rig(simulator.url, MODELS)
    session = rig.open()
    first = session.get("hello", "a")
    session.upload()
    again = rig.open()
    assert again.calls.ledger.decision("r1", "draft", 0) == {
        "model": "b",
        "instead_of": "a",
        "because": "model_missing",
    }
    assert again.get("hello", "a") == first
    assert simulator.stats()["calls"] == 2


def test_a_decision_survives_a_model_that_works_again(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(faults=(Fault(kind="model_missing", model="a", first=1),))
    rig = make_rig(simulator.url, MODELS)
    session = rig.open()
    session.get("hello", "a")
    session.upload()
    assert rig.open().get("hello", "a").model == "b"
    assert rig.open("another-run").get("hello", "a").model == "a"


def test_where_the_decided_model_fails_too_the_later_decision_counts(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(faults=(Fault(kind="model_missing", model="a"),))
    rig = make_rig(simulator.url, MODELS)
    for number in range(11):
        session = rig.open()
        session.get("hello", "a", session.row(f"r{number}"))
        session.upload()
    last = rig.open()
    simulator.script(Script(model="b", replies=(Scripted(fault=Fault(kind="model_missing")),), then="repeat"))
    assert last.get("changed", "a", last.row("r3")).model == "c"
    last.upload()
    assert rig.open().calls.ledger.decision("r3", "draft", 0)["model"] == "c"  # type: ignore[index]


def test_samples_that_fell_back_together_are_found_again_each_in_its_place(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    """The second sample's first choice fails before the first one's: numbers must not depend on that."""
    late, early = Fault(kind="model_missing"), Fault(kind="model_missing")
    simulator = simulate(default={"latency_seconds": 0.02, "jitter": 0.6}, faults=(late, early))
    simulator.script(
        Script(model="a", replies=(Scripted(fault=late), Scripted(fault=early))),
        Script(model="b", replies=tuple(Scripted(text=f"answer {n}") for n in range(4))),
    )
    rig = make_rig(simulator.url, {"a": {"fallback": ("b",)}, "b": {}})
    session = rig.open()
    row = session.row()
    first = session.get_all([session.call("hello", "a", row) for _ in range(4)])
    session.upload()
    again = rig.open()
    row = again.row()
    assert again.get_all([again.call("hello", "a", row) for _ in range(4)]) == first
    assert len({each.text for each in first}) == 4
    assert simulator.stats()["by_model"]["b"]["calls"] == 4


def test_a_sample_answered_by_its_first_choice_keeps_its_number_beside_one_that_fell_back(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(faults=(Fault(kind="model_missing", model="a", first=1),))
    rig = make_rig(simulator.url, {"a": {"fallback": ("b",)}, "b": {}})
    session = rig.open()
    row = session.row()
    first = [session.get("hello", "a", row) for _ in range(2)]
    assert [each.model for each in first] == ["b", "a"]
    session.upload()
    again = rig.open()
    row = again.row()
    assert [again.get("hello", "a", row) for _ in range(2)] == first
    assert simulator.stats()["calls"] == 3


def test_a_later_row_is_not_bound_by_an_earlier_rows_decision(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(faults=(Fault(kind="model_missing", model="a", first=1),))
    session = make_rig(simulator.url, MODELS).open()
    assert session.get("hello", "a", session.row("r1")).model == "b"
    assert session.get("hello", "a", session.row("r2")).model == "a"
