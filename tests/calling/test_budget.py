"""Reservations: what is promised and spent never exceeds the limit, and everything promised is settled."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from calling_rig import Rig
from hypothesis import given
from hypothesis import strategies as st

from tasks.calling.budget import Budget, OverBudget
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

USD = st.floats(0, 10, allow_nan=False)


@given(st.floats(0, 30), st.lists(st.tuples(USD, st.floats(0, 1), st.booleans()), max_size=40))
def test_promised_and_spent_never_exceed_the_limit(
    limit: float, calls: list[tuple[float, float, bool]]
) -> None:
    budget, promised = Budget(limit), []
    for usd, share, settles in calls:
        try:
            budget.reserve(usd)
        except OverBudget:
            assert usd > limit - budget.spent_usd - budget.reserved_usd
        else:
            promised.append((usd, usd * share))
        assert budget.spent_usd + budget.reserved_usd <= limit + 1e-9
        if settles and promised:
            budget.settle(*promised.pop())
    for each in promised:
        budget.settle(*each)
    assert budget.reserved_usd == pytest.approx(0, abs=1e-9)


def test_without_a_limit_everything_fits() -> None:
    budget = Budget(None)
    budget.reserve(1e12)
    assert budget.left_usd == float("inf")


def test_over_budget_says_what_is_missing_and_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(OverBudget(0.5, 0.25, "run")))
    assert isinstance(error, RowDeferred)
    assert str(error) == "the next call may cost $0.5000, $0.2500 of the run's budget is left"


def test_calls_at_once_never_promise_more_than_the_budget_and_the_rest_is_deferred(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    simulator = simulate(default={"latency_seconds": 0.05, "jitter": 0})
    session = make_rig(simulator.url).open()
    seen: list[float] = []

    class Watched(Budget):
        __slots__ = ()

        def reserve(self, usd: float) -> None:
            super().reserve(usd)
            seen.append(self.spent_usd + self.reserved_usd)

    run = Watched(0.2)
    found = session.get_all(session.call(f"hello {n}", row=session.row(f"r{n}", run)) for n in range(40))
    deferred = [each for each in found if isinstance(each, OverBudget)]
    assert 0 < len(deferred) < 40
    assert max(seen) <= 0.2
    assert run.reserved_usd == pytest.approx(0, abs=1e-9)
    assert run.spent_usd == pytest.approx(simulator.stats()["usd"])
    assert simulator.stats()["calls"] == 40 - len(deferred)
    assert len(session.rows()) == 40 - len(deferred), "what was never sent leaves no row"


def test_a_row_over_its_own_budget_leaves_the_runs_alone(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    simulator = simulate()
    session = make_rig(simulator.url).open()
    run, own = Budget(1.0), Budget(0.0001, "request")
    error = session.error("hello", row=session.row("r1", run, own))
    assert "request's budget" in str(error)
    assert (run.spent_usd, run.reserved_usd, simulator.stats()["calls"]) == (0, 0, 0)


def test_a_hit_needs_no_budget(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    session = make_rig(simulate().url).open()
    session.get("hello")
    assert session.get("hello", row=session.row("r2", Budget(0.0))).usd == 0


def test_who_waits_for_a_row_that_is_over_its_budget_asks_itself(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    session = make_rig(simulate().url, concurrency=1).open()
    poor, rich = session.row("r1", Budget(0.0)), session.row("r2", Budget(1.0))
    busy = session.call("another", row=session.row("r0"))
    _, first, second = session.get_all(
        [busy, session.call("hello", row=poor), session.call("hello", row=rich)]
    )
    assert isinstance(first, OverBudget)
    assert second.cached is False
