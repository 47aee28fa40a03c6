"""What goes wrong in a night is one line for the person who can put it right, and ends no more than it must."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from flow_rig import MODELS, TOPICS

import tasks.produce_shard
from tasks.storing.errors import NightpressError, PlanChanged, UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

    from tasks.landing.run_state import RunState
    from tasks.landing.shard_records import ShardRecord

work_shard = tasks.produce_shard.work_shard


def error_of(state: State[Any]) -> Exception:
    assert state.is_failed()
    error = state.result(raise_on_failure=False)
    assert isinstance(error, Exception)
    return error


def test_a_night_above_its_recipes_limit_does_not_start(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    limited = night.folder / "limited.yaml"
    limited.write_text((night.folder / "short.yaml").read_text() + "max_estimate_usd: 0.001\n")
    state = night.night(recipe=str(limited))
    assert isinstance(error_of(state), UserError)
    assert str(state.message).startswith("max_estimate_usd: 8 rows are expected to cost $")
    assert (night.store.list(), night.sent) == ([], 0)
    dry = night.night(recipe=str(limited), dry_run=True)
    assert dry.is_completed()
    assert "a new run would not start: 8 rows are expected to cost $" in str(dry.message)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recipe": "technical-blok"}, "did you mean 'technical-blog'?"),
        ({"recipe": "./missing.yaml"}, "missing.yaml"),
        ({"requests": "{folder}/requests.jsonn"}, "requests.jsonn"),
        ({"requests": "{folder}/request.jsonl"}, "did you mean 'requests.jsonl'?"),
        ({"models": "{folder}/other.yaml"}, "'one'"),
        ({"store": "gs://bucket/x"}, "gs://bucket/x"),
        ({"store": "block:nowhere"}, "content-store/nowhere"),
        ({"run": "a/b"}, "cannot name a run"),
        ({"run": "night.json"}, "cannot name a run"),
    ],
)
def test_a_mistake_is_named_line_by_line_and_leaves_no_run(
    rig: Callable[..., FlowRig], changes: dict[str, str], said: str
) -> None:
    night = rig()
    night.table(TOPICS)
    other = MODELS.format(url=night.simulator.openai_url, key="").replace("  one:", "  two:")
    (night.folder / "other.yaml").write_text(other)
    error = error_of(
        night.night(**{name: value.format(folder=night.folder) for name, value in changes.items()})
    )
    assert isinstance(error, UserError)
    assert all(said in line for line in str(error).splitlines()), "a line for each place of the mistake"
    assert night.store.list() == []
    assert night.sent == 0


def test_a_key_that_is_not_set_is_named_and_nothing_is_sent(
    rig: Callable[..., FlowRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    night = rig(key_variable="NIGHT_TEST_KEY")
    night.table(TOPICS)
    error = error_of(night.night())
    assert isinstance(error, UserError)
    assert "NIGHT_TEST_KEY" in str(error)
    monkeypatch.setenv("NIGHT_TEST_KEY", "k-1234567890")
    assert night.night().is_completed(), "the same command goes on once the key is there"


def test_a_changed_plan_is_its_own_error(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    night.night()
    assert isinstance(error_of(night.night(limit=2)), PlanChanged)


def test_a_store_whose_folder_is_taken_by_a_file_is_one_line(rig: Callable[..., FlowRig]) -> None:
    night = rig()
    night.table(TOPICS)
    (night.folder / "store").mkdir()
    (night.folder / "store" / "outputs").write_text("not a folder")
    error = error_of(night.night())
    assert isinstance(error, NightpressError)
    assert str(error).startswith("run night cannot go on: ")
    assert "store/outputs" in str(error)
    (night.folder / "store" / "outputs").unlink()
    assert night.night().is_completed()
    assert night.sent == 16


def test_a_shard_whose_store_was_away_for_a_moment_is_tried_again_by_prefect(
    rig: Callable[..., FlowRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def once_away(state: RunState, shard: int, *rest: Any, **more: Any) -> ShardRecord:
        tried.append(shard)
        if len(tried) == 1:
            raise ConnectionError("the store is away")
        return await work_shard(state, shard, *rest, **more)

    monkeypatch.setattr(tasks.produce_shard, "work_shard", once_away)
    night = rig()
    night.table(TOPICS)
    assert night.night().is_completed()
    assert tried == [0, 0]


def test_a_mistake_in_one_shard_is_not_tried_again_and_ends_the_others_at_once(
    rig: Callable[..., FlowRig], small_shards: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[int] = []

    async def mistaken(state: RunState, shard: int, *rest: Any, **more: Any) -> ShardRecord:
        tried.append(shard)
        if shard == 0:
            raise UserError("somebody has to change something")
        return await work_shard(state, shard, *rest, **more)

    monkeypatch.setattr(tasks.produce_shard, "work_shard", mistaken)
    night = rig(default={"latency_seconds": 60})
    night.table(TOPICS)
    began = time.monotonic()
    error = error_of(night.night())
    assert str(error) == "somebody has to change something"
    assert time.monotonic() - began < 15
    assert sorted(tried) == sorted(set(tried))
    assert night.simulator.stats()["answered"] == 0
