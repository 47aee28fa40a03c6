"""Who is served whose answer: within a run, across runs, and never what nobody else should have."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from calling_rig import Rig, Session

from deployments.simulator.config import Fault
from tasks.calling.failures import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]

DAY = 86400.0


def calls_of(simulator: RunningSimulator) -> int:
    return int(simulator.stats()["calls"])


def test_another_row_of_the_run_is_served_whether_the_answer_is_uploaded_or_not(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    session = make_rig(simulator.url).open()
    first = session.get("hello")
    second = session.get("hello", row=session.row("r2"))
    session.upload()
    third = session.get("hello", row=session.row("r3"))
    assert {first.text, second.text, third.text} == {first.text}
    assert calls_of(simulator) == 1
    assert [first.cached, second.cached, third.cached] == [False, True, True]


def test_a_hit_is_a_row_that_names_its_source_costs_nothing_and_carries_no_text(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    session = make_rig(simulate().url).open()
    first = session.get("hello")
    hit = session.get("hello", row=session.row("r2"))
    paid, served = session.rows()
    assert (hit.usd, hit.tokens_in, hit.tokens_out) == (0.0, 0, 0)
    assert served["cached"] is True
    assert served["source_call_id"] == paid["call_id"] == first.call_id
    assert served["call_id"] != paid["call_id"]
    assert (served["usd"], served["usd_saved"]) == (0.0, paid["usd"])
    assert served["response"] is None
    assert served["prompt"] is None


def test_the_same_call_again_in_the_same_run_is_itself_not_a_hit(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    first = rig.open().get("hello")
    rig.sessions[0].upload()
    again = rig.open().get("hello")
    assert calls_of(simulator) == 1
    assert again == first
    assert len(rig.sessions[1].rows()) == 1


@pytest.mark.parametrize(
    ("ttl_seconds", "asked_after", "served"),
    [
        (DAY, timedelta(hours=23), True),
        (DAY, timedelta(hours=25), False),
        (None, timedelta(seconds=1), False),
    ],
)
def test_another_run_is_served_within_the_time_to_live_before_its_first_start(
    simulate: Simulate, make_rig: MakeRig, ttl_seconds: float | None, asked_after: timedelta, served: bool
) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    later = rig.open("tuesday", first_start=datetime.now(UTC) + asked_after)
    assert later.get("hello", ttl_seconds=ttl_seconds).cached is served
    assert calls_of(simulator) == (1 if served else 2)


def test_a_hit_does_not_renew_the_time_to_live(simulate: Simulate, make_rig: MakeRig) -> None:
    rig = make_rig(simulate().url)
    now = datetime.now(UTC)
    for run, hours in (("monday", 0), ("tuesday", 20)):
        rig.open(run, first_start=now + timedelta(hours=hours)).get("hello", ttl_seconds=DAY)
        rig.sessions[-1].upload()
    wednesday = rig.open("wednesday", first_start=now + timedelta(hours=40))
    assert wednesday.get("hello", ttl_seconds=DAY).cached is False


def test_samples_stay_distinct_within_a_row_and_are_shared_between_rows(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    session = make_rig(simulator.url).open()
    for request_id in ("r1", "r2"):
        row = session.row(request_id)
        found = session.get_all([session.call("hello", row=row) for _ in range(3)])
        assert len({each.call_id for each in found}) == 3
    assert calls_of(simulator) == 3
    assert sorted(row["sample"] for row in session.rows()) == [0, 0, 1, 1, 2, 2]


def test_variants_per_request_share_nothing_when_the_temperature_is_above_zero(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    session = make_rig(simulator.url).open()
    rows = [session.row(f"r{n}", per_request=True) for n in range(3)]
    session.get_all([session.call("hello", row=row, temperature=0.7) for row in rows])
    assert calls_of(simulator) == 3
    rows = [session.row(f"r{n}", per_request=True) for n in range(3)]
    session.get_all([session.call("hello", row=row, temperature=0.0) for row in rows])
    assert calls_of(simulator) == 4


def test_identical_calls_in_flight_share_one_request(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(default={"latency_seconds": 0.1, "jitter": 0})
    session = make_rig(simulator.url).open()
    found = session.get_all(session.call("hello", row=session.row(f"r{n}")) for n in range(50))
    assert calls_of(simulator) == 1
    assert sum(not each.cached for each in found) == 1
    assert sum(each.usd for each in found) == pytest.approx(simulator.stats()["usd"])


def test_rows_that_share_an_answer_of_no_use_to_them_then_ask_at_once_not_one_by_one(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(default={"latency_seconds": 0.1, "jitter": 0})
    session = make_rig(simulator.url).open()
    rows = [session.row(f"r{n}") for n in range(20)]
    found = session.get_all(session.call("hello", row=row, max_tokens=5) for row in rows)
    assert calls_of(simulator) == 20
    assert {each.finish for each in found} == {"length"}
    assert simulator.stats()["highest_concurrency"] == 19


def test_who_waits_for_a_call_that_is_broken_off_asks_itself(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(default={"latency_seconds": 0.15, "jitter": 0})
    session = make_rig(simulator.url).open()

    async def both() -> object:
        first = asyncio.create_task(session.call("hello", row=session.row("r1")))
        second = asyncio.create_task(session.call("hello", row=session.row("r2")))
        await asyncio.sleep(0.05)
        first.cancel()
        return await second

    completion = session.rig.engine.wait(both())
    assert completion.cached is False  # type: ignore[attr-defined]
    assert session.calls.counters.in_flight == 0
    lost, answered = session.rows()
    assert (lost["status"], lost["request_id"]) == ("lost", "r1")
    assert lost["usd_failed"] == lost["usd_estimated"] > 0
    assert answered["status"] == "ok"


@pytest.mark.parametrize("kind", ["refusal", "empty", "length"])
def test_what_is_refused_empty_or_cut_short_is_never_served_to_another_call(
    simulate: Simulate, make_rig: MakeRig, kind: str
) -> None:
    simulator = simulate(faults=(Fault(kind=kind, first=1),))
    rig = make_rig(simulator.url)
    session = rig.open("monday")

    def outcome(of: Session, request_id: str) -> str:
        try:
            return of.get("hello", row=of.row(request_id), ttl_seconds=DAY).finish
        except CallFailed as failure:
            return failure.error_kind

    assert outcome(session, "r1") == kind
    session.upload()
    assert outcome(rig.open("tuesday"), "r2") == "stop"
    assert outcome(session, "r3") == "stop"
    assert outcome(session, "r1") == kind
    assert calls_of(simulator) == 3


def test_refresh_sees_what_another_worker_has_uploaded(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    one, other = rig.open(), rig.open()
    one.get("hello")
    one.upload()
    other.past.refresh(older_than=0)
    assert other.get("hello", row=other.row("r2")).cached
    assert calls_of(simulator) == 1
