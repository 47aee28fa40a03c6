"""How long a call waits: told to, by itself, and at most. Over real sockets; pauses are fractions of a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from calling_rig import APIS, Rig

from deployments.simulator.config import Fault
from tasks.calling.budget import Budget
from tasks.calling.failures import CallFailed
from tasks.calling.sending import Patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]

WAIT = [("rate_limit", 429), ("overloaded", 503), ("overloaded", 529)]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("kind", "status"), WAIT)
def test_a_throttled_call_waits_as_long_as_it_is_told_and_spends_no_attempt(
    simulate: Simulate, make_rig: MakeRig, api: str, kind: str, status: int
) -> None:
    simulator = simulate(faults=(Fault(kind=kind, status=status, first=4, retry_after=0.06),))
    rig = make_rig(simulator.url, {"m": {"provider": api}})
    rig.patience = Patience(call_seconds=5, total_seconds=10, attempts=1)
    session = rig.open()
    began = time.monotonic()
    session.get("hello")
    assert time.monotonic() - began >= 4 * 0.06
    (row,) = session.rows()
    assert (row["status"], row["attempts"]) == ("ok", 5)


def test_retry_after_as_a_date_is_waited_for(simulate: Simulate, make_rig: MakeRig) -> None:
    fault = Fault(kind="rate_limit", first=1, retry_after=0.2, retry_after_form="date")
    simulator = simulate(faults=(fault,))
    session = make_rig(simulator.url).open()
    began = time.monotonic()
    session.get("hello")
    assert 0.19 <= time.monotonic() - began < 2.5  # dates count whole seconds
    assert simulator.stats()["calls"] == 2


def test_one_throttled_call_holds_back_every_call_of_its_quota_once(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(faults=(Fault(kind="rate_limit", first=1, retry_after=0.4),))
    session = make_rig(simulator.url, concurrency=4).open()
    began = time.monotonic()
    session.get_all(session.call(f"hello {n}") for n in range(40))
    assert 0.4 <= time.monotonic() - began < 2
    assert simulator.stats()["by_status"] == {"429": 1, "200": 40}


def test_a_wave_of_throttling_is_not_answered_by_another_wave(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate(faults=(Fault(kind="rate_limit", first=20, retry_after=0.3),))
    session = make_rig(simulator.url, concurrency=20).open()
    session.get_all(session.call(f"hello {n}") for n in range(20))
    assert simulator.stats()["by_status"] == {"429": 20, "200": 20}
    assert simulator.stats()["most_sent"] == 2


def test_a_call_that_is_told_to_wait_longer_than_its_patience_goes_to_the_next_model_at_once(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(faults=(Fault(kind="overloaded", model="a", retry_after=30),))
    rig = make_rig(simulator.url, {"a": {"fallback": ("b",)}, "b": {"provider": "anthropic"}})
    began = time.monotonic()
    assert rig.open().get("hello", "a").model == "b"
    assert time.monotonic() - began < 2
    assert simulator.stats()["by_model"]["a"]["calls"] == 1


def test_retries_end_with_the_total_time_however_many_attempts_are_left(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(faults=(Fault(kind="server_error"),))
    rig = make_rig(simulator.url)
    rig.patience = Patience(call_seconds=5, total_seconds=0.5, attempts=1000, longest_pause_seconds=0.1)
    began = time.monotonic()
    error = rig.open().error("hello")
    assert time.monotonic() - began < 1
    assert isinstance(error, CallFailed)
    assert error.error_kind == "server_error"
    assert 2 < simulator.stats()["calls"] < 100


@pytest.mark.parametrize("api", APIS)
def test_a_server_that_hangs_costs_its_wall_clock_and_the_reservation_marked_as_estimated(
    simulate: Simulate, make_rig: MakeRig, api: str
) -> None:
    simulator = simulate(faults=(Fault(kind="hang"),))
    rig = make_rig(simulator.url, {"m": {"provider": api}})
    rig.patience = Patience(call_seconds=0.15, total_seconds=5, attempts=2, longest_pause_seconds=0.01)
    session, budget = rig.open(), Budget(100.0)
    began = time.monotonic()
    error = session.error("hello", row=session.row("r1", budget))
    assert 0.3 <= time.monotonic() - began < 1.5
    assert isinstance(error, CallFailed)
    assert error.error_kind == "timeout"
    (row,) = session.rows()
    reserved = session.calls.routes["m"].worst_usd(10, 200) or 0.0
    assert row["usd_failed"] == pytest.approx(row["usd_estimated"])
    assert row["usd_failed"] > reserved  # of two attempts
    assert budget.spent_usd == pytest.approx(row["usd_failed"])
    assert abs(budget.reserved_usd) < 1e-9


def test_an_answer_that_drips_for_ever_is_cut_at_the_wall_clock(
    make_rig: MakeRig, serve: Callable[..., str]
) -> None:
    rig = make_rig(serve("drip"))
    rig.patience = Patience(call_seconds=0.3, total_seconds=5, attempts=1)
    began = time.monotonic()
    error = rig.open().error("hello")
    assert time.monotonic() - began < 1.5
    assert isinstance(error, CallFailed)
    assert error.error_kind == "timeout"


def test_a_refused_connection_costs_nothing_and_a_broken_one_its_reservation(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    refused = make_rig(simulator.url)
    simulator.__exit__(None, None, None)
    session, budget = refused.open(), Budget(100.0)
    assert "cannot connect" in str(session.error("hello", row=session.row("r1", budget)))
    (row,) = session.rows()
    assert (row["error_kind"], row["usd_failed"], row["usd_estimated"]) == ("connection", 0.0, 0.0)
    assert budget.spent_usd == 0

    broken = make_rig(simulate(faults=(Fault(kind="reset"),)).url)
    session = broken.open("other")
    assert "broke" in str(session.error("hello"))
    (row,) = session.rows()
    assert row["usd_failed"] == row["usd_estimated"] > 0


def test_an_answer_without_usage_is_charged_its_reservation_and_marked(
    make_rig: MakeRig, serve: Callable[..., str]
) -> None:
    session, budget = make_rig(serve("no usage")).open(), Budget(100.0)
    session.get("hello", row=session.row("r1", budget))
    (row,) = session.rows()
    assert row["tokens_in"] is None
    assert row["usd"] == row["usd_estimated"] == pytest.approx(budget.spent_usd)
    assert row["usd"] > 0


def test_the_cost_of_failed_attempts_is_in_the_row_of_the_call_that_succeeds(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(faults=(Fault(kind="truncated_body", first=1),))
    session, budget = make_rig(simulator.url).open(), Budget(100.0)
    completion = session.get("hello", row=session.row("r1", budget))
    (row,) = session.rows()
    assert row["usd_failed"] > 0
    assert completion.usd == row["usd"]
    assert budget.spent_usd == pytest.approx(row["usd"] + row["usd_failed"])
    assert budget.spent_usd >= simulator.stats()["usd"] > 0
