"""Which rows of a shard may begin to spend: as many as are expected to be paid for to their end. No I/O; USD.

A row is let in when it first has to pay for a call: what the ledger answers is free, so a row that is replayed takes
only what it has not paid yet. It fits if its expected cost does, beside what the rows under way are still expected to
take and the worst case of one more call. A row that does not fit waits until one of them ends, and is left for later
when none is under way. So a budget that is too small buys whole rows, not the beginnings of all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.calling.budget import ROUNDING_USD, NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.calling.budget import Budget

LEARNERS = 1  # of each shard: two might spend on two halves what would have made one row


@dataclass(slots=True)
class RowCosts:
    """What a row of this run costs: the mean of those that have ended in this process, before that a guess.

    Attributes:
        guess_usd: None if nobody has one; rows that could not be paid to their end teach it before others have ended.
    """

    guess_usd: float | None = None
    rows: int = 0
    usd: float = 0.0

    @property
    def expected_usd(self) -> float | None:
        """None before anything is known."""
        return self.usd / self.rows if self.rows else self.guess_usd

    def at_least(self, usd: float) -> None:
        """A row would have cost about that much or more, had its money reached."""
        self.guess_usd = max(self.guess_usd or 0.0, usd)

    def ended(self, usd: float) -> None:
        """A row was made, or failed, at this cost over all processes."""
        self.rows += 1
        self.usd += usd


@dataclass(slots=True, eq=False)
class Ticket:
    """One row's way in.

    Attributes:
        own: the row's budget, which knows what it has paid, in earlier processes as well.
        places: rows worked at once; a row that waits to be let in takes none of them.
        others: what it has paid in this process out of each further purse of its admission.
    """

    admission: Admission
    own: Budget
    places: asyncio.Semaphore
    others: tuple[Budget, ...] = ()
    has_place: bool = False
    is_in: bool = False
    refusal: NotAdmitted | None = None
    _entering: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_fresh: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_fresh = self.own.spent_usd == 0

    @property
    def paid(self) -> tuple[Budget, ...]:
        """One for each purse of its admission."""
        return (self.own, *self.others)

    async def take_place(self) -> None:
        """Wait for a place among the rows that are worked at once."""
        await self.places.acquire()
        self.has_place = True

    async def admitted(self) -> bool:
        """Wait until the row may pay; whether that took any waiting.

        Raises:
            NotAdmitted: the money does not reach for it.
        """
        if self.is_in:
            return False
        async with self._entering:
            if self.refusal is not None:
                raise self.refusal
            if self.is_in:
                return True
            if self.admission.let_in(self):
                return False
            self._give_place_back()
            try:
                await self.admission.wait(self)
            except NotAdmitted as refusal:
                self.refusal = refusal
                raise
            await self.take_place()
            return True

    def leave(self, ended_usd: float | None) -> None:
        """The row is worked no more; `ended_usd` is what it came to, None if it is left for later."""
        self._give_place_back()
        self.admission.leave(self, ended_usd)

    def _give_place_back(self) -> None:
        if self.has_place:
            self.has_place = False
            self.places.release()


class Admission:
    """The way in of one shard's rows.

    Args:
        budget: the shard's.
        costs: of the run's rows in this process.
        others: further purses that no row can do without, and what rows cost out of each: a provider's limit.
        is_rest: no other money follows: the last row is let in though a call of it may not fit in the end, and one that
            has begun to pay though it is not expected to fit, so that it may give up what its recipe gives up.
    """

    def __init__(
        self,
        budget: Budget,
        costs: RowCosts,
        *,
        others: Sequence[tuple[Budget, RowCosts]] = (),
        is_rest: bool = False,
    ) -> None:
        self._purses = ((budget, costs), *others)
        self._limited = [
            number for number, (purse, _) in enumerate(self._purses) if purse.limit_usd is not None
        ]
        self._is_rest = is_rest
        self._costs = costs
        self._inside: set[Ticket] = set()
        self._waiting: deque[tuple[Ticket, asyncio.Future[None]]] = deque()

    def let_in(self, ticket: Ticket) -> bool:
        """Let the row in if it fits and nobody came before it."""
        fits = not self._waiting and self._fits(ticket)
        if fits:
            self._enter(ticket)
        return fits

    async def wait(self, ticket: Ticket) -> None:
        """Wait until the row is let in.

        Raises:
            NotAdmitted: no row is under way, and it does not fit.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ticket, turn))
        self._pump()
        try:
            await turn
        finally:
            self._pump()

    def leave(self, ticket: Ticket, ended_usd: float | None) -> None:
        """The row has ended, whether or not it was let in."""
        if ended_usd is not None:
            self._costs.ended(ended_usd)
            if ticket.is_fresh:  # of the others nobody knows what it paid before
                for (_, costs), paid in zip(self._purses[1:], ticket.others, strict=True):
                    costs.ended(paid.spent_usd)
        elif ticket.is_in:
            for (purse, costs), paid in zip(self._purses, ticket.paid, strict=True):
                costs.at_least(paid.spent_usd + purse.largest_usd)
        self._inside.discard(ticket)
        self._pump()

    def _enter(self, ticket: Ticket) -> None:
        ticket.is_in = True
        self._inside.add(ticket)

    def _pump(self) -> None:
        while self._waiting:
            ticket, turn = self._waiting[0]
            if not turn.done():
                if self._fits(ticket):
                    self._enter(ticket)
                    turn.set_result(None)
                elif self._inside:
                    return
                else:
                    turn.set_exception(self._refusal(ticket))
            self._waiting.popleft()

    def _fits(self, ticket: Ticket) -> bool:
        if self._is_rest and not self._inside and ticket.own.spent_usd > 0:
            return True
        return all(self._fits_in(number, ticket) for number in self._limited)

    def _fits_in(self, number: int, ticket: Ticket) -> bool:
        purse, costs = self._purses[number]
        if costs.expected_usd is None:  # first learn what one costs
            return len(self._inside) < LEARNERS
        needed = self._needs(number, ticket)
        if self._inside or not self._is_rest:
            needed += sum(self._needs(number, each) for each in self._inside) + purse.largest_usd
        return needed <= purse.unspent_usd + ROUNDING_USD

    def _needs(self, number: int, ticket: Ticket) -> float:
        """What the row is still expected to take out of that purse."""
        return max(0.0, (self._purses[number][1].expected_usd or 0.0) - ticket.paid[number].spent_usd)

    def _refusal(self, ticket: Ticket) -> NotAdmitted:
        """Says which purse is too empty."""
        short = next((each for each in self._limited if not self._fits_in(each, ticket)), 0)
        purse = self._purses[short][0]
        return NotAdmitted(self._needs(short, ticket), max(0.0, purse.unspent_usd), purse.whose)
