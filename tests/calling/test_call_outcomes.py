"""What becomes of a call that meets each kind of failure, over all three wire formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from calling_rig import APIS, Rig

from deployments.simulator.config import Fault
from tasks.calling.failures import CallFailed
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

NEXT_MODEL = ["model_missing", "forbidden", "context_too_long", "content_filter"]


@pytest.fixture
def faulty(simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]) -> Callable[..., Any]:
    """A simulator and a rig whose model `bad` always meets a fault and falls back to `good`."""

    def make(
        api: str = "openai", fallback: tuple[str, ...] = ("good",), elsewhere: bool = False, **fault: Any
    ) -> Any:
        simulator = simulate(faults=(Fault(model="bad", **fault),))
        other = next(each for each in APIS if each != api) if elsewhere else api
        models = {"bad": {"provider": api, "fallback": fallback}, "good": {"provider": other}}
        return simulator, make_rig(simulator.url, models)

    return make


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", NEXT_MODEL)
def test_what_this_model_cannot_do_the_next_model_does_after_one_attempt(
    faulty: Callable[..., Any], api: str, kind: str
) -> None:
    simulator, rig = faulty(api, kind=kind)
    session = rig.open()
    assert session.get("hello", "bad").model == "good"
    failed, answered = session.rows()
    assert (failed["model"], failed["status"], failed["error_kind"]) == ("bad", "failed", kind)
    assert (answered["model"], answered["status"], answered["provider"]) == ("good", "ok", api)
    assert simulator.stats()["by_model"]["bad"]["calls"] == 1


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", ["server_error", "reset", "truncated_body", "not_json"])
def test_what_may_pass_is_tried_again_a_few_times_and_then_the_next_model(
    faulty: Callable[..., Any], api: str, kind: str
) -> None:
    simulator, rig = faulty(api, kind=kind)
    session = rig.open()
    assert session.get("hello", "bad").model == "good"
    assert simulator.stats()["by_model"]["bad"]["calls"] == rig.patience.attempts
    failed = session.rows()[0]
    expected = {"reset": "connection", "truncated_body": "connection", "not_json": "bad_body"}.get(kind, kind)
    assert failed["error_kind"] == expected
    assert failed["attempts"] == rig.patience.attempts
    assert "given up after 3 attempts" in failed["error"]


@pytest.mark.parametrize("api", APIS)
def test_a_passing_fault_costs_a_retry_and_nothing_else(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig], api: str
) -> None:
    simulator = simulate(faults=(Fault(kind="server_error", first=1),))
    session = make_rig(simulator.url, {"m": {"provider": api}}).open()
    assert session.get("hello").model == "m"
    (row,) = session.rows()
    assert (row["status"], row["attempts"], row["usd_failed"]) == ("ok", 2, 0.0)


ROW_FAILS = [
    (api, kind)
    for api in APIS
    for kind in ("bad_request", "refusal", "empty")
    if (api, kind) != ("gemini", "refusal")  # which refuses in words only
]


@pytest.mark.parametrize(("api", "kind"), ROW_FAILS)
def test_what_no_model_would_do_better_fails_the_row_and_no_other_row_gets_it(
    faulty: Callable[..., Any], api: str, kind: str
) -> None:
    simulator, rig = faulty(api, kind=kind)
    session = rig.open()
    error = session.error("hello", "bad")
    assert isinstance(error, CallFailed)
    assert (error.kind, error.error_kind) == ("row_fails", kind)
    session.error("hello", "bad", session.row("r2"))
    assert simulator.stats()["by_model"]["bad"]["calls"] == 2
    assert simulator.stats()["by_model"].get("good") is None
    assert [row["error_kind"] for row in session.rows()] == [kind, kind]


@pytest.mark.parametrize("kind", ["refusal", "empty"])
def test_a_paid_answer_without_use_is_paid_once_for_its_own_row(
    faulty: Callable[..., Any], kind: str
) -> None:
    simulator, rig = faulty(kind=kind)
    session = rig.open()
    first = session.error("hello", "bad")
    session.upload()
    again = rig.open().error("hello", "bad")
    assert str(first) == str(again)
    assert simulator.stats()["calls"] == 1
    assert session.rows()[0]["usd"] > 0


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", ["bad_key", "no_credit"])
def test_a_provider_without_key_or_credit_is_closed_and_fallbacks_serve(
    faulty: Callable[..., Any], api: str, kind: str
) -> None:
    simulator, rig = faulty(api, kind=kind, elsewhere=True)
    session = rig.open()
    found = session.get_all(session.call(f"hello {n}", "bad", session.row(f"r{n}")) for n in range(20))
    assert {each.model for each in found} == {"good"}
    session.get("one more", "bad", session.row("late"))
    assert simulator.stats()["by_model"]["bad"]["calls"] <= 20
    assert list(session.calls.closed) == [api]


def test_a_closed_provider_defers_the_other_rows_with_one_reason_and_sends_no_more(
    faulty: Callable[..., Any],
) -> None:
    simulator, rig = faulty(kind="bad_key", fallback=())
    session = rig.open(concurrency=4)
    found = session.get_all(session.call(f"hello {n}", "bad", session.row(f"r{n}")) for n in range(200))
    assert all(isinstance(each, RowDeferred) for each in found)
    assert len({str(each) for each in found}) == 1
    assert "openai is closed for this run" in str(found[0])
    assert simulator.stats()["calls"] <= 4
    assert len(session.rows()) == simulator.stats()["calls"]


def test_a_row_fails_when_its_last_model_does_and_says_who_was_tried(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    simulator = simulate(faults=(Fault(kind="model_missing"),))
    session = make_rig(simulator.url, {"a": {"fallback": ("b",)}, "b": {"fallback": ("a",)}}).open()
    error = session.error("hello", "a")
    assert isinstance(error, CallFailed)
    assert error.kind == "row_fails"
    assert "(tried a, b)" in str(error)
