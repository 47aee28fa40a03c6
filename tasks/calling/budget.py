"""Money that may be spent: reserve the worst case before a call, settle with what it really cost after.

No I/O. All amounts are USD.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.storing.errors import RowDeferred


class OverBudget(RowDeferred):
    """A call's worst case does not fit in what is left; the row is left for later."""

    def __init__(self, needed_usd: float, left_usd: float, whose: str) -> None:
        super().__init__(needed_usd, left_usd, whose)
        self.needed_usd = needed_usd
        self.left_usd = left_usd
        self.whose = whose

    def __str__(self) -> str:
        return f"the next call may cost ${self.needed_usd:.4f}, ${self.left_usd:.4f} of the {self.whose}'s budget is left"


@dataclass(slots=True)
class Budget:
    """An allowance of `limit_usd` (None: no limit), with what is spent and what is promised."""

    limit_usd: float | None
    whose: str = "run"
    spent_usd: float = 0.0
    reserved_usd: float = 0.0

    @property
    def left_usd(self) -> float:
        """What may still be reserved; infinity without a limit."""
        return float("inf") if self.limit_usd is None else self.limit_usd - self.spent_usd - self.reserved_usd

    def reserve(self, usd: float) -> None:
        """Promise `usd`.

        Raises:
            OverBudget: it does not fit.
        """
        if usd > self.left_usd + 1e-12:
            raise OverBudget(usd, max(0.0, self.left_usd), self.whose)
        self.reserved_usd += usd

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Replace a promise of `reserved_usd` by the `spent_usd` that it came to."""
        self.reserved_usd -= reserved_usd
        self.spent_usd += spent_usd
