"""Nights on recorded answers: the flow, the recipes and the tables are the same, only the provider replays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flow_rig import TOPICS, FlowRig

from deployments.recordings.replaying import open_replay
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVERYTHING = """
recipe: short
about: Texts, JSON, a judge
quality: {judge: two, criteria: [accuracy, tone], target: 0.99}
request:
  topic: {type: str}
make:
  pipeline:
    - name: facts
      ask: {model: one, max_tokens: 600, format: json, system: "Be exact.", prompt: "Facts on {{ request.topic }}"}
    - name: outline
      ask: {model: one, max_tokens: 60, temperature: 1, samples: 2, prompt: "Outline {{ request.topic }}"}
    - name: draft
      refine:
        start: {name: first, ask: {model: two, max_tokens: 90, prompt: "Write on {{ facts }} as {{ outline }}"}}
        stages:
          - {name: polish, ask: {model: one, max_tokens: 90, prompt: "Polish {{ draft }} after {{ feedback }}"}}
"""
TWO = """
providers:
  sim: {{api: openai, base_url: "{openai}", concurrency: 50}}
  also: {{api: anthropic, base_url: "{anthropic}", concurrency: 50}}
models:
  one: {{provider: sim, id: org/one, family: a, price: {{input: 100, output: 200}}}}
  two: {{provider: also, id: two, family: b, price: {{input: 100, output: 200}}}}
"""
VOTE = """
recipe: short
request: {topic: {type: str}}
max_failed: 0.5
make:
  ensemble:
    members:
      - {name: a, ask: {model: one, prompt: "{{ request.topic }}"}}
      - {name: b, ask: {model: two, prompt: "{{ request.topic }}"}}
      - {name: c, ask: {model: three, prompt: "{{ request.topic }}"}}
    combine: [vote]
    by: majority
"""
THREE = """
providers:
  sim: {{api: openai, base_url: "{openai}", concurrency: 50}}
models:
  one: {{provider: sim, id: one, price: {{input: 100, output: 200}}, fallback: [two]}}
  two: {{provider: sim, id: two, price: {{input: 100, output: 200}}}}
  three: {{provider: sim, id: three, price: {{input: 100, output: 200}}}}
"""


def at(rig: FlowRig, recipe: str, models: str) -> FlowRig:
    """The rig with another recipe and models file at its simulator."""
    (rig.folder / "short.yaml").write_text(recipe)
    simulator = rig.simulator
    (rig.folder / "models.yaml").write_text(
        models.format(openai=simulator.openai_url, anthropic=simulator.anthropic_url)
    )
    return rig


def test_a_nights_own_calls_replayed_make_the_same_night(rig: Callable[..., FlowRig], tmp_path: Path):
    night = at(rig(), EVERYTHING, TWO)
    night.table(TOPICS)
    assert night.night().is_completed()
    before, calls = night.read("outputs"), night.read("calls")
    with RunningSimulator(replay=open_replay([str(tmp_path / "store")])) as replaying:
        again = at(FlowRig(tmp_path, replaying), EVERYTHING, TWO)
        other = str(tmp_path / "other")
        assert again.night(store=other).is_completed()
        counted = replaying.stats()["replay"]
    assert (counted["served"], counted["again"], counted["not_recorded"]) == (len(calls), 0, 0)
    after = pq.read_table(f"{other}/outputs").to_pandas()
    for column in ("content", "data", "quality", "usd", "tokens_in", "tokens_out", "simulated"):
        then, now = (each.set_index("request_id")[column].sort_index() for each in (before, after))
        assert now.tolist() == (pytest.approx(then.tolist()) if column == "usd" else then.tolist()), column
    assert after["simulated"].all()


def test_a_vote_over_recorded_answers_and_a_row_that_nobody_recorded(
    rig: Callable[..., FlowRig], tmp_path: Path
):
    """Of the third model nothing is recorded for a row: it drops out of the vote. Of a last row nothing at all is."""
    answers = {"q1": "AAB", "q2": "ABB", "q3": "AA"}
    rows = [
        {"question": question, "model": model, "answer": answer, "cost_usd": 0.001}
        for question, said in answers.items()
        for model, answer in zip(("one", "two", "three"), said, strict=False)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "set.parquet")
    rig()
    with RunningSimulator(replay=open_replay([str(tmp_path / "set.parquet")])) as replaying:
        night = at(FlowRig(tmp_path, replaying), VOTE, THREE)
        night.table({"r1": "q1", "r2": "q2", "r3": "q3", "r4": "never asked"})
        assert night.night().is_completed()
        bill = replaying.stats()
    outputs = night.read("outputs").set_index("request_id")
    assert outputs["content"].dropna().to_dict() == {"r1": "A", "r2": "B", "r3": "A"}
    assert outputs["error_kind"].dropna().to_dict() == {"r4": "not_recorded"}
    calls = night.read("calls")
    missing = calls[calls["status"] == "failed"]
    assert set(missing["error_kind"]) == {"not_recorded"}
    assert sorted(zip(missing["request_id"], missing["model"], strict=True)) == [
        ("r3", "three"), ("r4", "one"), ("r4", "three"), ("r4", "two"),
    ]  # fmt: skip
    assert len(calls) == 12, "a fallback was asked in the place of a model that is not recorded"
    assert bill["usd"] == pytest.approx(0.008)
