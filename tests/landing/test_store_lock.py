"""The store's lock: one holder, whoever was killed with it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tasks.landing.store_lock import FOLDER, StoreBusy, store_lock
from tasks.storing.filesystem import Store
from tasks.storing.records import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Bucket


@pytest.fixture(params=["disk", "S3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "disk":
        return Store.open(str(tmp_path))
    bucket: Bucket = request.getfixturevalue("s3_bucket")
    bucket.set_environment(monkeypatch)
    return Store.open(bucket.url)


def test_a_second_process_waits_or_is_told(store: Store) -> None:
    busy = pytest.raises(StoreBusy, match="is being tidied by another process; try again later")
    with store_lock(store), busy:
        store_lock(store, wait_seconds=0.1).__enter__()
    with store_lock(store, wait_seconds=0):
        pass
    assert len(store.list(FOLDER)) == 1, "no trail of locks"


def test_many_threads_hold_it_one_at_a_time(store: Store) -> None:
    inside, most, errors = 0, 0, []

    def work() -> None:
        nonlocal inside, most
        try:
            for _ in range(3):
                with store_lock(store, wait_seconds=60):
                    inside += 1
                    most = max(most, inside)
                    time.sleep(0.01)
                    inside -= 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (most, errors) == (1, [])


def test_the_lock_of_a_killed_process_runs_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = store_lock(store)
    killed.__enter__()
    with pytest.raises(StoreBusy):
        store_lock(store, wait_seconds=0).__enter__()
    monkeypatch.setattr("tasks.landing.store_lock.EXPIRES_SECONDS", -1.0)
    with store_lock(store, wait_seconds=0):
        pass


def test_a_holder_that_was_held_up_for_too_long_stops_and_frees_nobody_elses(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.landing.store_lock.EXPIRES_SECONDS", -1.0)
    slow = store_lock(store)
    lease = slow.__enter__()
    with store_lock(store, wait_seconds=0):
        monkeypatch.setattr("tasks.landing.store_lock.HELD_SECONDS", -1.0)
        with pytest.raises(StoreBusy, match="held up"):
            lease.keep()
        taken = store.read(store.list(FOLDER)[-1])
        slow.__exit__(None, None, None)
        assert store.read(store.list(FOLDER)[-1]) == taken


def test_a_lease_in_use_is_renewed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.landing.store_lock.RENEW_SECONDS", 0.0)
    with store_lock(store) as lease:
        before = store.read(lease.path)
        time.sleep(0.01)
        lease.keep()
        assert store.read(lease.path) != before


def test_one_that_looked_long_ago_does_not_get_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It saw number 1 free; meanwhile 2 was taken, given back and swept away, and 3 is held."""
    write_json(store, f"{FOLDER}/000000000001.json", {"free": True})
    seen = store.list(FOLDER)
    with store_lock(store):
        pass
    with store_lock(store):
        listings = iter([seen])
        real = Store.list

        def first_stale(self: Store, folder: str = "") -> list[str]:
            return next(listings, None) or real(self, folder)

        monkeypatch.setattr(Store, "list", first_stale)
        write_json(store, seen[0], {"free": True})
        with pytest.raises(StoreBusy):
            store_lock(store, wait_seconds=0).__enter__()
