"""What a run's calls cost and what was saved, by role and model: summed up at commit, kept in the manifest.

So a view over years reads manifests, and goes on to tell of calls that retention has removed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.calling.prices import Price

GROUP: Final = ["arm", "role", "provider", "model", "lane", "simulated"]
COLUMNS: Final = [
    *GROUP, "status", "cached", "tokens_in", "tokens_out", "tokens_cached", "usd", "usd_failed", "usd_saved",
]  # fmt: skip
NULLS: Final = pc.CountOptions(mode="only_null")
SENT: Final[list[Any]] = [
    ([], "count_all"), ("failed", "sum"), ("tokens_in", "sum"), ("tokens_out", "sum"), ("tokens_cached", "sum"),
    ("usd", "sum"), ("usd", "count", NULLS), ("usd_failed", "sum"),
]  # fmt: skip
HITS: Final[list[Any]] = [([], "count_all"), ("usd_saved", "sum"), ("usd_saved", "count", NULLS)]
BATCH: Final = "batch"


@dataclass(frozen=True, slots=True)
class Spender:
    """Who spent: which arm, in which role, asking which model, in which lane."""

    arm: str
    role: str
    provider: str
    model: str
    lane: str
    simulated: bool


@dataclass(slots=True)
class Spent:
    """What some calls came to.

    Attributes:
        sent: hits are not among them.
        usd: of those whose price is known, failed attempts not included.
        unpriced: those sent whose price is not known.
        saved_ledger: what the answers of hits had cost.
        saved_cache: what tokens read from the provider's cache would have cost more; None if a price is not known.
        saved_batch: what the batch lane took off; None if a price is not known.
        hits_unpriced: hits on answers whose cost is not known.
    """

    sent: int = 0
    hits: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    usd: float = 0.0
    usd_failed: float = 0.0
    unpriced: int = 0
    saved_ledger: float = 0.0
    hits_unpriced: int = 0
    saved_cache: float | None = 0.0
    saved_batch: float | None = 0.0

    def add(self, other: Spent) -> None:
        """Take in what other calls came to; unknown and something is unknown."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            setattr(self, each.name, None if mine is None or theirs is None else mine + theirs)


@dataclass(slots=True)
class SpendSums:
    """The calls of a run, taken as their row groups pass."""

    by: dict[Spender, Spent] = field(default_factory=dict)

    def add(self, calls: pa.Table) -> None:
        """Take in rows with COLUMNS."""
        cached = pc.fill_null(calls["cached"], False)
        for row in _summed(calls.filter(cached), HITS):
            self._of(row).add(
                Spent(
                    hits=row["count_all"],
                    saved_ledger=row["usd_saved_sum"] or 0.0,
                    hits_unpriced=row["usd_saved_count"],
                )
            )
        sent = calls.filter(pc.invert(cached))
        failed = pc.cast(pc.fill_null(pc.not_equal(sent["status"], "ok"), True), pa.int64())
        for row in _summed(sent.append_column("failed", failed), SENT):
            self._of(row).add(_spent(row))

    def rows(self, prices: Mapping[str, Price | None]) -> list[dict[str, Any]]:
        """One per spender, with what was saved at these prices; as the manifest keeps them."""
        told: dict[Spender, Spent] = {}
        simulated = {who.provider for who in self.by if who.simulated}
        for who, spent in self.by.items():
            # A call without an answer does not say that it went to a simulator.
            answered = spent.hits or spent.sent > spent.failed
            if not answered and who.provider in simulated:
                who = replace(who, simulated=True)  # noqa: PLW2901
            told.setdefault(who, Spent()).add(_with_savings(who, spent, prices.get(who.model)))
        return [asdict(who) | asdict(spent) for who, spent in sorted(told.items(), key=str)]

    def _of(self, row: dict[str, Any]) -> Spent:
        arm, role, provider, model, lane = (row[name] or "" for name in GROUP[:-1])
        who = Spender(arm, role, provider, model, lane, simulated=bool(row["simulated"]))
        return self.by.setdefault(who, Spent())


def spent_by(rows: Iterable[Mapping[str, Any]]) -> list[tuple[Spender, Spent]]:
    """What `SpendSums.rows` told; fields of a later version are left out."""
    names = {kind: [each.name for each in fields(kind)] for kind in (Spender, Spent)}
    return [
        (
            Spender(**{name: row[name] for name in names[Spender]}),
            Spent(**{name: row[name] for name in names[Spent] if name in row}),
        )
        for row in rows
    ]


def _summed(calls: pa.Table, sums: list[Any]) -> Iterable[dict[str, Any]]:
    found: list[dict[str, Any]] = calls.group_by(GROUP, use_threads=False).aggregate(sums).to_pylist()
    return found


def _spent(row: dict[str, Any]) -> Spent:
    return Spent(
        sent=row["count_all"],
        failed=row["failed_sum"],
        tokens_in=row["tokens_in_sum"] or 0,
        tokens_out=row["tokens_out_sum"] or 0,
        tokens_cached=row["tokens_cached_sum"] or 0,
        usd=row["usd_sum"] or 0.0,
        usd_failed=row["usd_failed_sum"] or 0.0,
        unpriced=row["usd_count"],
    )


def _with_savings(who: Spender, spent: Spent, price: Price | None) -> Spent:
    in_batch = who.lane == BATCH
    if price is None:
        cache = None if spent.tokens_cached else 0.0
        return replace(spent, saved_cache=cache, saved_batch=None if in_batch and spent.sent else 0.0)
    cheaper = 0.0 if price.cached is None else price.input - price.cached
    left = 1 - price.batch_discount if in_batch else 1.0
    off = 0.0 if not in_batch else spent.usd * price.batch_discount / left if left else None
    return replace(spent, saved_cache=spent.tokens_cached * cheaper * left / 1e6, saved_batch=off)
