"""`nightpress up` killed and started again: what people have set stays, and nothing of the first one goes on."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.up_rig import Up, left_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.up
CRON = {"schedule": {"cron": "30 1 * * *", "timezone": "Europe/Berlin"}, "active": True}


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Up]]:
    """Every `up` that a test has started; the last one is stopped in the end."""
    ups: list[Up] = []
    yield ups
    for each in ups:
        each.stop()


def up_in(folder: Path, ups: list[Up], *options: str) -> Up:
    ups.append(Up(folder, *options))
    ups[-1].wait()
    return ups[-1]


def change(up: Up, deployment: str, **changes: Any) -> None:
    found = up.deployments()[deployment]
    httpx.patch(f"{up.url}/deployments/{found['id']}", json=changes, timeout=20).raise_for_status()


def schedules(up: Up, deployment: str) -> list[tuple[str, str, bool]]:
    found = up.deployments()[deployment]["schedules"]
    return sorted((each["schedule"]["cron"], each["schedule"]["timezone"], each["active"]) for each in found)


def test_what_people_set_stays_and_a_killed_up_leaves_nothing_running(tmp_path: Path, started: list[Up]):
    first = up_in(tmp_path, started)
    for deployment in ("nightly", "technical-blog"):
        found = first.deployments()[deployment]["id"]
        httpx.post(f"{first.url}/deployments/{found}/schedules", json=[CRON]).raise_for_status()
    kept = {"requests": "mine/{run_date}.csv", "recipe": "fact-check", "budget": 7.5}
    change(first, "nightly", parameters=kept)
    (tmp_path / "topics.csv").write_text("topic\n" + "".join(f"topic {each}\n" for each in range(400)))
    night = first.start(
        "nightly", requests=str(tmp_path / "topics.csv"), recipe="technical-blog", concurrency=1
    )
    while first.flow_run(night)["state_type"] != "RUNNING":
        time.sleep(0.3)
    running = flow_runs_of(first)
    assert running
    first.process.send_signal(signal.SIGKILL)
    first.process.wait()
    until = time.monotonic() + 20
    while (left_of(first) or any(there(pid) for pid in running)) and time.monotonic() < until:
        time.sleep(0.3)
    assert left_of(first) == b""
    assert [pid for pid in running if there(pid)] == []

    second = up_in(tmp_path, started)
    assert second.deployments()["nightly"]["parameters"] == kept
    assert ("30 1 * * *", "Europe/Berlin", True) in schedules(second, "nightly")
    assert ("0 2 * * *", "Etc/UTC", False) in schedules(second, "nightly")
    assert schedules(second, "technical-blog") == [("30 1 * * *", "Europe/Berlin", True)]
    other = second.run("up", "--port", "1", "--store", "elsewhere")
    assert other.returncode == 0
    assert f"up already at {second.address}" in other.stdout
    assert "does not apply" in other.stdout


def test_a_recipe_published_elsewhere_leaves_the_forms_as_they_are(tmp_path: Path, started: list[Up]):
    up = up_in(tmp_path, started)
    (tmp_path / "mine.yaml").write_text(
        'recipe: mine\nmake: {pipeline: [{name: line, ask: {model: claude, prompt: "Hello"}}]}\n'
    )
    before = set(up.deployments())
    done = up.run("recipes", "publish", "mine.yaml", "--store", str(tmp_path / "other"))
    assert done.returncode == 0
    assert f"use another store, {tmp_path / 'nightpress-store'}" in done.stdout.replace("\n", " ")
    assert set(up.deployments()) == before


def flow_runs_of(up: Up) -> list[int]:
    """Processes that work flow runs of this `up`."""
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            command, environment = ((process / name).read_bytes() for name in ("cmdline", "environ"))
            if b"prefect.engine" in command and str(up.folder).encode() in environment:
                found.append(int(process.name))
    return found


def there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
