"""Sending one request to one model: admission, wall clock, retries, and what the failed attempts cost."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from tasks.calling.attempts import Reservation
from tasks.calling.failures import CallFailed

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from tasks.calling.attempts import Attempts
    from tasks.calling.call import Asked
    from tasks.calling.http_client import HttpClient
    from tasks.calling.messages import Reply, Usage
    from tasks.calling.quota import Permit
    from tasks.calling.route import Route


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


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the calls of one run in this process.

    Attributes:
        gate: bounds the requests in flight, whatever their provider.
        check_open: raises CallFailed if the route's provider has been closed for this run.
        started: is told that an attempt is about to be sent.
    """

    client: HttpClient
    patience: Patience
    gate: asyncio.Semaphore
    check_open: Callable[[Route], None]
    started: Callable[[Asked, Attempts], None]

    async def send(self, asked: Asked, attempts: Attempts) -> Reply:
        """Ask until there is an answer or no more patience; the row's budgets reserve the worst case of each attempt.

        Args:
            attempts: is filled in, also when this raises.

        Raises:
            CallFailed: kind `next_model`, `row_fails` or `close_provider`.
            OverBudget: an attempt's worst case does not fit.
        """
        body = orjson.dumps(asked.route.wire.body(asked.route.model, asked.call.ask))
        try:
            return await self._attempt(asked, attempts, body)
        except CallFailed as failure:
            if not _may_go_on(failure):
                raise
            first = failure
        return await self._go_on(asked, attempts, body, first)

    async def _go_on(self, asked: Asked, attempts: Attempts, body: bytes, failure: CallFailed) -> Reply:
        """Apart from the first attempt, so that a call that goes well costs no retry machinery."""
        failures = [failure]

        async def attempt() -> Reply:
            if failures:
                raise failures.pop()
            return await self._attempt(asked, attempts, body)

        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_go_on),
            wait=_pause(self.patience),
            stop=lambda state: _out_of_patience(state, attempts, self.patience),
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except CallFailed as last:
            if _may_go_on(last):
                raise _given_up(last, attempts) from last
            raise

    async def _attempt(self, asked: Asked, attempts: Attempts, body: bytes) -> Reply:
        """Money first, then the quotas, then the gate: who waits for money keeps nobody from anything."""
        budgets = asked.row.budgets_for(asked.route.provider_name)
        async with Reservation(budgets, attempts) as reservation:
            return await self._through_quotas(asked, attempts, body, reservation)

    async def _through_quotas(
        self, asked: Asked, attempts: Attempts, body: bytes, reservation: Reservation
    ) -> Reply:
        route = asked.route
        permits = await _admitted(route, attempts)
        sent_before = attempts.count
        tokens_used: int | None = None
        try:
            async with self.gate:
                self.check_open(route)
                reply = await self._sent(asked, attempts, body, reservation)
            tokens_used = _tokens(reply.usage)
            for quota in route.quotas:
                quota.succeeded()
            return reply
        except CallFailed as failure:
            tokens_used = _tokens(failure.usage)
            if failure.kind == "wait":
                tokens_used = 0
                attempts.waits += 1
                attempts.wait_seconds = route.quotas[0].throttled(permits[0], failure.retry_after)
            raise
        finally:
            for quota, permit in zip(route.quotas, permits, strict=True):
                if attempts.count == sent_before:
                    quota.give_back(permit)
                else:
                    quota.release(permit, tokens_used=tokens_used)

    async def _sent(self, asked: Asked, attempts: Attempts, body: bytes, reservation: Reservation) -> Reply:
        self.started(asked, attempts)
        reservation.sent()
        attempts.count += 1
        sent = monotonic()
        attempts.first_sent = attempts.first_sent or sent
        try:
            reply = await _exchange(self.client, asked.route, body, self.patience)
        except CallFailed as failure:
            reservation.failed(failure, asked.route.usd(failure.usage))
            raise
        finally:
            attempts.seconds = monotonic() - sent
        reservation.succeeded(asked.route.usd(reply.usage))
        return reply


async def _admitted(route: Route, attempts: Attempts) -> list[Permit]:
    """Leave of every quota; the model's first, so that who waits for it keeps nobody from its provider's others."""
    permits: list[Permit] = []
    try:
        for quota in route.quotas:
            acquire = quota.acquire_again if attempts.count else quota.acquire
            permits.append(await acquire(attempts.tokens))
    except BaseException as error:
        for quota, permit in zip(route.quotas, permits, strict=False):
            quota.give_back(permit)
        if isinstance(error, CallFailed):
            _name(error, route)
        raise
    return permits


async def _exchange(client: HttpClient, route: Route, body: bytes, patience: Patience) -> Reply:
    try:
        answer = await client.post(route.url, route.headers, body, seconds=patience.call_seconds)
        if answer.status != 200:
            said = _without(answer.body, route.secrets)
            raise route.wire.failure(answer.status, answer.headers, said)
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise CallFailed("retry", "bad_body", "the answer is not JSON") from error
        return route.wire.reply(document)
    except CallFailed as failure:
        failure.hide(route.secrets)
        _name(failure, route)
        raise


def _name(failure: CallFailed, route: Route) -> None:
    failure.provider = route.provider_name
    failure.model = route.name


def _without(body: bytes, secrets: Iterable[str]) -> bytes:
    """Before the message is cut to length: half a key would not be known for one."""
    for secret in secrets:
        body = body.replace(secret.encode(), b"***")
    return body


def _tokens(usage: Usage | None) -> int | None:
    return None if usage is None else (usage.tokens_in or 0) + (usage.tokens_out or 0)


def _may_go_on(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.kind in ("wait", "retry")


def _out_of_patience(state: RetryCallState, attempts: Attempts, patience: Patience) -> bool:
    failure = state.outcome.exception() if state.outcome else None
    pause = state.upcoming_sleep
    if isinstance(failure, CallFailed) and failure.kind == "wait":
        pause = attempts.wait_seconds
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
