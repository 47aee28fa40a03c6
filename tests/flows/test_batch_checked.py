"""A night whose outputs are held against each other, through the flow: what is made of it, what it costs, twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

RECIPE = """
recipe: short
about: A letter
request:
  topic: {type: str}
batch: {near_duplicates: 0.9, then: refine, max_rows: 1}
make:
  ask: {model: one, max_tokens: 200, prompt: "Write about {{ request.topic }}"}
"""
ALIKE = " ".join(f"word{number}" for number in range(40))
OWN = " ".join(f"own{number}" for number in range(40))
SCRIPTS = [
    {"prompt": "Write about", "replies": [{"text": ALIKE}]},
    {"prompt": "put right", "replies": [{"text": OWN}]},
]
TOPICS = {f"r{number}": f"topic {number}" for number in range(2)}


@pytest.fixture
def night(rig: Callable[..., FlowRig]) -> FlowRig:
    made = rig(scripts=SCRIPTS)
    (made.folder / "short.yaml").write_text(RECIPE)
    made.table(TOPICS)
    return made


def test_a_night_writes_its_near_duplicates_once_more_and_a_second_start_pays_nothing(night: FlowRig) -> None:
    assert night.night().is_completed()
    outputs = night.read("outputs").set_index("request_id")
    assert outputs["content"].to_dict() == {"r0": ALIKE, "r1": OWN}
    assert list(outputs.loc["r1", "warnings"]) == ["batch: rewritten: near-duplicate of r0 (1.00)"]
    manifest = night.manifest()
    assert manifest["batch"] == {"rewritten": 1}
    assert (manifest["calls"]["sent"], night.sent) == (3, 3)
    assert night.night().is_completed()
    assert night.sent == 3


def test_the_run_s_budget_holds_for_what_is_written_once_more(night: FlowRig) -> None:
    """Two letters fit, a third call does not."""
    assert night.night().is_completed()
    first = sum(night.read("calls").query("step == ''")["usd"])
    state = night.night(run="short-of-money", fresh=True, budget=0.1)
    assert state.is_completed()
    manifest = night.manifest("short-of-money")
    assert manifest["rows"]["made"] == 2
    assert manifest["usd"]["spent"] == pytest.approx(first)
    assert manifest["batch"] == {"near_duplicates": 1, "not_rewritten": 1}


def test_what_is_written_once_more_is_judged_blind_as_it_is_delivered(night: FlowRig) -> None:
    compared = RECIPE.replace("batch:", "baseline: {model: one, share: 1.0}\nbatch:")
    (night.folder / "short.yaml").write_text(compared)
    assert night.night().is_completed()
    calls, scores = night.read("calls"), night.read("scores")
    final = scores[scores["step"] == "@final"]
    assert not final.duplicated(["request_id", "arm", "criterion"]).any()
    assert final.groupby("request_id")["arm"].nunique().to_dict() == {"r0": 2, "r1": 2}
    outputs = night.read("outputs").set_index(["request_id", "arm"])
    assert outputs.loc[("r1", "made"), "content"] == OWN
    mean = final[(final["request_id"] == "r1") & (final["arm"] == "made")]["score"].mean()
    assert outputs.loc[("r1", "made"), "quality"] == pytest.approx(mean)
    judged = calls[(calls["step"] == "@final") & (calls["request_id"] == "r1")]
    assert judged["prompt"].dropna().str.contains(OWN).sum() == 1
    assert len(judged) == 3  # the text before, the other arm's, the text now; the other arm's only once
    assert set(scores[scores["step"] == "@pair"].groupby("request_id").size()) == {2}
    sent = night.sent
    assert night.night(replace=True).is_completed()
    assert night.sent == sent
