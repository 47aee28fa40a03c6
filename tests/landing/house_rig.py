"""Many small runs of one night, and a house that is kept at a later time."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from landing_rig import Rig, rows_of

from tasks.landing.housekeeping import House, Upkeep
from tasks.landing.joinable import TABLES_OF_RUN
from tasks.landing.plan import read_manifest
from tasks.storing.filesystem import Store
from tasks.storing.parts import described

if TYPE_CHECKING:
    from tasks.landing.housekeeping import Tidied


def singles(night: Rig, count: int, **changes: Any) -> list[str]:
    """Runs of one request each; their names."""
    names = [f"pipeline-{number}" for number in range(count)]
    for number, name in enumerate(names):
        night.night(table(night, number), run=name, **changes)
    forget_journals(night)
    return names


def forget_journals(night: Rig) -> None:
    """As after a commit of the flow: what is landed is no longer on this machine's disk."""
    shutil.rmtree(night.folder / "state")


def table(night: Rig, number: int) -> str:
    return night.table({f"r{number}": f"topic {number}"})


def house(store: Store, *, days: float = 10, **upkeep: Any) -> House:
    """The house of a store as it is some days from now."""
    return House(store, Upkeep(**upkeep), datetime.now(UTC) + timedelta(days=days))


def tidied(store: Store, *, days: float = 10, **upkeep: Any) -> dict[str, Tidied]:
    return {each.what: each for each in house(store, days=days, **upkeep).tidy()}


def copied(store: Store, name: str) -> Store:
    folder = Path(store.url)
    return Store.open(str(shutil.copytree(folder, folder.parent / name)))


def sorted_rows(store: Store) -> dict[str, list[Any]]:
    """Every row of every table, in an order of its own."""
    return {name: sorted(rows_of(store, name), key=str) for name in TABLES_OF_RUN}


def check_manifests(store: Store) -> None:
    """Every part that a manifest or a record of joined parts names is there, as named; no other part is."""
    named: dict[str, dict[str, Any]] = {}
    shared_rows: dict[str, int] = {}
    for path in store.list("_runs"):
        if path.count("/") > 1:
            continue
        manifest = read_manifest(store, path.removeprefix("_runs/").removesuffix(".json"))
        assert manifest is not None
        for parts in manifest["parts"].values():
            for part in parts:
                if "joined" in part:
                    shared_rows[part["path"]] = shared_rows.get(part["path"], 0) + part["rows"]
                else:
                    named[part["path"]] = part
    for path in store.list("_housekeeping/joined"):
        for part in orjson.loads(store.read(path))["parts"].values():
            named[part["path"]] = part
            assert shared_rows.pop(part["path"], 0) == part["rows"]
    assert not shared_rows
    there = [path for name in TABLES_OF_RUN for path in store.list(name)]
    assert sorted(named) == sorted(there)
    for path in there:
        part = described(store, path)
        assert named[path] == {
            "path": path, "rows": part.rows, "size_bytes": part.size_bytes, "sha256": part.sha256,
        }  # fmt: skip
