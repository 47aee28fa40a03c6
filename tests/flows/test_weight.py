"""A night of ten thousand requests stays light for the Prefect server: a task run per shard, not per call."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from test_recorded import ask, within

from tasks.landing.sorting import ROWS_PER_SHARD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flow_rig import FlowRig

    from deployments.cli.prefect_server import Server

ROWS = 10_000
ONE_STEP = """
recipe: short
request: {topic: {type: str}}
make: {ask: {model: one, max_tokens: 20, prompt: "Name {{ request.topic }}"}}
"""


def database_bytes(home: Path) -> int:
    with sqlite3.connect(f"file:{home / 'prefect.db'}?mode=ro", uri=True) as database:
        pages, size = (
            database.execute(f"pragma {what}").fetchone()[0] for what in ("page_count", "page_size")
        )
    return int(pages * size)


def test_ten_thousand_rows_leave_little_with_the_server(
    rig: Callable[..., FlowRig], prefect_server: Server, prefect_api: str
):
    night = rig()
    (night.folder / "short.yaml").write_text(ONE_STEP)
    night.table({f"r{number}": f"topic {number}" for number in range(ROWS)})
    before = database_bytes(prefect_server.home)
    state = night.night()
    assert state.is_completed(), state.message
    assert night.sent == ROWS
    mine = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}

    def recorded() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ask(prefect_api, "task_runs/filter", **mine)
        return found

    shards = -(-ROWS // ROWS_PER_SHARD)
    runs = within(60, recorded, lambda found: len(found) == shards and all(run["end_time"] for run in found))
    assert len(runs) == shards
    related = {"id": [f"prefect.flow-run.{state.state_details.flow_run_id}"]}
    events = ask(prefect_api, "events/filter", filter={"any_resource": related}, limit=50)["total"]
    assert events <= 3 * shards + 60, "three for a task run, a few for the flow run and its artifacts"
    grown = database_bytes(prefect_server.home) - before
    print(f"{ROWS} rows: {shards} task runs, {events} events, {grown:,} bytes of database")
    assert grown < 6_000_000
