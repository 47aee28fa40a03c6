"""Sending one request to one model: admission, wall clock, retries, and what the failed attempts cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic, time
from typing import TYPE_CHECKING, Self

import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from tasks.calling.failures import CallFailed
from tasks.calling.route import estimated_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.calling.budget import Budget
    from tasks.calling.call import Asked
    from tasks.calling.http_client import HttpClient
    from tasks.calling.messages import Ask, Reply, Usage
    from tasks.calling.quota import Permit
    from tasks.calling.route import Route

BILLED_WITHOUT_USAGE = frozenset({"timeout", "connection"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may take.

    Attributes:
        call_seconds: wall clock of one attempt.
        total_seconds: all attempts and the waits between them, from the first on.
        attempts: sent at most; being told to wait does not count.
        longest_pause_seconds: bound of the exponential back-off.
    """

    call_seconds: float = 300.0
    total_seconds: float = 900.0
    attempts: int = 4
    longest_pause_seconds: float = 20.0


@dataclass(slots=True)
class Attempts:
    """What the attempts at one call came to, filled in as they end."""

    reserved_usd: float | None
    tokens: int
    count: int = 0
    waits: int = 0
    usd_failed: float = 0.0
    usd_estimated: float = 0.0
    started_at: float = field(default_factory=time)
    first_sent: float = 0.0
    seconds: float = 0.0


async def send(
    client: HttpClient, asked: Asked, attempts: Attempts, patience: Patience, check_open: Callable[[], None]
) -> Reply:
    """Ask until there is an answer or no more patience; the row's budgets reserve the worst case of every attempt.

    Args:
        attempts: is filled in, also when this raises.
        check_open: raises CallFailed if the provider has been closed meanwhile.

    Raises:
        CallFailed: kind `next_model`, `row_fails` or `close_provider`.
        OverBudget: an attempt's worst case does not fit.
    """
    body = orjson.dumps(asked.route.wire.body(asked.route.model, asked.call.ask))

    async def attempt() -> Reply:
        return await _attempt(client, asked, body, attempts, patience, check_open)

    retrying = AsyncRetrying(
        retry=retry_if_exception(_may_go_on),
        wait=_pause(patience),
        stop=lambda state: _out_of_patience(state, attempts, patience),
        reraise=True,
    )
    try:
        return await retrying(attempt)
    except CallFailed as failure:
        if failure.kind in ("wait", "retry"):
            raise _given_up(failure, attempts) from failure
        raise


async def _attempt(
    client: HttpClient,
    asked: Asked,
    body: bytes,
    attempts: Attempts,
    patience: Patience,
    check_open: Callable[[], None],
) -> Reply:
    route = asked.route
    permits = [await quota.acquire(attempts.tokens) for quota in route.quotas]
    tokens_used: int | None = None
    try:
        check_open()
        with _Reservation(asked.row.budgets, attempts) as reservation:
            attempts.count += 1
            sent = monotonic()
            attempts.first_sent = attempts.first_sent or sent
            try:
                reply = await _exchange(client, route, body, patience)
            except CallFailed as failure:
                tokens_used = _tokens(failure.usage)
                reservation.failed(failure, route.usd(failure.usage))
                if failure.kind == "wait":
                    attempts.waits += 1
                    route.quotas[-1].throttled(permits[-1], failure.retry_after)
                raise
            finally:
                attempts.seconds = monotonic() - sent
            tokens_used = _tokens(reply.usage)
            reservation.succeeded(route.usd(reply.usage))
            for quota in route.quotas:
                quota.succeeded()
            return reply
    finally:
        _release(route, permits, tokens_used)


async def _exchange(client: HttpClient, route: Route, body: bytes, patience: Patience) -> Reply:
    try:
        answer = await client.post(route.url, route.headers, body, seconds=patience.call_seconds)
        if answer.status != 200:
            raise route.wire.failure(answer.status, answer.headers, answer.body)
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise CallFailed("retry", "bad_body", "the answer is not JSON") from error
        return route.wire.reply(document)
    except CallFailed as failure:
        failure.provider = route.provider_name
        failure.model = route.name
        failure.hide(route.secrets)
        raise


class _Reservation:
    """Worst case promised on the way in, the true cost settled on the way out."""

    def __init__(self, budgets: tuple[Budget, ...], attempts: Attempts) -> None:
        self._budgets = budgets
        self._attempts = attempts
        self._reserved = attempts.reserved_usd or 0.0
        self._spent = self._reserved  # what a cancelled call is taken to cost

    def __enter__(self) -> Self:
        done: list[Budget] = []
        try:
            for budget in self._budgets:
                budget.reserve(self._reserved)
                done.append(budget)
        except BaseException:
            for budget in done:
                budget.settle(self._reserved, 0.0)
            raise
        return self

    def succeeded(self, usd: float | None) -> None:
        self._spent = self._reserved if usd is None else usd

    def failed(self, failure: CallFailed, usd: float | None) -> None:
        if usd is None and failure.error_kind in BILLED_WITHOUT_USAGE:
            usd = self._reserved
            self._attempts.usd_estimated += usd
        self._spent = usd or 0.0
        self._attempts.usd_failed += self._spent

    def __exit__(self, *_: object) -> None:
        for budget in self._budgets:
            budget.settle(self._reserved, self._spent)


def _release(route: Route, permits: list[Permit], tokens_used: int | None) -> None:
    for quota, permit in zip(route.quotas, permits, strict=False):
        quota.release(permit, tokens_used=tokens_used)


def _tokens(usage: Usage | None) -> int | None:
    return None if usage is None else (usage.tokens_in or 0) + (usage.tokens_out or 0)


def _may_go_on(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.kind in ("wait", "retry")


def _out_of_patience(state: RetryCallState, attempts: Attempts, patience: Patience) -> bool:
    failure = state.outcome.exception() if state.outcome else None
    pause = state.upcoming_sleep
    if isinstance(failure, CallFailed) and failure.kind == "wait":
        pause = failure.retry_after or 0.0
    if monotonic() - attempts.first_sent + pause > patience.total_seconds:
        return True
    return attempts.count - attempts.waits >= patience.attempts


def _pause(patience: Patience) -> Callable[[RetryCallState], float]:
    backoff = wait_random_exponential(multiplier=0.5, max=patience.longest_pause_seconds)

    def pause(state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        told_to_wait = isinstance(failure, CallFailed) and failure.kind == "wait"
        return 0.0 if told_to_wait else backoff(state)  # the quota's cool-down does the waiting

    return pause


def _given_up(failure: CallFailed, attempts: Attempts) -> CallFailed:
    message = f"{failure.message} (given up after {attempts.count} attempts)"
    return CallFailed(
        "next_model", failure.error_kind, message, status=failure.status, retry_after=failure.retry_after,
        usage=failure.usage, provider=failure.provider, model=failure.model,
    )  # fmt: skip


def expected(ask: Ask, route: Route) -> Attempts:
    """A fresh record for a call: its worst-case cost and its tokens, input and output."""
    tokens_in = estimated_tokens(ask)
    return Attempts(route.worst_usd(tokens_in, ask.max_tokens), tokens_in + ask.max_tokens)
