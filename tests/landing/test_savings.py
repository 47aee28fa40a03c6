"""What was left out of a run's calls: by step, in the manifest and in the report, and each call once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from test_reports import sheet, sound, titles

from tasks.landing.night_report import read_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

STORY = "The harbour was built before anybody had printed a tide table. " * 10
TWICE = """
recipe: twice
request: {topic: {type: str}}
make:
  pipeline:
    - name: outline
      ask: {model: one, max_tokens: 60, prompt: "Outline {{ request.topic }}"}
    - name: draft
      ask: {model: one, max_tokens: 60, system: "Keep to {{ request.topic }}", prompt: "Write on {{ request.topic }}"}
"""
TOPICS = {f"r{number:02}": f"{number}. {STORY}" for number in range(4)}


def test_what_was_left_out_is_summed_up_by_step_and_reported(rig: Callable[..., Rig], small_shards: None):
    night = rig()
    night.recipe = TWICE
    manifest = night.night(night.table(TOPICS))
    assert list(manifest["tokens_saved"]) == ["draft"]
    saved = manifest["tokens_saved"]["draft"]
    one = len(STORY) / 3
    assert 4 * (one - 40) < saved < 4 * one
    report = read_report(night.store, "night")
    (row,) = sheet(report, "Tokens left out").rows
    assert (row[0], row[2]) == ("draft", f"{saved:,}")
    sound(report)


def test_a_run_of_which_nothing_was_left_out_has_no_such_table(rig: Callable[..., Rig]):
    night = rig()
    assert night.night(night.table({"r1": "tides"}))["tokens_saved"] == {}
    assert "Tokens left out" not in titles(read_report(night.store, "night"))


def test_an_answer_from_the_ledger_saves_no_tokens(rig: Callable[..., Rig]):
    night = rig()
    night.recipe = TWICE
    night.night(night.table(TOPICS))
    assert night.night(night.table(TOPICS), run="later")["tokens_saved"] == {}


def test_rows_worked_again_are_added_to_those_that_stand_and_counted_once(rig: Callable[..., Rig]):
    night = rig()
    night.recipe = TWICE
    table = night.table(TOPICS)
    first = night.night(table, allowance=0.15)
    assert 0 < first["rows"]["deferred"] < 4
    second = night.night(table)
    assert second["rows"]["made"] == 4
    each = second["tokens_saved"]["draft"] / 4
    assert first["tokens_saved"].get("draft", 0) == each * first["rows"]["made"]
