"""Quotas on an event loop whose clock jumps to the next timer instead of waiting for it: hours pass in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.calling.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise AssertionError("everybody waits and no timer is set: this would hang for ever")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a virtual clock, `asyncio.get_running_loop().time`."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def quota(concurrency: int = 10, **limits: Any) -> Quota:
    return Quota(concurrency, clock=asyncio.get_running_loop().time, **limits)


def now() -> float:
    return asyncio.get_running_loop().time()


async def admitted_at(quota: Quota, count: int, tokens: int = 10) -> list[float]:
    """Seconds after the start at which each of `count` requests that end at once was admitted."""
    began, moments = now(), []
    for _ in range(count):
        permit = await quota.acquire(tokens)
        moments.append(now() - began)
        quota.release(permit, tokens_used=tokens)
    return moments
