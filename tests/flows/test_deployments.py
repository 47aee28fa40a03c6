"""The deployments as written: their entrypoints exist, their parameters fit, their forms explain every field."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from ruamel.yaml import YAML

FILE = Path(__file__).parents[2] / "deployments" / "prefect.yaml"
DEPLOYMENTS: list[dict[str, Any]] = YAML(typ="safe").load(FILE)["deployments"]
NIGHTS = ("first_night", "last_night")
EACH = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=[each["name"] for each in DEPLOYMENTS])


def flow_of(deployment: dict[str, Any]) -> Any:
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(import_module(module), name)


@EACH
def test_a_deployment_runs_the_flow_of_its_name_with_parameters_that_fit(deployment: dict[str, Any]):
    flow = flow_of(deployment)
    assert flow.name == deployment["name"]
    asked = {"nightly": {"requests": "r.csv", "recipe": "r"}, "backfill": dict.fromkeys(NIGHTS, "2026-01-31")}
    asked["compare"] = {"requests": "r.csv", "recipe": "r", "against": ["m"]}
    given = asked.get(flow.name, {})
    flow.validate_parameters({**given, **deployment.get("parameters", {})})


@EACH
def test_every_field_of_a_form_is_explained(deployment: dict[str, Any]):
    fields = parameter_schema(flow_of(deployment)).model_dump()["properties"]
    assert fields
    assert [name for name, field in fields.items() if not field.get("description")] == []
