"""Money that may be spent: reserve the worst case before a call, settle with what it really cost after.

A call that does not fit because others in flight hold reservations waits until enough of those are settled, first come,
first served; it is over budget only if even all of them could not free enough. No I/O; one event loop. Amounts are USD.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Sequence

OVER_BUDGET = "over budget"
ROUNDING_USD = 1e-12


class OverBudget(RowDeferred):
    """A call's worst case does not fit in what is left; the row is left for later."""

    def __init__(self, needed_usd: float, left_usd: float, whose: str) -> None:
        super().__init__(needed_usd, left_usd, whose)
        self.needed_usd = needed_usd
        self.left_usd = left_usd
        self.whose = whose

    def __str__(self) -> str:
        return f"the next call may cost ${self.needed_usd:.4f}, ${self.left_usd:.4f} of the {self.whose}'s budget is left"


class ProviderSpent(OverBudget):
    """It is a provider's limit that the call does not fit in: another provider's model may serve."""


class KeptWhole(OverBudget):
    """Its shard's share is spent, which may not be the run's: the row gives up nothing for that, it waits."""


class NotAdmitted(KeptWhole):
    """A row that has not begun to pay is not expected to be paid for to its end."""

    def __str__(self) -> str:
        return f"the row is expected to cost ${self.needed_usd:.4f}, ${self.left_usd:.4f} of the {self.whose}'s budget is left"


@dataclass(slots=True)
class Budget:
    """An allowance of `limit_usd` (None: no limit), with what is spent and what is promised.

    Attributes:
        largest_usd: the largest single promise so far.
    """

    limit_usd: float | None
    whose: str = "run"
    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    largest_usd: float = 0.0
    _reservations: int = 0
    _waiting: deque[tuple[float, asyncio.Future[None]]] = field(default_factory=deque)

    @property
    def left_usd(self) -> float:
        """What may still be reserved; infinity without a limit."""
        return self.unspent_usd - self.reserved_usd

    @property
    def unspent_usd(self) -> float:
        """What is left if all that is promised comes to nothing; infinity without a limit."""
        return float("inf") if self.limit_usd is None else self.limit_usd - self.spent_usd

    def check(self, usd: float) -> None:
        """Raise OverBudget if `usd` would not fit though everything promised were settled with nothing."""
        if usd > self.unspent_usd + ROUNDING_USD:
            raise self.refusal(usd)

    def refusal(self, usd: float) -> OverBudget:
        """The error that says so."""
        return OverBudget(usd, max(0.0, self.unspent_usd), self.whose)

    def has_room(self, usd: float) -> bool:
        """Whether `usd` may be reserved now: it fits, and nobody came before."""
        return not self._waiting and usd <= self.left_usd + ROUNDING_USD

    def reserve(self, usd: float) -> None:
        """Promise `usd`, whether or not there is room."""
        self.reserved_usd += usd
        self.largest_usd = max(self.largest_usd, usd)
        self._reservations += 1

    async def turn(self, usd: float) -> None:
        """Wait until `usd` is reserved.

        Raises:
            OverBudget: it cannot be any more.
        """
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((usd, granted))
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.settle(usd, 0.0)
            self._pump()
            raise

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Replace a promise of `reserved_usd` by the `spent_usd` that it came to."""
        self._reservations -= 1
        # Nothing promised is exactly nothing: what rounding leaves over would keep somebody waiting for ever.
        self.reserved_usd = self.reserved_usd - reserved_usd if self._reservations else 0.0
        self.spent_usd += spent_usd
        self._pump()

    def _pump(self) -> None:
        """Serve those at the head of the queue that fit, turn away those that never will."""
        while self._waiting:
            usd, granted = self._waiting[0]
            if not granted.done():
                if usd > self.unspent_usd + ROUNDING_USD:
                    granted.set_exception(self.refusal(usd))
                elif usd <= self.left_usd + ROUNDING_USD:
                    self.reserve(usd)
                    granted.set_result(None)
                else:
                    return
            self._waiting.popleft()


class ShardBudget(Budget):
    """A shard's share of what the run may spend; what others leave of theirs comes later."""

    __slots__ = ()

    def refusal(self, usd: float) -> OverBudget:
        return KeptWhole(usd, max(0.0, self.unspent_usd), self.whose)


class ProviderBudget(Budget):
    """What a run may spend with one provider."""

    __slots__ = ()

    def refusal(self, usd: float) -> OverBudget:
        return ProviderSpent(usd, max(0.0, self.unspent_usd), self.whose)


async def reserve_all(budgets: Sequence[Budget], usd: float) -> None:
    """Reserve `usd` in every budget, or in none; nothing is held in one while another is waited for.

    Raises:
        OverBudget: it cannot fit in one of them.
    """
    granted: Budget | None = None
    while True:
        try:
            for budget in budgets:
                budget.check(usd)
        except OverBudget:
            if granted is not None:
                granted.settle(usd, 0.0)
            raise
        full = next((each for each in budgets if each is not granted and not each.has_room(usd)), None)
        if full is None:
            for budget in budgets:
                if budget is not granted:
                    budget.reserve(usd)
            return
        if granted is not None:
            granted.settle(usd, 0.0)
        await full.turn(usd)
        granted = full
