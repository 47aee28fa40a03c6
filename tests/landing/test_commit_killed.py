"""A commit that dies anywhere shows whole generations only, and done again comes to the same."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from failing_store import Died, failing
from landing_rig import Rig, rows_of

from tasks.landing.commit import Commit
from tasks.landing.plan import read_manifest
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.landing.shard_records import ShardRecord
    from tasks.landing.starting import Start

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}
FAULTS = [
    {"kind": "server_error", "prompt": "Outline topic 3", "first": 2},
    {"kind": "bad_request", "prompt": "Outline topic 5"},
]
TABLES = ("outputs", "calls", "rejects", "deferred", "metrics", "model_metrics", "scores")
MOST_CHANGES = 40


@dataclass
class Produced:
    """A run worked and not committed; `rig.store` may be copied and committed as often as one likes."""

    rig: Rig
    begun: Start
    records: list[ShardRecord]

    def commit(self, store: Store) -> dict[str, Any]:
        redo = self.begun.redo
        redone = None if redo is None else frozenset().union(*redo.values())
        return Commit(store, self.begun.plan, self.records, redone, 0.5).run()

    def copy(self, name: str) -> Store:
        folder = Path(self.rig.store.url)
        return Store.open(str(shutil.copytree(folder, folder.parent / name)))


@pytest.fixture(params=["first generation", "second generation"])
def produced(request: pytest.FixtureRequest, rig: Callable[..., Rig], small_shards: None) -> Produced:
    night = rig(faults=FAULTS)
    requests = night.table(TOPICS, '{"request_id": "bad"}')
    if request.param == "second generation":
        night.night(requests)
    begun = night.begin(requests)
    assert begun.plan.generation == 1 + (request.param == "second generation")
    return Produced(night, begun, night.produce(begun))


def tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    return {table: rows_of(store, table) for table in TABLES}


def lasting(manifest: dict[str, Any] | None) -> dict[str, Any]:
    assert manifest is not None
    return {name: value for name, value in manifest.items() if name not in {"committed_at", "landed"}}


def test_a_commit_killed_after_any_of_its_steps_and_done_again_comes_to_the_same(produced: Produced) -> None:
    before = tables(produced.rig.store)
    whole = produced.copy("whole")
    manifest = produced.commit(whole)
    after, left = tables(whole), whole.list()
    for changes in range(MOST_CHANGES):
        store = produced.copy(f"killed-{changes}")
        try:
            produced.commit(failing(store, changes))
        except Died:
            seen = tables(store)
            assert all(seen[name] in (before[name], after[name]) for name in TABLES), (
                f"after {changes} changes"
            )
        else:
            assert changes > 10
            break
        if (read_manifest(store, "night") or {}).get("generation") == produced.begun.plan.generation:
            begun = Rig(store, produced.rig.url, produced.rig.folder).begin(
                str(produced.rig.folder / "requests.jsonl")
            )
            assert begun.way in {"done", "again"}
        else:
            produced.commit(store)
        assert tables(store) == after, f"after {changes} changes"
        assert lasting(read_manifest(store, "night")) == lasting(manifest)
        assert store.read("_runs/night.json") == store.read(f"_runs/night/g{manifest['generation']}.json")
        kept = [path for path in store.list() if "/redo.json" not in path]
        assert kept == left, "nothing stays behind"
    else:
        pytest.fail("a commit has more steps than this test tries")


def test_readers_polling_every_table_during_commits_never_see_half_a_run(
    rig: Callable[..., Rig], small_shards: None
) -> None:
    night = rig(faults=FAULTS)
    requests = night.table(TOPICS, '{"request_id": "bad"}')
    seen: dict[str, set[tuple[int, int]]] = {table: set() for table in TABLES}
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            for table, counts in seen.items():
                try:
                    rows = pd.read_parquet(f"{night.store.url}/{table}")
                except FileNotFoundError:
                    continue
                counts.add((len(rows), len(rows.drop_duplicates(subset=_key(table)))))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        night.night(requests)
        night.night(requests)
        for _ in range(8):
            night.night(requests, replace=True)
    finally:
        stop.set()
        reader.join()
    nothing_yet = (0, 0)
    assert seen["outputs"] - {nothing_yet} == {(8, 8)}
    assert seen["rejects"] - {nothing_yet} == {(1, 1)}
    assert seen["metrics"] - {nothing_yet} == {(1, 1)}
    assert all(rows == distinct for rows, distinct in seen["calls"])


def _key(table: str) -> list[str]:
    keys = {
        "calls": ["call_id"],
        "outputs": ["request_id"],
        "deferred": ["request_id"],
        "model_metrics": ["model"],
    }
    return keys.get(table, ["run"])
