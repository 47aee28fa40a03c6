"""A joined run that is started again: done where nothing is left to do, and made anew without touching the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from house_rig import check_manifests, singles, table, tidied
from landing_rig import NIGHT

from tasks.landing.plan import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from deployments.simulator.running import RunningSimulator


def test_the_same_command_finds_a_joined_run_done(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    before = night.store.list()
    assert night.begin(table(night, 1), run="pipeline-1").way == "done"
    assert night.store.list() == before
    night.store.delete(night.store.list("outputs"))
    assert night.begin(table(night, 1), run="pipeline-1").way == "done", (
        "its rows, which may just move, are not read"
    )


def test_a_joined_run_made_anew_replaces_its_own_rows_and_nobody_elses(
    rig: Callable[..., Rig], simulate: Callable[..., RunningSimulator]
) -> None:
    simulator = simulate()
    night = rig(simulator)
    singles(night, 3)
    others = [row for row in night.rows("outputs") if row["run"] != "pipeline-1"]
    calls = sorted(row["call_id"] for row in night.rows("calls"))
    tidied(night.store)
    sent = simulator.stats()["calls"]
    manifest = night.night(table(night, 1), run="pipeline-1", replace=True)
    outputs = night.rows("outputs")
    assert sorted(row["run"] for row in outputs) == ["pipeline-0", "pipeline-1", "pipeline-2"]
    assert [row for row in outputs if row["run"] != "pipeline-1"] == others
    assert sorted(row["call_id"] for row in night.rows("calls")) == calls, "its own calls, in the joined part"
    assert simulator.stats()["calls"] == sent
    assert (manifest["generation"], manifest["calls"]["sent"], manifest["rows"]["made"]) == (2, 2, 1)
    check_manifests(night.store)
    assert len(night.store.list("outputs")) == 2


def test_made_anew_with_another_table_it_has_the_new_rows_only(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    night.night(night.table({"x": "topic x", "y": "topic y"}), run="pipeline-1", replace=True)
    assert sorted(row["request_id"] for row in night.rows("outputs")) == ["r0", "r2", "x", "y"]
    assert [row["run"] for row in night.rows("metrics")].count("pipeline-1") == 1
    check_manifests(night.store)


def test_made_anew_on_another_date_it_leaves_the_first(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    night.night(table(night, 1), run="pipeline-1", replace=True, run_date=NIGHT.replace(day=1))
    paths = [path for path in night.store.list("outputs") if "pipeline-1" in path]
    assert paths == ["outputs/run_date=2026-01-01/pipeline-1-1.parquet"]
    assert len(night.rows("outputs")) == 3
    check_manifests(night.store)


def test_every_run_of_a_join_can_be_made_anew_one_after_the_other_and_again(rig: Callable[..., Rig]) -> None:
    night = rig()
    names = singles(night, 3)
    tidied(night.store)
    for _ in range(2):
        for number, name in enumerate(names):
            night.night(table(night, number), run=name, replace=True)
            assert sorted(row["run"] for row in night.rows("outputs")) == names
    check_manifests(night.store)
    told = tidied(night.store)
    assert told["outputs"].before.files == 0, "its calls are in a joined part: it is not joined a second time"


def test_a_start_that_was_killed_after_its_plan_is_gone_on_with(rig: Callable[..., Rig]) -> None:
    night = rig()
    singles(night, 3)
    tidied(night.store)
    requests = table(night, 1)
    night.begin(requests, run="pipeline-1", replace=True)
    begun = night.begin(requests, run="pipeline-1")
    assert begun.way == "resume"
    night.commit(begun, night.produce(begun))
    assert sorted(row["request_id"] for row in night.rows("outputs")) == ["r0", "r1", "r2"]
    check_manifests(night.store)


@pytest.mark.parametrize("number", [0, 2])
def test_a_redone_run_that_had_been_joined_and_failed_anew_is_redone(
    rig: Callable[..., Rig], number: int
) -> None:
    """Replaced by a table of which a row fails for a passing reason: the next generation carries the other rows."""
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic x", "first": 2}])
    singles(night, 3)
    tidied(night.store)
    requests = night.table({"x": "topic x", "y": "topic y"})
    first = night.night(requests, run=f"pipeline-{number}", replace=True)
    assert first["rows"]["retryable"] == 1
    second = night.night(requests, run=f"pipeline-{number}")
    assert (second["generation"], second["rows"]["made"]) == (3, 2)
    assert len(night.rows("outputs")) == 4
    check_manifests(night.store)
    assert read_manifest(night.store, f"pipeline-{number}") == second
