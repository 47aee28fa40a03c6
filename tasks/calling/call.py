"""What a pattern asks of a model, and what it gets back. No I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tasks.calling.budget import Budget
    from tasks.calling.route import Route
    from tasks.calling.wire import Ask


MADE = "made"


def any_text(_: str) -> bool:
    """Every answer is of use."""
    return True


@dataclass(frozen=True, slots=True)
class Call:
    """One model request of one row, before a model is settled on.

    Attributes:
        models: catalog names in order of preference; the catalog's fallbacks follow.
        ask: messages and parameters.
        step: path of the step in the recipe, `draft` or `refine/polish`.
        role: what the model is there for, if the recipe says.
        round: iteration, from 1.
        ttl_seconds: how old another run's answer may be; None: only this run's.
        accepts: whether another call's answer is of use here; one that is not is asked anew.
        tokens_saved: what was left out of `ask` because the model need not read it, estimated.
        may_be_cheaper: where the money does not reach for these models, a cheaper one of the run may answer.
        stands_alone: no other model may answer instead of these.
    """

    models: tuple[str, ...]
    ask: Ask
    step: str
    role: str | None = None
    round: int = 1
    ttl_seconds: float | None = None
    accepts: Callable[[str], bool] = any_text
    tokens_saved: int = 0
    may_be_cheaper: bool = False
    stands_alone: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished call.

    Attributes:
        usd: what this row paid: 0 for a ledger hit, None if the price is not known.
        seconds: time the answer took when it was made.
        cached: it came from another row's or run's call.
        cheaper_than: the model that should have answered, if the money did not reach for it.
    """

    text: str
    finish: str
    call_id: str
    model: str
    usd: float | None
    seconds: float
    tokens_in: int | None
    tokens_out: int | None
    cached: bool
    simulated: bool
    cheaper_than: str | None = None


class Asker(Protocol):
    """Completes calls for one row."""

    async def __call__(self, call: Call) -> Completion:
        """The finished call; raises CallFailed or RowDeferred."""


class Admitting(Protocol):
    """Lets a row begin to pay."""

    async def admitted(self) -> bool:
        """Wait until the row may pay, and tell whether that took any waiting; raises NotAdmitted."""


@dataclass(slots=True)
class Row:
    """Who is asking: one request in one arm, what it may spend, and what it has asked so far.

    Attributes:
        budgets: what every call has to fit in.
        provider_budgets: provider → what its calls have to fit in besides.
        paid_at: provider → a budget without limit that learns what this row pays there.
        ticket: asked before a call is paid for; None lets the row in at once.
        usd_failed: what it has paid for attempts and answers that were of no use.
    """

    request_id: str
    arm: str
    recipe: str
    request_type: str | None
    shard: int
    budgets: tuple[Budget, ...] = ()
    per_request_variants: bool = False
    provider_budgets: Mapping[str, Budget] = field(default_factory=dict)
    paid_at: Mapping[str, Budget] = field(default_factory=dict)
    ticket: Admitting | None = None
    asked: dict[bytes, int] = field(default_factory=dict)
    unanswered: dict[bytes, list[int]] = field(default_factory=dict)
    decided: dict[str, int] = field(default_factory=dict)
    usd_failed: float = 0.0

    def budgets_for(self, provider: str) -> tuple[Budget, ...]:
        """All budgets that a call to this provider has to fit in."""
        more = [each[provider] for each in (self.provider_budgets, self.paid_at) if provider in each]
        return (*self.budgets, *more) if more else self.budgets

    def sample(self, question: bytes) -> int:
        """How often this row has asked exactly this before; counts this time too."""
        free = self.unanswered.get(question)
        if free:
            return heappop(free)
        count = self.asked.get(question, 0)
        self.asked[question] = count + 1
        return count

    def uncount(self, question: bytes, sample: int) -> None:
        """That time brought nothing, and a replay may not ask it: the next time is this one again."""
        heappush(self.unanswered.setdefault(question, []), sample)

    def place(self, path: str) -> str:
        """Under which its decisions at this path are kept: arms may have steps of the same name."""
        return path if self.arm == MADE else f"@{self.arm}/{path}"

    def occurrence(self, path: str) -> int:
        """How often something was decided at `path` before; counts this time too."""
        count = self.decided.get(path, 0)
        self.decided[path] = count + 1
        return count


@dataclass(frozen=True, slots=True)
class Asked:
    """A call settled on a model.

    Attributes:
        question: digest of what is asked of whom (32 bytes).
        key: the ledger's key (32 bytes): the question, for which time.
        call_id: this call of this row, the same in every replay.
        sample: how often the row had asked exactly this of its first choice of model before.
    """

    run: str
    row: Row
    call: Call
    route: Route
    question: bytes
    key: bytes
    call_id: str
    sample: int


def settle(run: str, row: Row, call: Call, route: Route, *, instead_of: Asked | None = None) -> Asked:
    """Name and number `call` as the next one of `row`.

    Args:
        instead_of: the call as it was settled on the first choice of model. A fallback keeps its sample number:
            counted anew, it would depend on which of several calls failed first, and a replay could not find it.
    """
    shared = not row.per_request_variants or not call.ask.temperature
    question = question_digest(
        wire_version=route.wire.version,
        api=route.wire.name,
        host=route.host,
        model_id=route.model.id,
        ask=call.ask,
        params=route.model.params,
        variant=None if shared else row.request_id,
    )
    sample = instead_of.sample if instead_of else row.sample(question)
    key = hashlib.sha256(question + sample.to_bytes(4, "big")).digest()
    who = orjson.dumps([run, row.request_id, row.arm, call.step, call.round])
    return Asked(run, row, call, route, question, key, hashlib.sha256(who + key).hexdigest()[:24], sample)


def question_digest(
    *,
    wire_version: int,
    api: str,
    host: str,
    model_id: str,
    ask: Ask,
    params: Mapping[str, Any],
    variant: str | None,
) -> bytes:
    """Digest of all that decides an answer but the sample number (32 bytes).

    `variant` is the request id where requests are not to share an answer.
    """
    question = [
        wire_version, api, host, model_id, [(message.role, message.content) for message in ask.messages],
        ask.temperature, ask.max_tokens, ask.format, params, variant,
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(question, option=orjson.OPT_SORT_KEYS)).digest()
