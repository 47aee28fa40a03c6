"""`compose.yaml` for real: PostgreSQL, Redis, SeaweedFS, two API processes, the services, a worker, a single request."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd
import pytest
from native_compose import NativeCompose, missing_programs, stack_log

from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(
        bool(missing_programs()), reason="deployments/services.sh install brings what is missing"
    ),
]
WAIT_SECONDS = 90.0
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
MODELS = """
providers:
  sim: {{api: openai, base_url: "{0.openai_url}", api_key: {{env: OPENAI_API_KEY}}}}
models:
  claude: {{provider: sim, id: one, price: {{input: 1, output: 2}}}}
  gpt-4: {{provider: sim, id: two, price: {{input: 1, output: 2}}}}
"""


class Stack(NativeCompose):
    """The stack with its simulator, and a client of its API."""

    def api(self, method: str, path: str, **more: Any) -> Any:
        user, _, password = self.variables["PREFECT_AUTH"].partition(":")
        answer = httpx.request(method, f"{self.url}/{path}", auth=(user, password), timeout=20, **more)
        return answer.raise_for_status().json() if answer.content else None

    def storage_options(self) -> dict[str, str]:
        environment = self.environment("worker")
        return {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "key": environment["AWS_ACCESS_KEY_ID"],
            "secret": environment["AWS_SECRET_ACCESS_KEY"],
        }


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("stack")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)  # PostgreSQL is another user
    with RunningSimulator(SimulatorConfig(words=30)) as simulator:
        (folder / "models.yaml").write_text(MODELS.format(simulator))
        started = Stack(folder, {"OPENAI_API_KEY": "simulated"})
        try:
            started.up()
            yield started
        finally:
            started.down()


def eventually(found: Callable[[], Any], stack: Stack) -> Any:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if result := found():
            return result
        time.sleep(0.5)
    raise AssertionError(stack_log(stack))


def deployment(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stack.api("GET", f"deployments/name/{name}/{name}")
    return found


def test_a_single_request_goes_through_all_of_it(stack: Stack):
    made = stack.api(
        "POST",
        f"deployments/{deployment(stack, 'pipeline')['id']}/create_flow_run",
        json={"parameters": {"prompt": "Write about tidal power", "writers": ["claude", "gpt-4"]}},
    )

    def ended() -> Any:
        run = stack.api("GET", f"flow_runs/{made['id']}")
        return run if run["state_type"] in ENDED else None

    run = eventually(ended, stack)
    assert run["state_type"] == "COMPLETED", run["state"]["message"] + stack_log(stack)

    outputs = pd.read_parquet("s3://nightpress/content/outputs", storage_options=stack.storage_options())
    assert list(outputs["status"]) == ["made"]
    assert list(outputs["calls"]) == [2]

    # Task runs reach the database only as events: from the worker to an API process, through Redis, to `services`.
    def recorded() -> Any:
        runs = stack.api("POST", "task_runs/filter", json={"flow_runs": {"id": {"any_": [made["id"]]}}})
        return [each for each in runs if each["state_type"] == "COMPLETED"]

    def both_recorded() -> bool:
        return len(recorded()) == 2

    eventually(both_recorded, stack)


def test_schedules_are_kept_by_the_services(stack: Stack):
    nightly = deployment(stack, "nightly")
    schedule = nightly["schedules"][0]
    path = f"deployments/{nightly['id']}/schedules/{schedule['id']}"
    stack.api("PATCH", path, json={"active": True})
    wanted = {
        "deployments": {"id": {"any_": [nightly["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    planned = eventually(lambda: stack.api("POST", "flow_runs/filter", json=wanted), stack)
    stack.api("PATCH", path, json={"active": False})
    assert {each["parameters"]["recipe"] for each in planned} == {"technical-blog"}
    for process in ("server", "services", "worker"):
        assert "ERROR" not in stack.log(process)
        assert "Unknown task" not in stack.log(process), "each docket runs only what it knows"


def test_the_api_answers_nobody_without_the_password(stack: Stack):
    assert httpx.post(f"{stack.url}/deployments/filter", json={}).status_code == 401
    assert httpx.post(f"{stack.url}/deployments/filter", json={}, auth=("admin", "x")).status_code == 401
    assert httpx.get(f"{stack.url}/health").status_code == 200


def test_the_ui_is_served_although_the_image_is_read_only(stack: Stack):
    page = httpx.get(stack.url.removesuffix("/api"), headers={"accept": "text/html"}, follow_redirects=True)
    assert (page.status_code, "<html" in page.text) == (200, True)
    copied = Path(stack.environment("server")["PREFECT_SERVER_UI_STATIC_DIRECTORY"])
    assert copied.is_relative_to(stack.folder)
    assert any(copied.rglob("index.html"))
