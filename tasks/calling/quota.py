"""Admission: one quota's requests per minute, tokens per minute and concurrency, with a shared cool-down.

Waiters are served first in, first out. Concurrency shrinks when the provider throttles (additive increase,
multiplicative decrease, as in TCP; Chiu and Jain 1989) and grows back with success and with time, so that
slow calls cannot hold it at one. No I/O; one event loop.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from time import monotonic

BURST_SECONDS = 10.0
SHRINK = 0.7
GROW_PER_SECOND = 0.05
QUIET_SECONDS = 2.0
FIRST_COOL_DOWN_SECONDS = 1.0
LONGEST_COOL_DOWN_SECONDS = 300.0


@dataclass(slots=True)
class Bucket:
    """Continuous refill of `per_minute` units, at most ten seconds' worth saved up; may go into debt."""

    per_minute: float
    level: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.capacity
        self.at = monotonic()

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
    """Leave to send one request; give it back with `Quota.release`."""

    tokens: int
    admitted_at: float


class Quota:
    """What one provider, or one model, lets through.

    Args:
        concurrency: requests in flight at most.
        requests_per_minute: None for no limit.
        tokens_per_minute: input and output together; None for no limit.
    """

    def __init__(
        self,
        concurrency: int,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        self.most = float(concurrency)
        self.limit = float(concurrency)
        self.in_flight = 0
        self._requests = Bucket(requests_per_minute) if requests_per_minute else None
        self._tokens = Bucket(tokens_per_minute) if tokens_per_minute else None
        self._waiting: deque[tuple[int, asyncio.Future[Permit]]] = deque()
        self._cool_until = 0.0
        self._throttled_at = -1e9
        self._throttled_in_a_row = 0
        self._grown_at = monotonic()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, tokens: int) -> Permit:
        """Wait for leave to send a request of about `tokens` tokens, input and output."""
        if not self._waiting and not self._seconds_to_wait(tokens):
            return self._admit(tokens)
        future: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._waiting.append((tokens, future))
        self._pump()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release(future.result(), tokens_used=0)
            self._pump()
            raise

    def release(self, permit: Permit, *, tokens_used: int | None) -> None:
        """Give a permit back; `tokens_used` corrects the estimate, None leaves it."""
        self.in_flight -= 1
        if self._tokens is not None and tokens_used is not None:
            self._tokens.level += permit.tokens - tokens_used
        self._pump()

    def succeeded(self) -> None:
        """A request went through: let a little more in flight."""
        self._throttled_in_a_row = 0
        if self.limit < self.most:
            self.limit = min(self.most, self.limit + (1.0 if self.limit < self.most / 2 else 1 / self.limit))

    def throttled(self, permit: Permit, retry_after: float | None) -> float:
        """The provider asked to slow down: cool everybody, shrink once per wave. Returns the seconds to wait."""
        now = monotonic()
        if permit.admitted_at > self._throttled_at:
            self.limit = max(1.0, self.limit * SHRINK)
            self._throttled_at = now
            self._throttled_in_a_row += 1
        if retry_after is None:
            longest = FIRST_COOL_DOWN_SECONDS * 2 ** min(5, max(0, self._throttled_in_a_row - 1))
            retry_after = longest * random.uniform(0.5, 1.0)
        seconds = min(retry_after, LONGEST_COOL_DOWN_SECONDS)
        self._cool_until = max(self._cool_until, now + seconds)
        self._pump()
        return self._cool_until - now

    def _seconds_to_wait(self, tokens: int) -> float:
        """0 if a request may go now, infinity if it waits for another to end."""
        now = monotonic()
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
            self.limit = min(self.most, self.limit + quiet * max(1.0, GROW_PER_SECOND * self.most))
        self._grown_at = now

    def _admit(self, tokens: int) -> Permit:
        self.in_flight += 1
        for bucket, amount in self._needs(tokens):
            bucket.level -= amount
        return Permit(tokens, monotonic())

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
