from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasks.storing.errors import NightpressError
from tasks.storing.filesystem import Store
from tasks.storing.records import read_json, write_json, write_json_new


@pytest.fixture
def store(tmp_path):
    return Store.open(str(tmp_path))


def test_a_record_comes_back_in_its_order(store):
    record = {"z": 1, "a": {"é": [1.5, None, True]}, "usd": 0.1}
    write_json(store, "_runs/n.json", record)
    assert read_json(store, "_runs/n.json") == record
    assert list(read_json(store, "_runs/n.json")) == ["z", "a", "usd"]


def test_times_are_utc_text(store):
    write_json(store, "r.json", {"at": datetime(2026, 1, 31, tzinfo=UTC)})
    assert read_json(store, "r.json") == {"at": "2026-01-31T00:00:00Z"}


def test_an_absent_record_is_none(store):
    assert read_json(store, "_runs/none.json") is None


@pytest.mark.parametrize("data", [b"", b'{"a": 1', b"\xff", b"[1]", b"null"])
def test_a_torn_record_is_named(store, data):
    store.write("_runs/n.json", data)
    with pytest.raises(NightpressError, match=r"_runs/n\.json is not"):
        read_json(store, "_runs/n.json")


def test_a_new_record_never_replaces(store):
    assert write_json_new(store, "_runs/n/g1.json", {"g": 1}) is True
    assert write_json_new(store, "_runs/n/g1.json", {"g": 2}) is False
    assert read_json(store, "_runs/n/g1.json") == {"g": 1}


def test_what_json_cannot_hold_writes_nothing(store):
    with pytest.raises(TypeError):
        write_json(store, "r.json", {"a": object()})
    assert store.list() == []
