"""Sorting a request table into shards, through a file and not through memory."""

from __future__ import annotations

import tempfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from landing_rig import row_groups

from tasks.landing.sorting import Sorted, read_shard, shard_of, sort_requests, store_requests
from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store
from tasks.storing.requests import Reject, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def numbered(count: int, text: str = "") -> list[Request]:
    return [Request(f"r{number}", number + 1, {"topic": f"{text}{number}"}) for number in range(count)]


def sorted_from(read: Iterable[Request | Reject], limit: int | None = None) -> Sorted:
    return sort_requests(read, wanted=lambda _: True, limit=limit, run="night")


@pytest.mark.parametrize("count", [1, 399, 400, 401, 2500])
def test_every_request_comes_back_once_from_the_shard_of_its_id(store: Store, count: int) -> None:
    table = sorted_from(numbered(count))
    store_requests(store, table, "_runs/r.parquet", "_runs/j.parquet")
    table.spool.unlink()
    back = [
        (shard, request)
        for shard in range(len(table.shard_rows))
        for request in read_shard(store, "_runs/r.parquet", shard, table.shard_rows)
    ]
    assert sorted((request.row, request.request_id, request.values["topic"]) for _, request in back) == [
        (each.row, each.request_id, each.values["topic"]) for each in numbered(count)
    ]
    assert all(shard == shard_of(request.request_id, len(table.shard_rows)) for shard, request in back)


def test_a_shard_is_one_row_group_in_the_tables_order(store: Store, small_shards: None) -> None:
    table = sorted_from(numbered(2200))
    store_requests(store, table, "_runs/r.parquet", "_runs/j.parquet")
    table.spool.unlink()
    assert 0 in table.shard_rows, "an empty shard must not shift the others"
    assert row_groups(store, "_runs/r.parquet") == [rows for rows in table.shard_rows if rows]
    for shard in range(0, len(table.shard_rows), 50):
        rows = [each.row for each in read_shard(store, "_runs/r.parquet", shard, table.shard_rows)]
        assert rows == sorted(rows)


def test_shards_have_about_four_hundred_rows() -> None:
    table = sorted_from(numbered(20_000))
    table.spool.unlink()
    assert len(table.shard_rows) == 50
    assert min(table.shard_rows) > 300
    assert max(table.shard_rows) < 500


def test_no_requests_are_no_rows_in_one_empty_shard(store: Store) -> None:
    table = sorted_from([])
    store_requests(store, table, "_runs/r.parquet", "_runs/j.parquet")
    table.spool.unlink()
    assert table.shard_rows == [0]
    assert read_shard(store, "_runs/r.parquet", 0, table.shard_rows) == []


def test_memory_holds_a_batch_and_not_the_table(store: Store) -> None:
    def large() -> Iterator[Request]:
        for number in range(20_000):
            yield Request(f"r{number}", number, {"topic": "x" * 2000 + str(number)})

    tracemalloc.start()
    table = sorted_from(large())
    store_requests(store, table, "_runs/r.parquet", "_runs/j.parquet")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    table.spool.unlink()
    assert peak < 12 << 20


def test_the_fingerprint_follows_values_ids_order_and_rejects() -> None:
    def fingerprint(*read: Request | Reject) -> str:
        table = sorted_from(read)
        table.spool.unlink()
        return table.fingerprint

    one, two = Request("a", 1, {"x": 1, "y": 2}), Request("b", 2, {"x": 1})
    bad = Reject(3, None, "missing value", "{}")
    assert fingerprint(one, two) == fingerprint(Request("a", 1, {"y": 2, "x": 1}), two)
    others = [
        fingerprint(two, one), fingerprint(one), fingerprint(one, two, bad),
        fingerprint(one, Request("c", 2, {"x": 1})), fingerprint(one, Request("b", 2, {"x": 2})),
    ]  # fmt: skip
    assert len({fingerprint(one, two), *others}) == 6


def test_the_limit_counts_wanted_requests_and_stops_reading() -> None:
    read: list[int] = []

    def reading() -> Iterator[Request | Reject]:
        for each in numbered(100):
            read.append(each.row)
            yield each

    table = sort_requests(reading(), wanted=lambda each: each.row % 2 == 0, limit=5, run="night")
    table.spool.unlink()
    assert (table.rows, table.unchanged, read[-1]) == (5, 5, 10)


def test_a_table_that_cannot_be_read_to_its_end_leaves_no_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[Request]:
        yield from numbered(3)
        raise UserError("the file ends in the middle")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UserError):
        sorted_from(broken())
    assert list(tmp_path.iterdir()) == []
