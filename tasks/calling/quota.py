"""Admission: one quota's requests per minute, tokens per minute and concurrency, with a shared cool-down.

Waiters are served first in, first out. Concurrency shrinks when the provider throttles (additive increase,
multiplicative decrease, as in TCP; Chiu and Jain 1989) and grows back with success and with time, so that
slow calls cannot hold it at one: fast up to where it was safe, slowly beyond. No I/O; one event loop.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from tasks.calling.failures import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable

BURST_SECONDS = 10.0
SHRINK = 0.7
GROW_PER_SECOND = 0.05
PROBE_PER_SECOND = 0.01
QUIET_SECONDS = 2.0
FIRST_COOL_DOWN_SECONDS = 1.0
LEAST_COOL_DOWN_SECONDS = 0.05
LONGEST_COOL_DOWN_SECONDS = 300.0
HOPELESS_SECONDS = 900.0
IDLE_SECONDS = 60.0


@dataclass(slots=True)
class Bucket:
    """Continuous refill of `per_minute` units, at most ten seconds' worth saved up; may go into debt."""

    per_minute: float
    at: float
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.capacity

    @property
    def capacity(self) -> float:
        return max(1.0, self.per_minute * BURST_SECONDS / 60)

    def seconds_until(self, amount: float, now: float) -> float:
        """Seconds until `amount` may be taken; what exceeds the capacity waits for a full bucket."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.per_minute / 60)
        self.at = now
        missing = min(amount, self.capacity) - self.level
        return max(0.0, missing * 60 / self.per_minute)


@dataclass(slots=True)
class Permit:
    """Leave to send one request; hand it back with `Quota.release`, or with `give_back` if nothing was sent."""

    tokens: int
    admitted_at: float


class Quota:
    """What one provider, or one model, lets through.

    Args:
        concurrency: requests in flight at most.
        requests_per_minute: None for no limit.
        tokens_per_minute: input and output together; None for no limit.
        clock: seconds, as the event loop counts them.
    """

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.most = float(concurrency)
        self.limit = float(concurrency)
        self.in_flight = 0
        self._safe = float(concurrency)
        self._clock = clock
        self._requests = Bucket(requests_per_minute, clock()) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute, clock()) if tokens_per_minute else None
        self._waiting: deque[tuple[int, asyncio.Future[Permit]]] = deque()
        self._cool_until = -1e9
        self._throttled_at = -1e9
        self._throttled_in_a_row = 0
        self._stuck_since: float | None = None
        self._grown_at = clock()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, tokens: int) -> Permit:
        """Wait for leave to send a request of about `tokens` tokens, input and output.

        Raises:
            CallFailed: kind `next_model`; nothing has got through for HOPELESS_SECONDS, and a cool-down lasts.
        """
        if not self._waiting and not self._seconds_to_wait(tokens):
            return self._admit(tokens)
        return await self._queued(tokens, self._waiting.append)

    async def acquire_again(self, tokens: int) -> Permit:
        """As `acquire`, ahead of whoever was not admitted yet: a retry does not lose its turn."""
        return await self._queued(tokens, self._waiting.appendleft)

    def release(self, permit: Permit, *, tokens_used: int | None) -> None:
        """The request has ended; `tokens_used` corrects the estimate, None leaves it."""
        self.in_flight -= 1
        if self._tokens is not None and tokens_used is not None:
            self._tokens.level += permit.tokens - tokens_used
        self._pump()

    def give_back(self, permit: Permit) -> None:
        """Nothing was sent, so nothing counts."""
        self.in_flight -= 1
        for bucket, amount in self._needs(permit.tokens):
            bucket.level += amount
        self._pump()

    def succeeded(self) -> None:
        """A request went through: let a little more in flight."""
        self._throttled_in_a_row = 0
        self._stuck_since = None
        if self.limit < self.most:
            self.limit = min(self.most, self.limit + (1.0 if self.limit < self._safe else 1 / self.limit))

    def throttled(self, permit: Permit, retry_after: float | None) -> float:
        """The provider asked to slow down: cool everybody, shrink once per wave. Returns the seconds to wait."""
        now = self._clock()
        if self._stuck_since is None or now - self._cool_until > IDLE_SECONDS:
            self._stuck_since = now
        if permit.admitted_at > self._throttled_at:
            self.limit = max(1.0, self.limit * SHRINK)
            self._throttled_at = now
            self._throttled_in_a_row += 1
            if self._throttled_in_a_row == 1:  # an outage tells nothing about what is safe after it
                self._safe = self.limit
        seconds = min(self._cool_down(retry_after), LONGEST_COOL_DOWN_SECONDS)
        self._cool_until = max(self._cool_until, now + seconds)
        if self._is_hopeless(now):
            self._turn_away()
        self._pump()
        return self._cool_until - now

    def _cool_down(self, retry_after: float | None) -> float:
        """Doubles with each wave; what the provider says counts, but `Retry-After: 0` again and again does not."""
        doubled = 1 << min(8, max(0, self._throttled_in_a_row - 1))
        if retry_after is None:
            return FIRST_COOL_DOWN_SECONDS * min(doubled, 32) * random.uniform(0.5, 1.0)
        return max(retry_after, LEAST_COOL_DOWN_SECONDS * doubled)

    async def _queued(
        self, tokens: int, join: Callable[[tuple[int, asyncio.Future[Permit]]], None]
    ) -> Permit:
        if self._is_hopeless(self._clock()):
            raise _hopeless()
        future: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        join((tokens, future))
        self._pump()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.give_back(future.result())
            self._pump()
            raise

    def _seconds_to_wait(self, tokens: int) -> float:
        """0 if a request may go now, infinity if it waits for another to end."""
        now = self._clock()
        if now < self._cool_until:
            return self._cool_until - now
        self._grow(now)
        if self.in_flight >= max(1, int(self.limit)):
            return float("inf") if self.limit >= self.most else 1.0
        waits = [bucket.seconds_until(amount, now) for bucket, amount in self._needs(tokens)]
        return max(waits, default=0.0)

    def _needs(self, tokens: int) -> list[tuple[Bucket, float]]:
        needs: list[tuple[Bucket, float]] = []
        if self._requests is not None:
            needs.append((self._requests, 1.0))
        if self._tokens is not None:
            needs.append((self._tokens, float(tokens)))
        return needs

    def _grow(self, now: float) -> None:
        quiet = now - max(self._grown_at, self._throttled_at + QUIET_SECONDS, self._cool_until)
        if self.limit < self.most and quiet > 0:
            fast = self.limit < self._safe
            per_second = (
                max(1.0, GROW_PER_SECOND * self.most) if fast else max(0.2, PROBE_PER_SECOND * self.most)
            )
            self.limit = min(self.most, self.limit + quiet * per_second)
        self._grown_at = now

    def _admit(self, tokens: int) -> Permit:
        self.in_flight += 1
        for bucket, amount in self._needs(tokens):
            bucket.level -= amount
        return Permit(tokens, self._clock())

    def _pump(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            tokens, future = self._waiting[0]
            if future.done():
                self._waiting.popleft()
                continue
            seconds = self._seconds_to_wait(tokens)
            if seconds:
                if seconds != float("inf"):
                    self._timer = asyncio.get_running_loop().call_later(seconds + 0.001, self._pump)
                return
            self._waiting.popleft()
            future.set_result(self._admit(tokens))

    def _is_hopeless(self, now: float) -> bool:
        stuck = self._stuck_since is not None and now - self._stuck_since >= HOPELESS_SECONDS
        return stuck and now < self._cool_until

    def _turn_away(self) -> None:
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(_hopeless())
        self._waiting.clear()


def _hopeless() -> CallFailed:
    return CallFailed(
        "next_model", "exhausted", f"no request has got through for {HOPELESS_SECONDS:.0f} s; not sent"
    )
