"""A process that finishes some calls, leaves others under way, says so, and waits to be killed.

Arguments: URL of a simulator whose model `slow` hangs, store, run, finished calls, hanging calls, upload or not.
"""

from __future__ import annotations

import asyncio
import sys
import time

from calling_rig import Rig, catalog_at

from tasks.calling.engine import Engine
from tasks.storing.filesystem import Store


def main(url: str, store: str, run: str, finished: int, hanging: int, upload: str) -> None:
    rig = Rig(Engine(), Store.open(store), catalog_at(url, {"m": {}, "slow": {}}))
    session = rig.open(run)
    for n in range(finished):
        session.get(f"hello {n}", row=session.row(f"r{n}"))
    for n in range(hanging):
        asyncio.run_coroutine_threadsafe(
            session.call(f"wait {n}", "slow", session.row(f"s{n}")), rig.engine.loop
        )
    while session.calls.counters.in_flight < hanging:
        time.sleep(0.01)
    if upload == "upload":
        session.upload()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
