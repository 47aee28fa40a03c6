"""A run's budget dealt out to its shards: each gets its share of what is left, and gives back what it leaves.

No I/O. All amounts are USD.
"""

from __future__ import annotations


class Allowances:
    """Args:
    budget_usd: of the run; None for no limit.
    spent_usd: what the run has spent before.
    rows: rows still to be given out.
    """

    def __init__(self, budget_usd: float | None, spent_usd: float, rows: int) -> None:
        self._left = None if budget_usd is None else max(0.0, budget_usd - spent_usd)
        self._rows = rows

    def give(self, rows: int) -> float | None:
        """The allowance of a shard of so many rows, at least 1."""
        if self._left is None:
            return None
        share = max(0.0, self._left) * rows / self._rows
        self._rows -= rows
        self._left -= share
        return share

    def take_back(self, allowance: float | None, spent_usd: float) -> None:
        """A shard has ended; one that cost more than it was given (a count of tokens is a guess) leaves others less."""
        if self._left is not None and allowance is not None:
            self._left += allowance - spent_usd
