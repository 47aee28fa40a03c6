"""Reservations: what is promised and spent never exceeds the limit, and everything promised is settled."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING

import pytest
from calling_rig import Rig
from hypothesis import given
from hypothesis import strategies as st

from tasks.calling.budget import Budget, OverBudget, reserve_all
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

USD = st.floats(0, 10, allow_nan=False)


Wish = tuple[float, float, int]


async def call(budgets: tuple[Budget, ...], wish: Wish, seen: list[float]) -> bool:
    """One call: it waits for its worst case, is under way for so many turns of the loop, and comes to a part of it."""
    usd, share, turns = wish
    try:
        await reserve_all(budgets, usd)
    except OverBudget:
        assert usd > min(each.unspent_usd for each in budgets)
        return False
    seen += [each.spent_usd + each.reserved_usd - (each.limit_usd or 0.0) for each in budgets]
    for _ in range(turns):
        await asyncio.sleep(0)
    for budget in budgets:
        budget.settle(usd, usd * share)
    return True


@given(
    st.floats(0, 30),
    st.floats(0, 30),
    st.lists(st.tuples(USD, st.floats(0, 1), st.integers(0, 3), st.integers(0, 2)), max_size=40),
)
def test_whoever_waits_is_served_or_turned_away_and_no_limit_is_ever_passed(
    one: float, other: float, wishes: list[tuple[float, float, int, int]]
) -> None:
    """Calls at once over one budget, another, or both: all of them end, and every promise is settled."""

    async def work() -> None:
        first, second = Budget(one), Budget(other)
        over = ((first,), (second,), (first, second))
        seen: list[float] = []
        calls = (call(over[which], (usd, share, turns), seen) for usd, share, turns, which in wishes)
        async with asyncio.timeout(10):
            await asyncio.gather(*calls)
        assert all(beyond <= 1e-9 for beyond in seen)
        assert first.reserved_usd == second.reserved_usd == 0

    asyncio.run(work())


def test_who_waits_is_served_in_the_order_of_coming_and_not_overtaken_by_who_needs_less() -> None:
    async def work() -> list[str]:
        budget, served = Budget(1.0), []

        async def one(name: str, usd: float) -> None:
            await reserve_all((budget,), usd)
            served.append(name)
            await asyncio.sleep(0)
            budget.settle(usd, 0.0)

        async with asyncio.TaskGroup() as calls:
            for name, usd in (("a", 0.6), ("b", 0.6), ("c", 0.1), ("d", 1.0), ("e", 0.1)):
                calls.create_task(one(name, usd))
        return served

    assert asyncio.run(work()) == ["a", "b", "c", "d", "e"]


def test_who_is_cancelled_while_waiting_or_just_served_holds_nothing_and_lets_the_next_go() -> None:
    async def work() -> None:
        budget = Budget(1.0)
        await reserve_all((budget,), 1.0)
        tasks = [asyncio.create_task(reserve_all((budget,), 1.0)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        budget.settle(1.0, 0.0)
        tasks[1].cancel()  # served by now, and has not run since
        await asyncio.wait_for(tasks[2], 5)
        assert [each.cancelled() for each in tasks] == [True, True, False]
        assert budget.reserved_usd == 1.0

    asyncio.run(work())


def test_who_waits_is_turned_away_as_soon_as_what_was_spent_leaves_too_little() -> None:
    async def work() -> None:
        budget = Budget(1.0)
        await reserve_all((budget,), 0.8)
        waiting = asyncio.create_task(reserve_all((budget,), 0.5))
        await asyncio.sleep(0)
        budget.settle(0.8, 0.6)
        with pytest.raises(OverBudget, match=r"\$0.5000, \$0.4000 of the run's"):
            await asyncio.wait_for(waiting, 5)

    asyncio.run(work())


def test_without_a_limit_everything_fits() -> None:
    budget = Budget(None)
    budget.check(1e12)
    assert budget.has_room(1e12)


def test_over_budget_says_what_is_missing_and_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(OverBudget(0.5, 0.25, "run")))
    assert isinstance(error, RowDeferred)
    assert str(error) == "the next call may cost $0.5000, $0.2500 of the run's budget is left"


def test_calls_at_once_wait_for_one_another_until_the_budget_is_used_up_and_the_rest_is_deferred(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    simulator = simulate(default={"latency_seconds": 0.01, "jitter": 0})
    session = make_rig(simulator.url).open()
    seen: list[float] = []

    class Watched(Budget):
        __slots__ = ()

        def reserve(self, usd: float) -> None:
            super().reserve(usd)
            seen.append(self.spent_usd + self.reserved_usd)

    run, worst = Watched(0.2), session.calls.routes["m"].worst_usd(30, 200)
    found = session.get_all(session.call(f"hello {n}", row=session.row(f"r{n}", run)) for n in range(60))
    deferred = [each for each in found if isinstance(each, OverBudget)]
    assert 0 < len(deferred) < 60
    assert max(seen) <= 0.2
    assert run.reserved_usd == 0
    assert run.spent_usd == pytest.approx(simulator.stats()["usd"])
    assert worst is not None
    assert run.spent_usd > 0.2 - worst, "nobody was turned away while a call might still have fitted"
    assert simulator.stats()["calls"] == 60 - len(deferred)
    assert len(session.rows()) == 60 - len(deferred), "what was never sent leaves no row"


def test_who_waits_for_money_holds_no_place_that_others_need(
    simulate: Callable[..., RunningSimulator], make_rig: Callable[..., Rig]
) -> None:
    """One place for all: would it be held by who waits for the other's money, nobody could go on."""
    simulator = simulate(faults=[{"kind": "server_error", "share": 0.3}])
    session = make_rig(simulator.url, concurrency=1).open(concurrency=1)
    tight = Budget(0.05)
    found = session.get_all(session.call(f"hello {n}", row=session.row(f"r{n}", tight)) for n in range(12))
    assert all(isinstance(each, OverBudget) or each.text for each in found)
    assert simulator.stats()["usd"] <= 0.05


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
