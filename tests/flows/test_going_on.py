"""A night that was not finished goes on: after a mended key, a bigger budget, a failed commit, lost parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flow_rig import TOPICS

from deployments.simulator.config import Script
from flows.nightly import nightly
from tasks.landing.commit import Commit
from tasks.landing.sorting import shard_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

RETRYABLE_ONCE = [{"kind": "server_error", "prompt": "Outline topic 3", "first": 4}]


def test_a_bad_key_is_one_clear_error_and_once_mended_only_the_deferred_rows_are_made(
    rig: Callable[..., FlowRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = [{"prompt": "Write about topic", "replies": [{"fault": {"kind": "bad_key"}}]}]
    night = rig(key_variable="NIGHT_TEST_KEY", require_key=True, scripts=script)
    monkeypatch.setenv("NIGHT_TEST_KEY", "sk-canary-000111222333")
    night.table(TOPICS)
    state = night.night()
    assert state.is_failed()
    assert str(state.message).startswith("night: 0 made, 0 failed, 8 deferred")
    ((reason, count),) = night.manifest()["errors"]["deferred"].items()
    assert count == 8
    assert "provider sim is closed for this run" in reason
    assert "canary" not in reason
    assert len(night.read("deferred")) == 8
    paid = night.simulator.stats()
    night.simulator.reset()
    night.simulator.script(*_mended())
    again = night.night()
    assert again.is_completed(), again.message
    assert night.manifest()["generation"] == 2
    assert (len(night.read("outputs")), len(night.read("deferred"))) == (8, 0)
    mended = night.simulator.stats()
    assert mended["answered"] == 16 - paid["answered"], "nothing is paid twice"
    spent = paid["usd"] + mended["usd"]
    assert night.manifest()["usd"]["spent"] == pytest.approx(spent)


def _mended() -> list[Script]:
    return [Script.model_validate({"prompt": "Write about topic", "replies": [{"text": "written"}]})]


def test_a_budget_too_small_is_never_overspent_and_a_bigger_one_finishes_the_rest(
    rig: Callable[..., FlowRig], small_shards: None
) -> None:
    night = rig()
    night.table(TOPICS)
    poor = night.night(budget=0.1)
    assert poor.is_completed(), "rows left by a budget were left on purpose"
    deferred = len(night.read("deferred"))
    assert deferred > 0
    assert night.manifest()["errors"]["deferred"] == {"over budget": deferred}
    assert 0 < night.simulator.stats()["usd"] <= 0.1
    night.night(budget=0.15)
    assert night.simulator.stats()["usd"] <= 0.15, "what earlier generations spent counts"
    assert night.night(budget=10.0).is_completed()
    assert (len(night.read("outputs")), len(night.read("deferred"))) == (8, 0)
    assert night.sent == 16
    assert night.manifest()["usd"]["spent"] == pytest.approx(night.simulator.stats()["usd"])


def fail_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first commit of the process dies before its first step, as if the store had gone away."""
    real, died = Commit.run, []

    def run(self: Commit) -> dict[str, Any]:
        if not died:
            died.append(True)
            raise OSError("the store went away")
        return real(self)

    monkeypatch.setattr(Commit, "run", run)


def test_a_retried_flow_skips_finished_shards_and_makes_the_calls_of_none_again(
    rig: Callable[..., FlowRig], small_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = rig()
    night.table(TOPICS)
    fail_first(monkeypatch)
    retried = nightly.with_options(retries=1, retry_delay_seconds=0)
    state: Any = retried(**night.parameters(), return_state=True)
    assert state.is_completed(), state.message
    assert night.sent == 16
    assert night.manifest()["calls"]["sent"] == 16
    records = night.read("calls")["call_id"]
    assert records.is_unique
    assert night.manifest()["generation"] == 1


def test_a_flow_started_again_works_the_shards_with_rows_that_may_go_better(
    rig: Callable[..., FlowRig], small_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = rig(faults=RETRYABLE_ONCE)
    night.table(TOPICS)
    fail_first(monkeypatch)
    assert not night.night().is_completed()
    assert night.store.list("outputs") == []
    attempts = night.sent
    assert attempts == 7 * 2 + 4
    assert night.night().is_completed()
    assert night.sent == attempts + 2
    assert night.manifest()["rows"]["made"] == 8
    assert night.manifest()["generation"] == 1


def test_a_budget_is_not_charged_again_for_shards_that_are_finished(
    rig: Callable[..., FlowRig], small_shards: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = max(TOPICS, key=lambda each: shard_of(each, 3))
    night = rig(faults=[{"kind": "server_error", "prompt": f"Outline {TOPICS[last]}", "first": 4}])
    night.table(TOPICS)
    fail_first(monkeypatch)
    assert not night.night(budget=100.0).is_completed()
    spent = night.simulator.stats()["usd"]
    assert night.night(budget=spent + 0.08).is_completed()
    assert night.manifest()["rows"]["deferred"] == 0


@pytest.mark.parametrize("lost", [["staged"], ["shards"], ["staged", "shards"]], ids="+".join)
def test_prefects_own_result_of_a_shard_is_not_trusted_when_the_store_has_lost_it(
    rig: Callable[..., FlowRig], small_shards: None, monkeypatch: pytest.MonkeyPatch, lost: list[str]
) -> None:
    night = rig()
    night.table(TOPICS)
    fail_first(monkeypatch)
    assert not night.night().is_completed()
    there = night.store.list("_runs")
    gone = [next(path for path in there if f"/{folder}/" in path) for folder in lost]
    assert {path.rsplit("/", 1)[1][:5] for path in gone} == {"00000"}
    night.store.delete(gone)
    state = night.night()
    assert state.is_completed(), state.message
    assert (night.sent, len(night.read("outputs"))) == (16, 8)
