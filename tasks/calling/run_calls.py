"""All calls of one run in one process: ledger, fallbacks, sharing, budget, and one row per call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasks.calling.attempts import expected
from tasks.calling.budget import KeptWhole, OverBudget, ProviderSpent
from tasks.calling.call import Asked, Call, Completion, Row, settle
from tasks.calling.call_rows import failed_row, hit_row, lost_row, paid_row
from tasks.calling.failures import CallFailed
from tasks.calling.key_files import FINISHED_FAILURES
from tasks.calling.leaders import Leaders
from tasks.calling.ledger import servable
from tasks.calling.model_order import because, cheaper, from_decided, in_order, marked, no_model_left
from tasks.calling.sending import Patience, Sender
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from tasks.calling.attempts import Attempts
    from tasks.calling.failures import Kind
    from tasks.calling.http_client import HttpClient
    from tasks.calling.ledger import Ledger
    from tasks.calling.route import Route


@dataclass(slots=True)
class Counters:
    """What a run has done so far in this process; for progress."""

    calls: int = 0
    cached: int = 0
    failed: int = 0
    in_flight: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    usd_saved: float = 0.0


@dataclass(slots=True)
class RunCalls:
    """Completes calls for the rows of one run.

    Attributes:
        routes: catalog name → the way there, for every model the recipe may use.
        fallbacks: catalog name → what to try after it.
        gate: bounds the requests in flight in this process.
        closed: providers that will not serve this run any more, and why.
        leaders: of calls that begin alike, who goes first.
    """

    client: HttpClient
    ledger: Ledger
    routes: dict[str, Route]
    fallbacks: dict[str, tuple[str, ...]]
    gate: asyncio.Semaphore
    patience: Patience = field(default_factory=Patience)
    counters: Counters = field(default_factory=Counters)
    closed: dict[str, CallFailed] = field(default_factory=dict)
    leaders: Leaders = field(default_factory=Leaders)
    _in_flight: dict[bytes, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _simulated_hosts: dict[str, asyncio.Task[bool]] = field(default_factory=dict)

    async def complete(self, call: Call, row: Row) -> Completion:
        """Answer `call` for `row`: from the ledger, from a request in flight, or from the first model that can.

        Raises:
            CallFailed: no model of the list gave a usable answer; kind `row_fails` or `next_model`.
            RowDeferred: the budget does not allow it, or the providers are closed for this run.
        """
        fallbacks = {} if call.stands_alone else self.fallbacks
        models = [name for name in in_order(call.models, fallbacks) if name in self.routes]
        if not models:
            raise RowDeferred(f"this run has no way to {' or '.join(call.models) or 'any model'}")
        first = settle(self.ledger.run, row, call, self.routes[models[0]])
        try:
            return await self._first_that_can(call, row, models, first)
        except (CallFailed, RowDeferred) as failure:
            if getattr(failure, "error_kind", None) not in FINISHED_FAILURES:
                row.uncount(first.question, first.sample)
            raise

    async def _first_that_can(self, call: Call, row: Row, models: list[str], first: Asked) -> Completion:
        occurrence = row.occurrence(row.place(call.step))
        known = self._decided(row, call, occurrence)
        waiting = from_decided(models, known)
        begun_with = waiting[0]
        failures: list[CallFailed | OverBudget] = []
        while waiting:
            model = waiting.pop(0)
            asked = first
            if model != models[0]:
                asked = settle(self.ledger.run, row, call, self.routes[model], instead_of=first)
            try:
                completion = await self._ask_one(asked)
            except CallFailed as failure:
                if failure.kind == "row_fails":
                    raise
                failures.append(failure)
            except KeptWhole:
                raise
            except OverBudget as failure:
                failures.append(failure)
                if not waiting or not isinstance(failure, ProviderSpent):
                    waiting = cheaper(call.ask, model, self.routes) if call.may_be_cheaper else []
            else:
                if failures:
                    known = {"model": model, "instead_of": begun_with, "because": because(failures)}
                    self.ledger.decide(row.request_id, row.place(call.step), occurrence, known)
                return marked(completion, known)
        raise no_model_left(failures)

    def _decided(self, row: Row, call: Call, occurrence: int) -> dict[str, Any] | None:
        """What was decided here before, of a model that is still there."""
        decision = self.ledger.decision(row.request_id, row.place(call.step), occurrence)
        return decision if decision and decision.get("model") in self.routes else None

    async def _ask_one(self, asked: Asked) -> Completion:
        while True:
            known = await self.ledger.find(asked.key, asked.call_id, asked.call.ttl_seconds)
            if known is not None and await self._may_serve(known, asked):
                return self._serve(known, asked)
            shared = self._in_flight.get(asked.key)
            if shared is None:
                _refuse_unpriced(asked)
                # Before it is known as in flight: whoever waits for it may be who has to end to let it in.
                if asked.row.ticket is not None and await asked.row.ticket.admitted():
                    continue
                return await self._ask_anew(asked)
            try:
                answered = await asyncio.shield(shared)
            except RowDeferred:
                continue  # that row's budget, not ours
            if servable(answered) and asked.call.accepts(answered["response"]):
                return self._serve(answered, asked)
            return await self._ask_anew(asked)  # at once, as will the others that waited in vain

    async def _may_serve(self, known: dict[str, Any], asked: Asked) -> bool:
        """A simulated answer is served by a simulator only: its port may belong to a real server by now."""
        route = asked.route
        if known["call_id"] != asked.call_id and not asked.call.accepts(known["response"]):
            return False
        if not known["simulated"]:
            return True
        if route.host not in self._simulated_hosts:
            self._simulated_hosts[route.host] = asyncio.create_task(self.client.simulated(route.url))
        return await asyncio.shield(self._simulated_hosts[route.host])

    async def _ask_anew(self, asked: Asked) -> Completion:
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._in_flight[asked.key] = future
        try:
            answered = await self._send(asked)
        except (CallFailed, RowDeferred) as failure:
            future.set_exception(failure)
            future.exception()  # seen, whether or not another row waits for it
            raise
        else:
            future.set_result(answered)
        finally:
            if self._in_flight.get(asked.key) is future:
                del self._in_flight[asked.key]
            if not future.done():
                future.set_exception(RowDeferred("the call that this one waited for was broken off"))
                future.exception()
        _raise_if_finished_badly(answered, asked.route)
        return _completion(answered, usd=answered["usd"], cached=False)

    async def _send(self, asked: Asked) -> dict[str, Any]:
        self._check_open(asked.route)
        attempts = expected(asked.call.ask, asked.route)
        sender = Sender(self.client, self.patience, self.gate, self._check_open, self._started)
        try:
            async with self.leaders.turn(asked.route.prefix_of(asked.call.ask)):
                reply = await sender.send(asked, attempts)
        except (CallFailed, RowDeferred) as failure:
            self._failed(asked, attempts, failure)
            raise
        except BaseException:
            self._broken_off(asked, attempts)
            raise
        finally:
            self.counters.in_flight -= attempts.start is not None
        answered = paid_row(asked, attempts, reply)
        self.ledger.finished(attempts.start, answered)
        asked.row.usd_failed += _of_no_use(answered)
        self._count(answered)
        return answered

    def _started(self, asked: Asked, attempts: Attempts) -> None:
        is_first = attempts.start is None
        attempts.start = self.ledger.started(
            asked.call_id, asked.row.request_id, asked.route.name, attempts.at_risk_usd, attempts.start
        )
        self.counters.in_flight += is_first

    def _serve(self, known: dict[str, Any], asked: Asked) -> Completion:
        if known["call_id"] == asked.call_id:  # this very call, made before the run was interrupted
            asked.row.usd_failed += _of_no_use(known)
            _raise_if_finished_badly(known, asked.route)
            return _completion(known, usd=known["usd"], cached=False)
        self.counters.cached += 1
        self.counters.usd_saved += known["usd"] or 0.0
        self.ledger.finished(None, hit_row(asked, known))
        return _completion(known, usd=0.0, cached=True)

    def _count(self, answered: dict[str, Any]) -> None:
        self.counters.calls += 1
        self.counters.usd += (answered["usd"] or 0.0) + (answered["usd_failed"] or 0.0)
        self.counters.tokens_in += answered["tokens_in"] or 0
        self.counters.tokens_out += answered["tokens_out"] or 0

    def _failed(self, asked: Asked, attempts: Attempts, failure: CallFailed | RowDeferred) -> None:
        if attempts.start is not None:  # what was never sent leaves no row
            self.ledger.finished(attempts.start, failed_row(asked, attempts, failure))
            self.counters.failed += 1
        self.counters.usd += attempts.usd_failed
        asked.row.usd_failed += attempts.usd_failed
        if isinstance(failure, CallFailed) and failure.kind == "close_provider":
            self.closed.setdefault(asked.route.provider_name, failure)

    def _broken_off(self, asked: Asked, attempts: Attempts) -> None:
        if attempts.start is not None:
            self.ledger.finished(attempts.start, lost_row(asked, attempts))
        self.counters.usd += attempts.usd_failed

    def _check_open(self, route: Route) -> None:
        closed = self.closed.get(route.provider_name)
        if closed is not None:
            raise CallFailed(
                "close_provider", closed.error_kind, closed.message, status=closed.status,
                provider=route.provider_name, model=route.name,
            )  # fmt: skip


def _refuse_unpriced(asked: Asked) -> None:
    """Raise CallFailed, for the next model to be asked, where there is a limit and nobody knows what the call may cost."""
    route = asked.route
    if route.price is None and any(
        each.limit_usd is not None for each in asked.row.budgets_for(route.provider_name)
    ):
        raise CallFailed(
            "next_model", "no_price", f"nobody knows the price of {route.name}, so a budget cannot be kept",
            provider=route.provider_name, model=route.name,
        )  # fmt: skip


def _of_no_use(row: dict[str, Any]) -> float:
    """USD of a call's failed attempts, and of an answer that cannot be used."""
    failed: float = row["usd_failed"] or 0.0
    return failed if row["status"] == "ok" else failed + (row["usd"] or 0.0)


def _raise_if_finished_badly(answered: dict[str, Any], route: Route) -> None:
    error_kind = answered["error_kind"]
    if answered["status"] != "ok":
        kind: Kind = "next_model" if error_kind == "content_filter" else "row_fails"
        raise CallFailed(kind, error_kind, answered["error"], provider=route.provider_name, model=route.name)


def _completion(answered: dict[str, Any], *, usd: float | None, cached: bool) -> Completion:
    return Completion(
        text=answered["response"],
        finish=answered["finish_reason"],
        call_id=answered["call_id"],
        model=answered["model"],
        usd=usd,
        seconds=answered["seconds"],
        tokens_in=0 if cached else answered["tokens_in"],
        tokens_out=0 if cached else answered["tokens_out"],
        cached=cached,
        simulated=answered["simulated"],
    )
