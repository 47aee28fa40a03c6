"""A run's budget dealt out to its shards: each gets its share of what is left, and gives back what it leaves.

Every shard gets its share by rows, but a sixth of what is left at the least: among many shards that share a budget far
too small, the first ones make their rows instead of each making a part of one. What is less than a row comes back. What
is left when all shards have ended is worked off by those that deferred rows, one after the other (`flows.shift`), until
it buys no row: so the shares need not be right for the money to be used.

The same for each provider with a limit of its own. No I/O. All amounts are USD.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LEAST_SHARE = 1 / 6


@dataclass(frozen=True)
class ShardMoney:
    """What one attempt at a shard may spend.

    Attributes:
        allowance_usd: None for no limit.
        paid_usd: what the shard's rows had cost when this was dealt: whoever works the attempt again, after a process
            that died, finds more, and has that much less.
        providers: provider → (allowance, paid), for those with a limit.
        is_rest: all that the run has left: a row under way that does not fit may give something up (`on_budget`).
        expected_usd: what a row is expected to cost before any has ended; None if nobody knows.
        proof_usd: what of it may be spent on other arms and blind judges; None for all.
    """

    allowance_usd: float | None = None
    paid_usd: float = 0.0
    providers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    is_rest: bool = False
    expected_usd: float | None = None
    proof_usd: float | None = None

    @property
    def is_limited(self) -> bool:
        return self.allowance_usd is not None or bool(self.providers)


class Allowances:
    """Args:
    budget_usd: of the run, or of a provider in it; None for no limit.
    spent_usd: what the run has spent before.
    rows: rows still to be given out.
    """

    def __init__(self, budget_usd: float | None, spent_usd: float, rows: int) -> None:
        self._left = None if budget_usd is None else max(0.0, budget_usd - spent_usd)
        self._rows = rows

    def give(self, rows: int) -> float | None:
        """The allowance of a shard of so many rows, at least 1; all that is left once all rows have been given out."""
        if self._left is None:
            return None
        share = max(0.0, self._left) * min(1.0, max(LEAST_SHARE, rows / self._rows if self._rows else 1.0))
        self._rows = max(0, self._rows - rows)
        self._left -= share
        return share

    def take_back(self, allowance: float | None, spent_usd: float) -> None:
        """A shard has ended; one that cost more than it was given (a count of tokens is a guess) leaves others less."""
        if self._left is not None and allowance is not None:
            self._left += allowance - spent_usd

    @property
    def rows(self) -> int:
        """Not given out yet."""
        return self._rows

    @property
    def left_usd(self) -> float | None:
        """What is not given out; None for no limit."""
        return None if self._left is None else max(0.0, self._left)
