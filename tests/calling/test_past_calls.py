"""The store's memory of calls: found where they stand, found again where they went, and never an error."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from calling_rig import Rig

from tasks.calling.kept_groups import KeptGroups
from tasks.calling.key_files import KEYS_FOLDER
from tasks.calling.past_calls import OPEN_FOLDER, PastCalls
from tasks.landing.landed_calls import Landing
from tasks.storing.errors import RowDeferred
from tasks.storing.filesystem import Store
from tasks.storing.parts import write_part
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bucket

    from deployments.simulator.running import RunningSimulator
    from tasks.calling.engine import Engine

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]

DAY = 86400.0


def key_of(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def put_open(store: Store, path: str, names: list[str], text: str = "text") -> None:
    rows = [
        {
            "call_id": name, "key": key_of(name).hex(), "status": "ok", "finish_reason": "stop", "response": text,
            "cached": False, "simulated": False, "finished_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for name in names
    ]  # fmt: skip
    write_part(store, path, CALLS, rows, row_group_rows=3)


def land(rig: Rig, run: str) -> None:
    """What a commit does to a run's calls."""
    landing = Landing(rig.store, run, date(2026, 1, 1), 1, [])
    landing.land()
    rig.store.delete(landing.sources)


def test_an_answer_whose_part_was_landed_meanwhile_is_found_again(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    first = rig.open("monday")
    for n in range(3):
        first.get(f"hello {n}")
    first.upload()
    later = rig.open("tuesday")
    land(rig, "monday")
    found = later.get_all(later.call(f"hello {n}", ttl_seconds=DAY) for n in range(3))
    assert [each.cached for each in found] == [True] * 3
    assert simulator.stats()["calls"] == 3


def test_in_a_bucket_an_answer_is_found_before_and_after_its_part_was_landed(
    simulate: Simulate, make_rig: MakeRig, s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3_bucket.set_environment(monkeypatch)
    simulator = simulate()
    rig = make_rig(simulator.url)
    rig.store = Store.open(s3_bucket.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    early, late = rig.open("tuesday"), rig.open("wednesday")
    assert early.get("hello", ttl_seconds=DAY).cached
    land(rig, "monday")
    assert late.get("hello", ttl_seconds=DAY).cached
    assert simulator.stats()["calls"] == 1


def test_an_answer_whose_part_is_gone_for_good_is_a_miss(simulate: Simulate, make_rig: MakeRig) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    later = rig.open("tuesday")
    rig.store.delete(rig.store.list(OPEN_FOLDER))
    assert later.get("hello", ttl_seconds=DAY).cached is False
    assert simulator.stats()["calls"] == 2


@pytest.mark.parametrize("left", [b"", b"not parquet at all"])
def test_a_part_that_is_broken_is_a_miss(simulate: Simulate, make_rig: MakeRig, left: bytes) -> None:
    rig = make_rig(simulate().url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    later = rig.open("tuesday")
    (path,) = rig.store.list(OPEN_FOLDER)
    rig.store.write(path, left)
    assert later.get("hello", ttl_seconds=DAY).cached is False


def test_a_part_with_fewer_row_groups_than_when_it_was_indexed_is_a_miss(
    tmp_path: Path, engine: Engine
) -> None:
    store = Store.open(str(tmp_path))
    path = f"{OPEN_FOLDER}/r/w-0.parquet"
    put_open(store, path, [f"c{n}" for n in range(9)])
    past = PastCalls(store)
    past.refresh()
    put_open(store, path, ["c0"])
    (place,) = past.places(key_of("c8"))
    assert place.row_group == 2
    assert engine.wait(past.rows(place, key_of("c8").hex())) is None


def test_a_store_that_cannot_be_read_defers_the_row_and_is_asked_again_later(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    """Asking the model instead might pay for the same answer twice."""
    simulator = simulate()
    rig = make_rig(simulator.url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    later = rig.open("tuesday")
    (path,) = rig.store.list(OPEN_FOLDER)
    part = rig.store.files._at(path)  # type: ignore[attr-defined]
    kept = part.read_bytes()
    part.unlink()
    part.symlink_to(part.name)  # reading it is an OSError that is not FileNotFoundError
    error = later.error("hello", ttl_seconds=DAY)
    assert isinstance(error, RowDeferred)
    assert "the ledger cannot be read" in str(error)
    part.unlink()
    part.write_bytes(kept)
    assert later.get("hello", ttl_seconds=DAY).cached
    assert simulator.stats()["calls"] == 1


def test_row_groups_are_read_once_and_forgotten_when_they_take_too_much_room(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.calling.kept_groups.KEPT_BYTES", 50_000)
    store = Store.open(str(tmp_path))
    path = f"{OPEN_FOLDER}/r/w-0.parquet"
    put_open(store, path, [f"c{n}" for n in range(30)], text="x" * 5_000)
    groups = KeptGroups(store)

    async def read(number: int) -> list[dict[str, object]] | None:
        return await groups.rows(path, number, key_of(f"c{3 * number}").hex())

    for number in [*range(10), 0, 9]:
        rows = engine.wait(read(number))
        assert rows is not None
        assert [row["call_id"] for row in rows] == [f"c{3 * number}"]
    assert 15_000 <= groups._kept_bytes <= 50_000
    assert groups._kept_bytes == sum(group.size_bytes for group in groups._kept.values())
    store.delete([path])
    assert engine.wait(read(9)), "kept, so it needs no store"


def test_a_landed_run_is_known_from_its_key_file_alone(simulate: Simulate, make_rig: MakeRig) -> None:
    rig = make_rig(simulate().url)
    rig.open("monday").get("hello")
    rig.sessions[0].upload()
    land(rig, "monday")
    past = PastCalls(rig.store)
    past.refresh()
    assert len(past) == 1
    assert [part.path.split("/")[0] for part in past.parts] == ["calls"]


def test_calls_indexed_by_several_threads_at_once_are_all_there(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    past, together = PastCalls(store), Barrier(4)

    def work(thread: int) -> None:
        together.wait()
        for n in range(25):
            name = f"{thread}-{n}"
            path = f"{OPEN_FOLDER}/r{thread}/w-{n}.parquet"
            put_open(store, path, [name])
            table = pq.read_table(
                tmp_path / path, columns=["key", "status", "error_kind", "cached", "finished_at"]
            )
            past.add(path, f"r{thread}", table, np.zeros(1, dtype=np.int32))
            past.refresh(older_than=0)

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for thread in range(4):
        for n in range(25):
            places = past.places(key_of(f"{thread}-{n}"))
            paths = {past.parts[place.part].path for place in places}
            assert paths == {f"{OPEN_FOLDER}/r{thread}/w-{n}.parquet"}


def test_an_empty_key_file_is_read_once(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    path = f"{KEYS_FOLDER}/quiet-g1.parquet"
    empty = pa.table({"key": pa.array([], pa.binary(32)), "row_group": pa.array([], pa.int32()),
                      "finished_at": pa.array([], pa.timestamp("us", tz="UTC"))})  # fmt: skip
    (tmp_path / KEYS_FOLDER).mkdir(parents=True)
    pq.write_table(empty.replace_schema_metadata({"part": "calls/x", "run": "quiet"}), tmp_path / path)
    past = PastCalls(store)
    past.refresh(older_than=0)
    store.write(path, b"would fail if it were read again")
    past.refresh(older_than=0)
    assert len(past) == 0
