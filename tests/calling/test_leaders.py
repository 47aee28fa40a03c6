"""Calls that begin alike: one goes ahead, and nobody waits for it without end. On a virtual clock, no I/O."""

from __future__ import annotations

import asyncio

import pytest
from virtual_time import now, run_virtually

from tasks.calling.leaders import LONGEST_WAIT_SECONDS, Leaders


class Asked:
    """Calls of one prefix, and when each began and ended, in seconds after the first."""

    def __init__(self) -> None:
        self.leaders = Leaders()
        self.zero = now()
        self.began: dict[str, float] = {}

    async def call(self, name: str, seconds: float, failure: Exception | None = None) -> None:
        async with self.leaders.turn(b"prefix"):
            self.began[name] = now() - self.zero
            await asyncio.sleep(seconds)
            if failure is not None:
                raise failure


def test_the_others_begin_when_the_first_has_succeeded_and_later_ones_at_once() -> None:
    async def work() -> dict[str, float]:
        asked = Asked()
        await asyncio.gather(asked.call("first", 5), asked.call("second", 1), asked.call("third", 1))
        await asked.call("later", 1)
        return asked.began

    assert run_virtually(work()) == {"first": 0, "second": 5, "third": 5, "later": 6}


def test_calls_of_other_beginnings_and_of_none_wait_for_nobody() -> None:
    async def work() -> float:
        leaders, zero = Leaders(), now()

        async def call(prefix: bytes | None) -> None:
            async with leaders.turn(prefix):
                await asyncio.sleep(5)

        await asyncio.gather(call(None), call(None), call(b"a"), call(b"b"))
        return now() - zero

    assert run_virtually(work()) == 5


def test_a_first_call_that_hangs_is_waited_for_once_and_not_by_every_later_call() -> None:
    async def work() -> float:
        asked = Asked()
        hanging = asyncio.create_task(asked.call("hanging", 10_000))
        await asyncio.sleep(10)

        async def one_after_another() -> None:
            for number in range(20):
                await asked.call(str(number), 1)

        await asyncio.gather(*(one_after_another() for _ in range(4)))
        took = now() - asked.zero
        hanging.cancel()
        return took

    assert run_virtually(work()) == LONGEST_WAIT_SECONDS + 20


def test_nobody_waits_for_a_first_call_that_has_hung_for_long_enough_when_it_comes() -> None:
    async def work() -> float:
        asked = Asked()
        hanging = asyncio.create_task(asked.call("hanging", 10_000))
        await asyncio.sleep(LONGEST_WAIT_SECONDS + 1)
        await asked.call("late", 100)  # has not succeeded either while the next comes
        hanging.cancel()
        return asked.began["late"]

    assert run_virtually(work()) == LONGEST_WAIT_SECONDS + 1


def test_when_the_first_fails_one_of_the_others_goes_ahead_of_the_rest() -> None:
    async def work() -> dict[str, float]:
        asked = Asked()
        first = asked.call("first", 2, ValueError("refused"))
        others = [asked.call(name, 5) for name in ("second", "third", "fourth")]
        failed, *_ = await asyncio.gather(first, *others, return_exceptions=True)
        assert isinstance(failed, ValueError)
        return asked.began

    assert run_virtually(work()) == {"first": 0, "second": 2, "third": 7, "fourth": 7}


def test_failures_one_after_another_hold_nobody_up_for_longer_than_one_may() -> None:
    async def work() -> dict[str, float]:
        asked = Asked()
        calls = [asked.call(str(number), 40, ValueError("refused")) for number in range(20)]
        await asyncio.gather(*calls, return_exceptions=True)
        return asked.began

    assert max(run_virtually(work()).values()) == LONGEST_WAIT_SECONDS


def test_a_first_call_that_is_broken_off_is_followed_by_another() -> None:
    async def work() -> dict[str, float]:
        asked = Asked()
        first = asyncio.create_task(asked.call("first", 1000))
        await asyncio.sleep(3)
        waiting = [asyncio.create_task(asked.call(name, 5)) for name in ("gone", "second", "third")]
        await asyncio.sleep(0)
        first.cancel()
        waiting[0].cancel()  # whoever was to go ahead goes too
        await asyncio.gather(first, *waiting, return_exceptions=True)
        return asked.began

    assert run_virtually(work()) == {"first": 0, "second": 3, "third": 8}


def test_whoever_waits_can_be_broken_off_at_once() -> None:
    async def work() -> float:
        asked = Asked()
        async with asyncio.timeout(7):
            await asyncio.gather(asked.call("first", 1000), asked.call("second", 1))
        return 0

    with pytest.raises(TimeoutError):
        run_virtually(work())


def test_an_answer_of_any_call_ends_the_waiting_for_the_first() -> None:
    async def work() -> dict[str, float]:
        asked = Asked()
        first = asyncio.create_task(asked.call("first", 100, ValueError("refused")))
        await asyncio.sleep(LONGEST_WAIT_SECONDS)
        await asked.call("second", 1)
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.gather(asked.call("third", 5), asked.call("fourth", 5))
        return asked.began

    began = run_virtually(work())
    assert began["third"] == began["fourth"] == 100
