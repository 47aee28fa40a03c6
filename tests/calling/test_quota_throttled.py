"""What a quota does when the provider asks to slow down, on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest
from virtual_time import admitted_at, now, quota, run_virtually

from tasks.calling.failures import CallFailed
from tasks.calling.quota import HOPELESS_SECONDS, LONGEST_COOL_DOWN_SECONDS, Permit, Quota


def test_concurrency_shrinks_once_per_wave_of_throttling() -> None:
    async def work() -> tuple[float, float]:
        limited = quota(100)
        wave = [await limited.acquire(1) for _ in range(100)]
        for permit in wave:
            await asyncio.sleep(0.01)
            limited.throttled(permit, 1.0)
            limited.release(permit, tokens_used=0)
        after_one = limited.limit
        limited.throttled(await limited.acquire(1), 1.0)
        return after_one, limited.limit

    after_one, after_two = run_virtually(work())
    assert after_one == pytest.approx(70)
    assert after_two < after_one


def shrunk_to_one(concurrency: int) -> Quota:
    limited = quota(concurrency)
    for number in range(40):
        limited.throttled(Permit(1, now() + number), 0.1)
        limited._throttled_at = now() + number
    limited._throttled_at = now()
    assert limited.limit == 1
    return limited


def test_concurrency_grows_back_with_success() -> None:
    async def work() -> list[float]:
        limited = shrunk_to_one(20)
        limits = []
        for _ in range(200):
            limited.succeeded()
            limits.append(limited.limit)
        return limits

    limits = run_virtually(work())
    assert limits[0] == 2
    assert limits[-1] == 20
    assert limits == sorted(limits)


def test_one_slow_call_does_not_hold_the_concurrency_at_one() -> None:
    async def work() -> float:
        limited = shrunk_to_one(50)
        await limited.acquire(1)  # and never ends
        began = now()
        for _ in range(49):
            await limited.acquire(1)
        return now() - began

    assert run_virtually(work()) < 120


@pytest.mark.parametrize(("most", "true_limit"), [(30, 8), (100, 8), (50, 40)])
def test_a_limit_that_nobody_told_us_of_is_found_and_mostly_kept(most: int, true_limit: int) -> None:
    """A server that refuses what is too much at once and says `Retry-After: 1`, for ten minutes."""
    answered = refused = running = 0

    async def one(limited: Quota) -> None:
        nonlocal answered, refused, running
        permit = await limited.acquire(1)
        if running >= true_limit:
            refused += 1
            limited.throttled(permit, 1.0)
        else:
            running += 1
            await asyncio.sleep(0.5)
            running -= 1
            answered += 1
            limited.succeeded()
        limited.release(permit, tokens_used=None)

    async def work() -> None:
        limited, began = quota(most), now()

        async def row() -> None:
            while now() - began < 600:
                await one(limited)

        await asyncio.gather(*(row() for _ in range(most)))

    run_virtually(work())
    assert answered > 0.6 * true_limit / 0.5 * 600
    assert refused < 0.1 * answered + 2 * most


def test_a_cool_down_holds_for_everybody_and_the_longest_counts() -> None:
    async def work() -> list[float]:
        limited = quota(10)
        wave = [await limited.acquire(1) for _ in range(3)]
        for permit, seconds in zip(wave, (2.0, 7.0, 1.0), strict=True):
            limited.throttled(permit, seconds)
            limited.release(permit, tokens_used=0)
        return await admitted_at(limited, 3)

    assert run_virtually(work()) == pytest.approx([7, 7, 7], abs=0.01)


def test_without_a_word_from_the_provider_cool_downs_grow_with_each_wave_up_to_a_bound() -> None:
    async def work() -> list[float]:
        limited, seconds = quota(10), []
        for _ in range(12):
            permit = await limited.acquire(1)
            await asyncio.sleep(0.01)
            seconds.append(limited.throttled(permit, None))
            limited.release(permit, tokens_used=0)
        return seconds

    seconds = run_virtually(work())
    assert 0.5 <= seconds[0] <= 1
    assert 16 <= seconds[-1] <= 32


def test_retry_after_zero_again_and_again_is_no_leave_to_hammer() -> None:
    async def work() -> int:
        limited, sent, began = quota(1), 0, now()
        while now() - began < 60:
            permit = await limited.acquire(1)
            sent += 1
            await asyncio.sleep(0.001)
            limited.throttled(permit, 0.0)
            limited.release(permit, tokens_used=0)
        return sent

    assert run_virtually(work()) < 20


def test_a_wait_beyond_reason_is_cut() -> None:
    async def work() -> float:
        limited = quota(1)
        return limited.throttled(await limited.acquire(1), 1e6)

    assert run_virtually(work()) == LONGEST_COOL_DOWN_SECONDS


def test_after_long_without_one_success_callers_are_turned_away_until_a_probe_gets_through() -> None:
    async def work() -> list[str]:
        limited, said = quota(5), []

        async def one(is_up: bool) -> str:
            try:
                permit = await limited.acquire(1)
            except CallFailed as failure:
                return f"{failure.kind} {failure.error_kind}"
            await asyncio.sleep(0.1)
            if is_up:
                limited.succeeded()
            else:
                limited.throttled(permit, 30.0)
            limited.release(permit, tokens_used=0)
            return "answered" if is_up else "throttled"

        began = now()
        waiting = [asyncio.create_task(one(False)) for _ in range(1000)]
        await asyncio.gather(*waiting)
        assert now() - began < HOPELESS_SECONDS + 60
        said.append(await one(False))
        await asyncio.sleep(31)
        said += [await one(False), await one(True)]
        await asyncio.sleep(31)
        said += [await one(True), await one(True)]
        return said

    away = "next_model exhausted"
    assert run_virtually(work()) == [away, "throttled", away, "answered", "answered"]


def test_a_first_throttling_after_an_idle_hour_is_not_the_end_of_hope() -> None:
    async def work() -> None:
        limited = quota(5)
        limited.throttled(await limited.acquire(1), 1.0)
        await asyncio.sleep(3600)
        limited.throttled(await limited.acquire(1), 1.0)
        await limited.acquire(1)

    run_virtually(work())
