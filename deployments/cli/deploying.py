"""The deployments of `deployments/prefect.yaml` in Prefect: made where they are missing, brought up to date where not.

What people set on a deployment stays: its parameters, its schedules, its limits, its pool. `prefect deploy` would put all
of that back to what the file says.
"""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.utilities.callables import parameter_schema
from ruamel.yaml import YAML

from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

PROJECT = Path(str(files("deployments"))) / "prefect.yaml"
PAGE = 200


def deploy() -> None:
    """Make what is missing, and bring descriptions and entrypoints of the rest up to date; forms are `keep_forms`'s."""
    written: list[dict[str, Any]] = YAML(typ="safe").load(PROJECT)["deployments"]
    with get_client(sync_client=True) as client:
        known = {(kind_of(each), each.name): each for each in deployments(client)}
        missing = []
        for each in written:
            deployment = known.get((each["entrypoint"].rpartition(".")[2], each["name"]))
            if deployment is None:
                missing.append(each["name"])
            else:
                _bring_up_to_date(client, deployment, each)
    if missing:
        _make(missing)


def deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """All that the server has."""
    return paged(lambda offset: client.read_deployments(limit=PAGE, offset=offset))


def kind_of(deployment: DeploymentResponse) -> str:
    """The flow that a deployment runs, by its entrypoint; '' for one that is none of Nightpress's."""
    entrypoint = deployment.entrypoint or ""
    return entrypoint.rpartition(".")[2] if entrypoint.startswith("flows.") else ""


def paged(read: Callable[[int], list[Any]]) -> list[Any]:
    """All of a listing that comes in pages of `PAGE`."""
    found: list[Any] = []
    while len(page := read(len(found))) == PAGE:
        found += page
    return found + page


def schema_of(entrypoint: str) -> dict[str, Any]:
    """The form of a flow as Prefect makes it."""
    module, _, name = entrypoint.rpartition(".")
    return parameter_schema(getattr(import_module(module), name)).model_dump()


def _bring_up_to_date(
    client: SyncPrefectClient, deployment: DeploymentResponse, written: dict[str, Any]
) -> None:
    changed = DeploymentUpdate(description=written["description"], entrypoint=written["entrypoint"])
    client.update_deployment(deployment.id, changed)


def _make(names: list[str]) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--prefect-file", str(PROJECT)]
    chosen = [part for name in names for part in ("--name", name)]
    done = subprocess.run([*command, *chosen], check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise NightpressError("`prefect deploy` failed")
