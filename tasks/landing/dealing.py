"""A run's money, and that of each provider with a limit, dealt to shards by what has been spent so far. No I/O; USD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.calling.budget import OVER_BUDGET
from tasks.landing.allowances import Allowances, ShardMoney
from tasks.landing.purse import models_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.calling.route import Route
    from tasks.calling.spending import Spending
    from tasks.landing.shard_records import ShardRecord

FRUITLESS = 3
MARGIN = 1.1  # of what rows are expected to cost: it is kept for them


@dataclass(frozen=True, slots=True)
class Funds:
    """What a run may spend.

    Attributes:
        budget_usd: the run's; None for no limit.
        limits_usd: provider → the most that the run may spend with it.
        expected_usd: what a row is expected to cost before any has ended.
        unproven_usd: the same without what proves it; None where proving is what the run is for.
    """

    budget_usd: float | None
    limits_usd: Mapping[str, float]
    expected_usd: float | None = None
    unproven_usd: float | None = None


class Dealing:
    """Deals what is left at the moment it is made.

    Args:
        funds: of the run.
        spending: of the run, up to date.
        landed_usd: what its earlier generations have come to.
        rows: that are to share; 0 if one shard gets all of it, as one does that has them all.
    """

    def __init__(
        self, funds: Funds, spending: Spending, routes: Mapping[str, Route], landed_usd: float, rows: int
    ) -> None:
        self._funds = funds
        self._rows = rows
        self._spending = spending
        self._run = Allowances(funds.budget_usd, landed_usd + spending.usd, rows)
        used = {route.provider_name for route in routes.values()}
        self._models = {name: models_of(name, routes) for name in funds.limits_usd if name in used}
        self._providers = {
            name: Allowances(
                funds.limits_usd[name],
                sum(spending.of_shard(shard, models) for shard in list(spending.by_shard)),
                rows,
            )
            for name, models in self._models.items()
        }

    def deal(self, shard: int, rows: int) -> ShardMoney:
        """What a shard with so many rows to work may spend."""
        proof_usd = self._for_proof(rows)
        return ShardMoney(
            self._run.give(rows),
            self._spending.of_shard(shard),
            {
                name: (each.give(rows) or 0.0, self._spending.of_shard(shard, self._models[name]))
                for name, each in self._providers.items()
            },
            is_rest=rows >= self._rows,
            expected_usd=self._funds.expected_usd,
            proof_usd=proof_usd,
        )

    def _for_proof(self, rows: int) -> float | None:
        """The shard's part of what is left when every row has what it should cost: rows come before what proves them."""
        left, each_usd = self._run.left_usd, self._funds.unproven_usd
        if left is None or each_usd is None:
            return None
        waiting = self._run.rows
        return max(0.0, left - MARGIN * each_usd * waiting) * min(1.0, rows / waiting) if waiting else 0.0

    def settle(self, money: ShardMoney, record: ShardRecord) -> None:
        """The shard has ended: what it left is there for others."""
        self._run.take_back(money.allowance_usd, record.usd)
        for name, each in self._providers.items():
            each.take_back(money.providers[name][0], record.usd_by_provider.get(name, 0.0))

    def buys(self, row_usd: float) -> bool:
        """Whether a row at this price may still be paid for; always so without a limit."""
        lefts = [self._run.left_usd, *(each.left_usd for each in self._providers.values())]
        known = [left for left in lefts if left is not None]
        run_reaches = self._run.left_usd is None or self._run.left_usd >= row_usd
        return bool(known) and run_reaches and max(known) > 0


class Again:
    """Which shards are worked once more, because money is left and they deferred rows for want of it."""

    def __init__(self) -> None:
        self._tried: set[int] = set()

    def next(self, records: Iterable[ShardRecord]) -> ShardRecord | None:
        """One with rows that have begun to pay, else with the most such rows; None when several have come to nothing."""
        if len(self._tried) >= FRUITLESS:
            return None
        short = [each for each in records if _short(each) and each.shard not in self._tried]
        return max(short, key=lambda each: (each.begun > 0, _short(each)), default=None)

    def ended(self, before: ShardRecord, after: ShardRecord) -> None:
        """A shard that is no further is not tried again."""
        if _short(after) >= _short(before):
            self._tried.add(before.shard)


def _short(record: ShardRecord) -> int:
    return record.deferred_by.get(OVER_BUDGET, 0)
