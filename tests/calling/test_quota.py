"""Admission on a virtual clock: what a quota lets through, when, and that it never loses a permit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import admitted_at, now, quota, run_virtually

from tasks.calling.quota import Quota


def test_requests_per_minute_let_ten_seconds_worth_through_and_then_keep_the_pace() -> None:
    async def work() -> list[float]:
        return await admitted_at(quota(requests_per_minute=60), 40)

    moments = run_virtually(work())
    assert moments[9] == 0
    assert moments[10:] == pytest.approx(list(range(1, 31)), abs=0.1)


def test_tokens_per_minute_count_what_was_used_not_what_was_feared() -> None:
    async def work(used: int) -> float:
        limited = quota(tokens_per_minute=6000)
        began = now()
        for _ in range(30):
            permit = await limited.acquire(1000)
            limited.release(permit, tokens_used=used)
        return now() - began

    assert run_virtually(work(1000)) == pytest.approx(290, rel=0.02)
    assert run_virtually(work(100)) < 30
    assert run_virtually(work(2000)) == pytest.approx(2 * 290, rel=0.05)


def test_a_request_larger_than_the_bucket_waits_for_a_full_one_and_then_goes() -> None:
    async def work() -> float:
        limited = quota(tokens_per_minute=600)
        await admitted_at(limited, 1, tokens=50)
        return (await admitted_at(limited, 1, tokens=5000))[0]

    assert run_virtually(work()) == pytest.approx(5, abs=0.1)


def test_concurrency_is_kept_and_waiters_go_first_in_first_out() -> None:
    async def work() -> tuple[int, list[int]]:
        limited, order, highest = quota(3), [], 0

        async def one(number: int) -> None:
            nonlocal highest
            permit = await limited.acquire(1)
            order.append(number)
            highest = max(highest, limited.in_flight)
            await asyncio.sleep(1 + number % 3)
            limited.release(permit, tokens_used=None)

        await asyncio.gather(*map(one, range(30)))
        return highest, order

    assert run_virtually(work()) == (3, list(range(30)))


def test_a_retry_goes_before_those_who_were_never_admitted() -> None:
    async def work() -> list[str]:
        limited, order = quota(1), []

        async def one(name: str, acquire: Any) -> None:
            permit = await acquire(1)
            order.append(name)
            limited.release(permit, tokens_used=None)

        holding = await limited.acquire(1)
        names = ["first", "second", "retry"]
        acquires = [limited.acquire, limited.acquire, limited.acquire_again]
        tasks = [asyncio.create_task(one(*each)) for each in zip(names, acquires, strict=True)]
        await asyncio.sleep(0)
        limited.release(holding, tokens_used=None)
        await asyncio.gather(*tasks)
        return order

    assert run_virtually(work()) == ["retry", "first", "second"]


@pytest.mark.parametrize("cancel_at", [0.0, 0.5, 5.0])
def test_a_cancelled_waiter_leaks_nothing(cancel_at: float) -> None:
    async def work() -> Quota:
        limited = quota(5, requests_per_minute=60, tokens_per_minute=6000)
        holding = [await limited.acquire(100) for _ in range(5)]
        waiting = [asyncio.create_task(limited.acquire(100)) for _ in range(20)]
        await asyncio.sleep(cancel_at)
        for permit in holding:
            limited.release(permit, tokens_used=100)
        for task in waiting:  # five of them are admitted by now and have not woken up
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.sleep(1000)
        return limited

    limited = run_virtually(work())
    assert limited.in_flight == 0
    assert not limited._waiting
    assert limited._requests is not None
    assert limited._tokens is not None
    assert limited._requests.seconds_until(10, 1e9) == 0
    assert limited._tokens.seconds_until(1000, 1e9) == 0


def test_permits_given_back_unused_cost_no_time() -> None:
    """A closed provider's ten thousand rows learn of it at once, not at the pace of its quota."""

    async def work() -> float:
        limited = quota(5, requests_per_minute=6, tokens_per_minute=600)
        began = now()

        async def one() -> None:
            limited.give_back(await limited.acquire(100))

        await asyncio.gather(*(one() for _ in range(10_000)))
        return now() - began

    assert run_virtually(work()) < 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_happens_every_caller_ends_and_no_permit_is_lost(data: st.DataObject) -> None:
    outcomes = data.draw(
        st.lists(st.sampled_from(["ok", "throttled", "failed", "unsent", "cancelled"]), max_size=60)
    )
    seconds = data.draw(st.lists(st.floats(0, 20), min_size=len(outcomes), max_size=len(outcomes)))
    concurrency = data.draw(st.integers(1, 6))
    per_minute = data.draw(st.none() | st.integers(30, 600))

    async def one(limited: Quota, outcome: str, lasts: float) -> None:
        permit = await limited.acquire(50)
        assert limited.in_flight <= concurrency
        if outcome == "unsent":
            limited.give_back(permit)
            return
        try:
            await asyncio.sleep(lasts)
            if outcome == "ok":
                limited.succeeded()
            elif outcome == "throttled":
                limited.throttled(permit, None)
        finally:
            limited.release(permit, tokens_used=30)

    async def work() -> Quota:
        limited = quota(concurrency, requests_per_minute=per_minute)
        tasks = []
        for outcome, lasts in zip(outcomes, seconds, strict=True):
            tasks.append(asyncio.create_task(one(limited, outcome, lasts)))
            if outcome == "cancelled":
                asyncio.get_running_loop().call_later(lasts, tasks[-1].cancel)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [each for each in ended if isinstance(each, AssertionError)]
        return limited

    assert run_virtually(work()).in_flight == 0
