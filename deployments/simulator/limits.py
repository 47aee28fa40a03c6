"""Real rate limits: token buckets of one minute and a cap on requests at once. Pure but for its own state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployments.simulator.config import Profile

SECONDS_PER_MINUTE = 60.0


class Bucket:
    """A token bucket that starts full, holds a minute's worth and refills evenly.

    Args:
        per_minute: capacity and refill of a minute.
        now: seconds of a monotonic clock.
    """

    def __init__(self, per_minute: int, now: float) -> None:
        self.per_minute = per_minute
        self._level = float(per_minute)
        self._at = now

    def level(self, now: float) -> float:
        refill = (now - self._at) * self.per_minute / SECONDS_PER_MINUTE
        self._level = min(float(self.per_minute), self._level + refill)
        self._at = now
        return self._level

    def wait_seconds(self, amount: float, now: float) -> float:
        """Seconds until `amount` is there; an amount beyond a minute's worth counts as a minute's worth."""
        missing = min(amount, self.per_minute) - self.level(now)
        return max(0.0, missing * SECONDS_PER_MINUTE / self.per_minute)

    def take(self, amount: float) -> None:
        self._level -= amount


@dataclass(slots=True)
class _Buckets:
    requests: Bucket | None
    tokens: Bucket | None


class Limits:
    """Per model id; a model whose profile names no limit costs nothing."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Buckets] = {}

    def admit(self, model: str, profile: Profile, tokens_in: int, running: int, now: float) -> float:
        """Takes one request and its input tokens, or refuses.

        Args:
            running: requests of this model that are under way, this one included.

        Returns:
            0.0 if admitted, else seconds to wait.
        """
        if profile.concurrency is not None and running > profile.concurrency:
            return 1.0
        if profile.requests_per_minute is None and profile.tokens_per_minute is None:
            return 0.0
        buckets = self._of(model, profile, now)
        wait = max(
            buckets.requests.wait_seconds(1, now) if buckets.requests else 0.0,
            buckets.tokens.wait_seconds(tokens_in, now) if buckets.tokens else 0.0,
        )
        if wait > 0:
            return wait
        if buckets.requests:
            buckets.requests.take(1)
        if buckets.tokens:
            buckets.tokens.take(tokens_in)
        return 0.0

    def spend(self, model: str, tokens_out: int) -> None:
        """Takes output tokens after the fact, as the providers do; the level may go below zero."""
        buckets = self._buckets.get(model)
        if buckets and buckets.tokens:
            buckets.tokens.take(tokens_out)

    def requests_left(self, model: str, now: float) -> tuple[int, int] | None:
        """(limit, left) of requests per minute, None where there is no limit."""
        buckets = self._buckets.get(model)
        if not buckets or not buckets.requests:
            return None
        return buckets.requests.per_minute, int(buckets.requests.level(now))

    def _of(self, model: str, profile: Profile, now: float) -> _Buckets:
        if model not in self._buckets:
            requests, tokens = profile.requests_per_minute, profile.tokens_per_minute
            self._buckets[model] = _Buckets(
                Bucket(requests, now) if requests else None, Bucket(tokens, now) if tokens else None
            )
        return self._buckets[model]
