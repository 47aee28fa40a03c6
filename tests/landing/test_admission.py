"""Rows are let in as long as all under way are expected to be paid for to their end; the others wait, then stay out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tasks.calling.budget import Budget, NotAdmitted, OverBudget
from tasks.landing.admission import LEARNERS, Admission, RowCosts, Ticket

if TYPE_CHECKING:
    from collections.abc import Coroutine

CALL = 0.5


class Rows:
    """Rows of two calls each, worked on a shard's budget; every call comes to CALL, which is its worst case too."""

    def __init__(
        self, limit: float | None, expected: float | None, places: int = 1000, *, is_rest: bool = True
    ) -> None:
        self.budget = Budget(limit)
        self.costs = RowCosts(expected)
        self.admission = Admission(self.budget, self.costs, is_rest=is_rest)
        self.places = asyncio.Semaphore(places)
        self.made: list[str] = []
        self.deferred: list[str] = []
        self.most = 0
        self.paying: set[str] = set()

    async def row(self, name: str, *, paid: float = 0.0, calls: int = 2, cost: float = CALL) -> None:
        own = Budget(None, "request", paid)
        ticket = Ticket(self.admission, own, self.places)
        ended = None
        try:
            await ticket.take_place()
            for _ in range(calls):
                await ticket.admitted()
                self.paying.add(name)
                self.most = max(self.most, len(self.paying))
                for budget in (self.budget, own):
                    budget.check(cost)
                    budget.reserve(cost)
                await asyncio.sleep(0)
                for budget in (self.budget, own):
                    budget.settle(cost, cost)
            ended = own.spent_usd
            self.made.append(name)
        except OverBudget:
            self.deferred.append(name)
        finally:
            self.paying.discard(name)
            ticket.leave(ended)

    def work(self, *rows: Coroutine[None, None, None]) -> Rows:
        async def all_rows() -> None:
            async with asyncio.timeout(10):
                await asyncio.gather(*rows)

        asyncio.run(all_rows())
        return self


def test_a_budget_too_small_buys_whole_rows_and_not_the_beginnings_of_all() -> None:
    rows = Rows(5.2, None)
    rows.work(*(rows.row(f"r{n}") for n in range(20)))
    assert rows.made == ["r0", "r1", "r2", "r3", "r4"]
    assert len(rows.deferred) == 15
    assert rows.budget.spent_usd == pytest.approx(5.0)


@given(limit=some.floats(0, 30), places=some.integers(1, 30), known=some.booleans())
def test_every_row_ends_and_of_whole_ones_as_many_are_made_as_the_money_buys(
    limit: float, places: int, known: bool
) -> None:
    rows = Rows(limit, 2 * CALL if known else None, places)
    rows.work(*(rows.row(f"r{n}") for n in range(20)))
    assert len(rows.made) + len(rows.deferred) == 20
    assert len(rows.made) == min(20, int(limit / (2 * CALL) + 1e-9))


@given(limit=some.floats(0, 30))
def test_while_others_may_leave_money_no_row_begins_that_might_not_end(limit: float) -> None:
    rows = Rows(limit, 2 * CALL, is_rest=False)
    rows.work(*(rows.row(f"r{n}") for n in range(20)))
    assert rows.budget.spent_usd == pytest.approx(2 * CALL * len(rows.made)), "nobody has paid for half a row"
    assert len(rows.made) >= min(20, int(limit / (2 * CALL)) - 1)


def test_a_row_that_has_begun_is_let_in_to_the_rest_so_that_it_may_give_something_up() -> None:
    rows = Rows(0.1, 10 * CALL)
    rows.work(rows.row("new"), rows.row("begun", paid=CALL, calls=1, cost=0.0))
    assert (rows.made, rows.deferred) == (["begun"], ["new"])
    share = Rows(0.1, 10 * CALL, is_rest=False)
    share.work(share.row("begun", paid=CALL, calls=1, cost=0.0))
    assert share.deferred == ["begun"]


def test_one_row_goes_first_while_nobody_knows_what_one_costs() -> None:
    rows = Rows(1000.0, None)
    rows.work(*(rows.row(f"r{n}", calls=1) for n in range(LEARNERS)))
    assert rows.most == LEARNERS
    unknown = Rows(1000.0, None)
    learning = [unknown.admission.let_in(unknown_ticket(unknown)) for _ in range(5)]
    assert learning.count(True) == LEARNERS
    known = Rows(1000.0, 1.0)
    assert all(known.admission.let_in(unknown_ticket(known)) for _ in range(5))


def unknown_ticket(rows: Rows) -> Ticket:
    return Ticket(rows.admission, Budget(None, "request"), rows.places)


def test_without_a_limit_every_row_goes_in() -> None:
    rows = Rows(None, None)
    rows.work(*(rows.row(f"r{n}") for n in range(20)))
    assert rows.most == 20


def test_a_row_that_has_paid_for_most_of_itself_takes_only_the_rest() -> None:
    rows = Rows(CALL, 2 * CALL)
    rows.work(rows.row("new"), rows.row("half", paid=CALL, calls=1))
    assert (rows.made, rows.deferred) == (["half"], ["new"])


def test_a_row_that_pays_nothing_is_never_kept_out() -> None:
    rows = Rows(0.0, 1.0)
    rows.work(rows.row("replayed", calls=0))
    assert rows.made == ["replayed"]


def test_a_row_that_waits_to_be_let_in_takes_no_place_from_others() -> None:
    rows = Rows(1.0, 1.0, places=1)
    other = Rows(None, None)
    other.places = rows.places
    rows.work(rows.row("r0"), rows.row("r1"), other.row("o"))
    assert (rows.made, rows.deferred, other.made) == (["r0"], ["r1"], ["o"])
    assert rows.places._value == 1


def test_the_calls_of_one_row_are_let_in_or_kept_out_together() -> None:
    rows = Rows(1.5, 1.0)

    async def work() -> list[object]:
        first, second = unknown_ticket(rows), unknown_ticket(rows)
        for ticket in (first, second):
            await ticket.take_place()
        assert await first.admitted() is False
        rows.budget.spent_usd = 0.9
        asking = asyncio.gather(second.admitted(), second.admitted(), return_exceptions=True)
        await asyncio.sleep(0)
        first.leave(1.0)
        found = await asking
        second.leave(None)
        return list(found)

    found = asyncio.run(work())
    assert [type(each) for each in found] == [NotAdmitted, NotAdmitted]


def test_a_row_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    rows = Rows(1.0, 1.0)

    async def work() -> None:
        first, second, third = (unknown_ticket(rows) for _ in range(3))
        assert await first.admitted() is False
        waiting = asyncio.create_task(second.admitted())
        after = asyncio.create_task(third.admitted())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        second.leave(None)
        first.leave(None)
        assert await asyncio.wait_for(after, 5) is True

    asyncio.run(work())


def test_a_purse_that_no_row_can_do_without_keeps_rows_out_as_the_shards_own_does() -> None:
    async def work() -> list[str]:
        budget, far = Budget(None), Budget(2.2, "provider far")
        admission = Admission(budget, RowCosts(), others=[(far, RowCosts())], is_rest=True)
        made: list[str] = []

        async def row(name: str) -> None:
            own, there = Budget(None), Budget(None)
            ticket = Ticket(admission, own, asyncio.Semaphore(10), (there,))
            ended = None
            try:
                await ticket.admitted()
                for each in (budget, own, far, there):
                    each.reserve(1.0)
                await asyncio.sleep(0)
                for each in (budget, own, far, there):
                    each.settle(1.0, 1.0)
                ended = 1.0
                made.append(name)
            except NotAdmitted as refusal:
                assert refusal.whose == "provider far"  # noqa: PT017 - one of several rows
            finally:
                ticket.leave(ended)

        async with asyncio.timeout(10):
            await asyncio.gather(*(row(f"r{n}") for n in range(5)))
        return made

    assert asyncio.run(work()) == ["r0", "r1"]


def test_a_row_that_could_not_be_paid_to_its_end_keeps_its_like_from_beginning() -> None:
    rows = Rows(0.7, None)
    rows.work(*(rows.row(f"r{n}") for n in range(5)))
    assert rows.made == []
    assert rows.budget.spent_usd == CALL, "one has paid for its first half, and no other"
    assert rows.costs.expected_usd == 2 * CALL
