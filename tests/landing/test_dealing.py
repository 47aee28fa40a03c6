"""Money dealt to shards follows what has really been spent, by whom ever; what is left goes round once more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from tasks.calling.budget import OVER_BUDGET
from tasks.calling.spending import Spending
from tasks.landing.allowances import ShardMoney
from tasks.landing.dealing import FRUITLESS, Again, Dealing, Funds
from tasks.landing.purse import Purse, indispensable
from tasks.landing.shard_records import ShardRecord
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.calling.route import Route


class Way:
    """As much of a route as dealing looks at."""

    def __init__(self, provider_name: str) -> None:
        self.provider_name = provider_name


ROUTES = cast("dict[str, Route]", {"dear": Way("far"), "cheap": Way("near"), "other": Way("near")})


def spending(folder: Path) -> Spending:
    return Spending(Store.open(str(folder)), "night", "w1", lambda request_id: int(request_id[1:]))


def call(request_id: str, model: str, usd: float, failed: float = 0.0) -> dict[str, Any]:
    return {"request_id": request_id, "model": model, "usd": usd, "usd_failed": failed}


def record(shard: int, short: int, usd: float = 0.0, **more: Any) -> ShardRecord:
    return ShardRecord(
        shard=shard, attempt=1, worker="w1", rows=9, made=9 - short, failed=0, deferred=short, retryable=0,
        deferred_by={OVER_BUDGET: short} if short else {}, parts={}, usd=usd, finished_at=datetime.now(UTC), **more,
    )  # fmt: skip


def test_shards_get_their_share_of_what_the_run_has_not_spent(tmp_path: Path) -> None:
    known = spending(tmp_path)
    known.add(call("r1", "dear", 0.5, failed=0.5))
    dealing = Dealing(Funds(10.0, {}), known, ROUTES, 2.0, rows=10)
    assert dealing.deal(0, 5) == ShardMoney(pytest.approx(3.5), 0.0)
    money = dealing.deal(1, 5)
    assert money == ShardMoney(pytest.approx(3.5), 1.0)
    assert not dealing.buys(0.1)
    dealing.settle(money, record(1, 2, usd=3.0))
    assert dealing.buys(0.4)
    assert not dealing.buys(0.6)


def test_a_provider_with_a_limit_is_dealt_out_as_the_run_is(tmp_path: Path) -> None:
    known = spending(tmp_path)
    known.add(call("r1", "cheap", 0.25))
    known.add(call("r2", "other", 0.75))
    known.add(call("r2", "dear", 7.0))
    dealing = Dealing(Funds(None, {"near": 3.0, "unused": 1.0}), known, ROUTES, 0.0, rows=4)
    money = dealing.deal(2, 2)
    assert money.allowance_usd is None
    assert money.providers == {"near": (pytest.approx(1.0), 0.75)}
    dealing.settle(money, record(2, 0, usd_by_provider={"near": 0.5}))
    assert dealing.deal(3, 2).providers == {"near": (pytest.approx(1.5), 0.0)}


def test_who_works_an_attempt_again_has_what_a_process_that_died_over_it_left(tmp_path: Path) -> None:
    known = spending(tmp_path)
    known.add(call("r1", "cheap", 0.5))
    money = ShardMoney(1.0, 0.5, {"near": (0.6, 0.5)})
    known.add(call("r1", "cheap", 0.25))  # of the process that died
    purse = Purse(money, known, 1, ROUTES)
    assert purse.budget.left_usd == pytest.approx(0.75)
    assert purse.providers["near"].left_usd == pytest.approx(0.35)
    purse.budget.reserve(0.5)
    purse.budget.settle(0.5, 0.25)
    assert purse.spent_usd == pytest.approx(0.5), "what it left behind is spent"
    assert purse.spent_by_provider == {"near": pytest.approx(0.25)}


def test_the_shard_with_most_rows_left_for_money_is_worked_again_until_it_gets_no_further() -> None:
    again, records = Again(), {0: record(0, 2), 1: record(1, 5), 2: record(2, 0)}
    first = again.next(records.values())
    assert first == records[1]
    again.ended(records[1], record(1, 3))
    records[1] = record(1, 3)
    assert again.next(records.values()) == records[1], "it got on, so it may get on"
    again.ended(records[1], records[1])
    assert again.next(records.values()) == records[0]
    again.ended(records[0], records[0])
    assert again.next(records.values()) is None


def test_after_several_shards_that_got_no_further_no_other_is_tried() -> None:
    again = Again()
    records = [record(shard, 1) for shard in range(FRUITLESS + 5)]
    tried = []
    while (each := again.next(records)) is not None:
        tried.append(each.shard)
        again.ended(each, each)
    assert len(tried) == FRUITLESS


def test_a_provider_is_indispensable_if_it_serves_a_model_that_no_other_providers_can_stand_in_for() -> None:
    both = {"dear": ("cheap",), "cheap": ("dear",), "other": ("dear",)}
    assert indispensable(["far", "near"], ROUTES, both) == []
    assert indispensable(["far", "near"], ROUTES, {**both, "cheap": ("other",), "other": ()}) == ["near"]
    assert indispensable(["far"], ROUTES, {}) == ["far"]
