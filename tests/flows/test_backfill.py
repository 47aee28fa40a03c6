"""What is wrong with a backfill is one line for the person who asked for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prefect import get_client
from prefect.utilities.callables import parameter_schema

from flows.backfill import backfill
from flows.nightly import nightly
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

NIGHT = {"first_night": "2026-01-31", "last_night": "2026-01-31"}
SECONDS = 60


@pytest.fixture
def deployment(rig: Callable[..., FlowRig]) -> str:
    """A deployment of `nightly` whose parameters the server checks, as flow/deployment."""
    parameters = rig().parameters()
    name = f"checked-{uuid4().hex}"
    with get_client(sync_client=True) as client:
        client.create_deployment(
            client.create_flow_from_name("nightly"),
            name,
            parameters=parameters,
            enforce_parameter_schema=True,
            parameter_openapi_schema=parameter_schema(nightly).model_dump_for_openapi(),
        )
    return f"nightly/{name}"


def mistake(**given: Any) -> str:
    return asyncio.run(_mistake(**given))


async def _mistake(**given: Any) -> str:
    asked: Any = backfill(**{**NIGHT, **given}, return_state=True)
    state: Any = await asyncio.wait_for(
        asked, SECONDS
    )  # what is not refused waits for a worker, and none is there  # type: ignore[call-overload]
    assert state.is_failed()
    error = await state.aresult(raise_on_failure=False)
    assert isinstance(error, UserError)
    assert len(str(error).splitlines()) == 1
    return str(error)


@pytest.mark.parametrize(("parameters", "said"), [({"budget": "lots"}, "budget"), ({"only": "some"}, "only")])
def test_parameters_that_the_server_refuses_are_told_with_its_reason(
    deployment: str, parameters: dict[str, Any], said: str
) -> None:
    told = mistake(deployment=deployment, parameters=parameters)
    assert told.startswith("parameters: ")
    assert said in told


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nightly", "'nightly' is not flow/deployment"),
        ("nightly/", "'nightly/' is not flow/deployment"),
        ("a/b/c", "'a/b/c' is not flow/deployment"),
        ("nightly/nowhere", "there is no deployment 'nightly/nowhere'"),
    ],
)
def test_a_deployment_that_is_none_is_named(rig: Callable[..., FlowRig], name: str, said: str) -> None:
    rig()
    assert said in mistake(deployment=name)


def test_nights_in_the_wrong_order_are_refused(rig: Callable[..., FlowRig]) -> None:
    rig()
    assert "the last night is before the first" in mistake(last_night="2026-01-30")
