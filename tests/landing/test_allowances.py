"""A budget dealt out to shards is never more than the budget, and what one leaves is there for the next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tasks.landing.allowances import Allowances


@given(
    budget=some.floats(0, 1000),
    spent=some.floats(0, 1000),
    shards=some.lists(some.tuples(some.integers(1, 500), some.floats(0, 1)), min_size=1, max_size=20),
)
def test_what_is_given_and_spent_never_exceeds_the_budget(
    budget: float, spent: float, shards: list[tuple[int, float]]
) -> None:
    allowances = Allowances(budget, spent, sum(rows for rows, _ in shards))
    total = 0.0
    for rows, share in shards:
        allowance = allowances.give(rows)
        assert allowance is not None
        assert allowance >= 0
        allowances.take_back(allowance, allowance * share)
        total += allowance * share
    assert total <= max(0.0, budget - spent) + 1e-6


def test_shards_at_work_together_hold_no_more_than_the_budget() -> None:
    allowances = Allowances(10.0, 1.0, 300)
    assert [allowances.give(100) for _ in range(3)] == pytest.approx([3.0, 3.0, 3.0])


def test_the_last_shard_gets_what_the_others_left() -> None:
    allowances = Allowances(10.0, 0.0, 200)
    first = allowances.give(100)
    allowances.take_back(first, 1.0)
    assert allowances.give(100) == pytest.approx(9.0)


def test_a_shard_that_cost_more_than_it_got_leaves_the_others_less() -> None:
    allowances = Allowances(10.0, 0.0, 200)
    allowances.take_back(allowances.give(100), 7.0)
    assert allowances.give(100) == pytest.approx(3.0)


def test_a_budget_already_overspent_gives_nothing() -> None:
    assert Allowances(10.0, 12.0, 100).give(100) == 0.0


def test_no_budget_is_no_limit() -> None:
    allowances = Allowances(None, 5.0, 100)
    assert allowances.give(100) is None
    allowances.take_back(None, 3.0)
    assert allowances.give(100) is None


def test_among_many_shards_the_first_get_enough_to_make_rows_of() -> None:
    allowances = Allowances(6.0, 0.0, 1000)
    assert allowances.give(1) == pytest.approx(1.0)
    assert allowances.give(1) == pytest.approx(5 / 6)


def test_once_all_rows_have_their_share_the_rest_is_given_whole() -> None:
    assert Allowances(6.0, 1.0, 0).give(100) == pytest.approx(5.0)
