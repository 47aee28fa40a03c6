"""The flow: what it takes in and when, what it says, and the event that starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from prefect.exceptions import ParameterTypeError
from ruamel.yaml import YAML
from test_recorded import ask

from deployments.cli.automating import FILE, automation
from flows.ingest_ratings import ARRIVED, ingest_ratings

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

INBOX = "_inbox/ratings"


@pytest.fixture
def night(rig: Callable[..., FlowRig]) -> FlowRig:
    made = rig()
    made.table({f"r{number}": f"topic {number}" for number in range(3)})
    assert made.night().is_completed()
    return made


def taken(night: FlowRig, **given: Any) -> State[Any]:
    usual = {"store": str(night.folder / "store"), "run": "night"}
    state: State[Any] = ingest_ratings(**{**usual, **given}, return_state=True)
    return state


def arrives(night: FlowRig, name: str, *lines: str, header: str = "request_id,rater,rating") -> None:
    night.store.write(f"{INBOX}/{name}", "\n".join([header, *lines]).encode())


def test_the_inbox_is_taken_in_once_and_what_is_new_after_it(night: FlowRig, prefect_api: str):
    assert taken(night).message == "0 files read, 0 files known; 0 ratings taken in"
    arrives(night, "a.csv", "r0,ann,up", "r1,ann,down")
    state = taken(night)
    assert (state.type.value, state.message) == (
        "COMPLETED",
        "1 file read, 0 files known; 2 ratings taken in",
    )
    arrives(night, "b.csv", "r1,ann,up")
    assert taken(night).message == "1 file read, 1 file known; 1 rating taken in"
    assert taken(night).message == "0 files read, 2 files known; 0 ratings taken in"
    assert len(night.read("ratings")) == 2
    assert list(night.read("metrics")["satisfaction_mean"]) == [1]
    wanted = {"flow_run_id": {"any_": [str(state.state_details.flow_run_id)]}}
    (shown,) = ask(prefect_api, "artifacts/filter", artifacts=wanted)
    assert "inbox/ratings/a.csv: ratings: 2 new" in shown["data"]
    assert "night: satisfaction 0.50 (2 ratings)" in shown["data"]


def test_a_given_place_is_read_instead(night: FlowRig):
    path = night.folder / "given.csv"
    path.write_text("request_id,rating\nr0,4\nr1,5\n")
    assert taken(night, files=str(path), scale="stars").message.endswith("2 ratings taken in")
    assert taken(night, files=str(night.folder / "*.csv"), scale="stars").message.endswith(
        "0 ratings taken in"
    )


def test_rejected_rows_are_told_once_and_tried_again(night: FlowRig):
    arrives(night, "a.csv", "r0,ann,up", "r9,ann,up")
    state = taken(night)
    assert (state.type.value, state.name) == ("FAILED", "Unhealthy")
    assert "1 row rejected: _inbox/ratings/a.csv:3: request 'r9' is not in run 'night'" in str(state.message)
    again = taken(night)
    assert again.is_completed()
    assert again.message == "1 file read, 0 files known; 0 ratings taken in; 1 row rejected"


def test_a_file_that_cannot_be_read_fails_the_run_and_stops_no_other(night: FlowRig):
    arrives(night, "a.csv", "r0,ann,1")
    arrives(night, "b.csv", "r0,ann,up")
    state = taken(night)
    assert state.is_failed()
    assert f"{INBOX}/a.csv:2: every number is 1" in str(state.message)
    assert "1 rating taken in" in str(state.message)
    assert len(night.read("ratings")) == 1


def test_a_place_where_nothing_is_is_a_mistake_in_a_line(night: FlowRig):
    state = taken(night, files=str(night.folder / "nothing.csv"))
    assert state.is_failed()
    assert "no such file" in str(state.message)
    assert "\n" not in str(state.message)


def test_the_form_takes_known_arms_and_scales_only():
    for wrong in ({"arm": "mine"}, {"scale": "ten"}):
        with pytest.raises(ParameterTypeError):
            ingest_ratings.validate_parameters({"store": "x", **wrong})


def test_an_event_that_a_file_has_arrived_starts_the_deployment_with_its_path():
    (written,) = (each for each in YAML(typ="safe").load(FILE) if ARRIVED in each["trigger"]["expect"])
    deployment = uuid4()
    (action,) = automation(written, None, deployment).actions
    assert (action.type, action.deployment_id) == ("run-deployment", deployment)
    assert set(action.parameters) == {"files", "run", "source", "scale"}
    ingest_ratings.validate_parameters(
        dict.fromkeys(("files", "run"), "") | {"source": "file", "scale": "found"}
    )
