"""What the attempts at one call come to: tokens, waits, money. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Self

from tasks.calling.budget import reserve_all
from tasks.calling.route import estimated_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.calling.budget import Budget
    from tasks.calling.failures import CallFailed
    from tasks.calling.messages import Ask
    from tasks.calling.route import Route

BILLED_WITHOUT_USAGE = frozenset({"timeout", "connection", "bad_body"})


@dataclass(slots=True)
class Attempts:
    """Filled in as the attempts at one call end.

    Attributes:
        reserved_usd: worst case of one attempt; None if the price is not known.
        tokens: input and output of one attempt, estimated.
        start: the call's number in the journal, once it is sent.
        count: attempts sent.
        waits: attempts that were told to wait.
        wait_seconds: how long the last of those has to wait.
        usd_failed: cost of the attempts without an answer.
        usd_estimated: the part of all cost that is a reservation, because nobody said what it was.
        first_sent: on the monotonic clock.
        seconds: of the last attempt.
    """

    reserved_usd: float | None
    tokens: int
    start: int | None = None
    count: int = 0
    waits: int = 0
    wait_seconds: float = 0.0
    usd_failed: float = 0.0
    usd_estimated: float = 0.0
    started_at: float = field(default_factory=time)
    first_sent: float = 0.0
    seconds: float = 0.0

    @property
    def at_risk_usd(self) -> float | None:
        """What the call has cost at most, once its next attempt is under way."""
        return None if self.reserved_usd is None else self.reserved_usd + self.usd_failed


def expected(ask: Ask, route: Route) -> Attempts:
    """A fresh record for a call: its worst-case cost and its tokens, input and output."""
    tokens_in = estimated_tokens(ask)
    return Attempts(
        route.worst_usd(tokens_in, ask.max_tokens, route.prefix_of(ask)), tokens_in + ask.max_tokens
    )


class Reservation:
    """One attempt's worst case promised on the way in, the true cost settled on the way out.

    An attempt that is broken off once it is sent (no outcome is told) costs what was reserved: it may be billed.
    """

    def __init__(self, budgets: Sequence[Budget], attempts: Attempts) -> None:
        self._budgets = budgets
        self._attempts = attempts
        self._reserved = attempts.reserved_usd or 0.0
        self._spent: float | None = 0.0

    async def __aenter__(self) -> Self:
        await reserve_all(self._budgets, self._reserved)
        return self

    def sent(self) -> None:
        """From now on it may be billed."""
        self._spent = None

    def succeeded(self, usd: float | None) -> None:
        """An answer came; `usd` is None if it did not say what it cost."""
        if usd is None:
            usd = self._reserved
            self._attempts.usd_estimated += usd
        self._spent = usd

    def failed(self, failure: CallFailed, usd: float | None) -> None:
        """No answer came; `usd` is what `failure` says that it cost, if it does."""
        if usd is not None:
            self._lost(usd, 0.0)
        elif failure.error_kind in BILLED_WITHOUT_USAGE:
            self._lost(self._reserved, self._reserved)
        else:
            self._lost(0.0, 0.0)

    async def __aexit__(self, *_: object) -> None:
        if self._spent is None:
            self._lost(self._reserved, self._reserved)
        for budget in self._budgets:
            budget.settle(self._reserved, self._spent or 0.0)

    def _lost(self, usd: float, estimated_usd: float) -> None:
        self._spent = usd
        self._attempts.usd_failed += usd
        self._attempts.usd_estimated += estimated_usd
