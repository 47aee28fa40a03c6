"""What the simulator saw and would have billed: its own books, independent of any client. Pure state, no I/O."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployments.simulator.asked import Answer
    from deployments.simulator.config import SimulatedPrice

MILLION = 1_000_000
CACHE_WRITE_FACTOR = 1.25
"""What Anthropic charges for input written to the prompt cache, as a multiple of the input price."""


def bill(price: SimulatedPrice, answer: Answer) -> float:
    """USD for one answer; a cached token costs the input price where no other is given."""
    cached_price = price.input if price.cached is None else price.cached
    plain = answer.tokens_in - answer.tokens_cached - answer.tokens_cache_written
    total = plain * price.input + answer.tokens_cached * cached_price + answer.tokens_out * price.output
    return (total + answer.tokens_cache_written * price.input * CACHE_WRITE_FACTOR) / MILLION


@dataclass(slots=True)
class ModelCounts:
    """Sums over the calls of one model."""

    calls: int = 0
    answered: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class Counts:
    """Counters since the start or the last reset.

    Attributes:
        calls: requests that could be read; the others appear in `by_status` only.
        by_status: responses by status; 499 stands for a connection that was dropped.
        sent: how often each request (hash of api, model and body) came.
        paid: how often each request was answered and billed.
        running: calls between arrival and the end of their answer, now.
    """

    calls: int = 0
    running: int = 0
    highest_running: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)
    models: dict[str, ModelCounts] = field(default_factory=dict)
    sent: Counter[bytes] = field(default_factory=Counter)
    paid: Counter[bytes] = field(default_factory=Counter)
    running_by_model: Counter[str] = field(default_factory=Counter)

    def arrive(self, model: str, request_hash: bytes) -> int:
        """Counts a call in; returns which attempt of the very same request this is, from 1."""
        self.calls += 1
        self.of(model).calls += 1
        self.running += 1
        self.running_by_model[model] += 1
        self.highest_running = max(self.highest_running, self.running)
        self.sent[request_hash] += 1
        return self.sent[request_hash]

    def leave(self, model: str) -> None:
        """Counts a call out, however it ended."""
        self.running -= 1
        self.running_by_model[model] -= 1

    def charge(self, model: str, request_hash: bytes, answer: Answer, usd: float) -> None:
        """Bills a generated answer, whether or not it reaches the client whole."""
        counts = self.of(model)
        counts.answered += 1
        counts.tokens_in += answer.tokens_in
        counts.tokens_out += answer.tokens_out
        counts.tokens_cached += answer.tokens_cached
        counts.usd += usd
        self.paid[request_hash] += 1

    def of(self, model: str) -> ModelCounts:
        """The sums of one model, begun if there are none."""
        counts = self.models.get(model)
        if counts is None:
            counts = self.models[model] = ModelCounts()
        return counts

    def summary(self) -> dict[str, Any]:
        """JSON-able; `paid_twice` counts the answers beyond the first of identical requests."""
        every = self.models.values()
        return {
            "simulated": True,
            "requests": self.by_status.total(),
            "calls": self.calls,
            "answered": sum(m.answered for m in every),
            "tokens_in": sum(m.tokens_in for m in every),
            "tokens_out": sum(m.tokens_out for m in every),
            "tokens_cached": sum(m.tokens_cached for m in every),
            "usd": sum(m.usd for m in every),
            "running": self.running,
            "highest_concurrency": self.highest_running,
            "distinct_requests": len(self.sent),
            "sent_twice": self.calls - len(self.sent),
            "paid_twice": sum(self.paid.values()) - len(self.paid),
            "most_sent": max(self.sent.values(), default=0),
            "by_status": dict(self.by_status),
            "by_fault": dict(self.by_fault),
            "by_model": {name: _as_dict(m) for name, m in self.models.items()},
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """One logged request; keys are already hashed in `headers`."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class RequestLog:
    """The last `keep` requests, oldest first."""

    def __init__(self, keep: int) -> None:
        self._seen: deque[Seen] = deque(maxlen=keep)

    def add(self, seen: Seen) -> None:
        self._seen.append(seen)

    def last(self, limit: int) -> list[Seen]:
        """At most `limit` of the newest, oldest first."""
        return list(self._seen)[-limit:] if limit > 0 else []


def _as_dict(counts: ModelCounts) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in ModelCounts.__slots__}
