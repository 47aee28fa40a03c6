"""Patterns inside patterns: all seven in one recipe, interrupted at every call, and gone on with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from ensemble_rig import ask, judgement, member, recipe

from tasks.calling.call import Row
from tasks.landing.tally import Tally
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from row_rig import Process, RowRig

    from tasks.calling.call import Call, Completion
    from tasks.patterns.draft import Draft

TOPIC = "tides"
REFINED = {"start": ask("gpt", "Write {{ outline }}"), "stages": [member("polish", "claude", "Polish.")]}
CREW = {
    "coordinator": "gpt",
    "specialists": {"writer": "gemini", "analyst": "spare"},
    "feedback": {"max_iterations": 2, "quality_threshold": 1.0},
    "general": ask("spare", "Write on {{ request.topic }}"),
}
PANEL = {
    "members": [
        {
            "name": "careful",
            "pipeline": [
                member("outline", "gpt", "Outline {{ request.topic }} {{ feedback }}"),
                {"name": "text", "refine": {**REFINED, "target": 1.0}},
            ],
        },
        {"name": "crew", "team": CREW},
        member("plain", "gemini", "Write on {{ request.topic }}", samples=2, temperature=0.7),
    ],
    "combine": ["vote", "consensus"],
}
SEVEN = recipe(
    {
        "route": {
            "rules": [{"if": "request.topic == 'tides'", "to": "sea"}],
            "to": {"sea": {"repeat": {"body": {"ensemble": PANEL}, "threshold": 1.0, "max_iterations": 2}}},
            "general": ask("spare", "Write on {{ request.topic }}"),
        }
    },
    cache="off",
)


@dataclass
class Stopped:
    """An asker that lets so many calls pass, and no more."""

    ask: Tally
    left: int

    async def __call__(self, call: Call) -> Completion:
        if self.left == 0:
            raise RowDeferred("stopped here")
        self.left -= 1
        return await self.ask(call)


def worked(process: Process, calls: int = -1) -> tuple[Draft, Tally]:
    """The row in a process that is stopped before the call after so many; never if negative."""
    made, tally = load_recipe(SEVEN), Tally(process.calls, Row("r1", "made", "r", None, 0))
    setting = setting_of(made, Renderer(), process.rig.catalog)
    making = make_draft(made, {"topic": TOPIC}, Stopped(tally, calls), setting, tally.notes)
    return process.rig.engine.wait(making), tally


def asked(rig: RowRig) -> Counter[str]:
    """What was sent, and how often."""
    return Counter(f"{question.model} {question.system} {question.texts}" for question in rig.questions())


def test_seven_patterns_in_one_another_come_to_one_draft_with_readable_paths(rig):
    draft, tally = worked(rig.process())
    assert draft.content
    assert set(draft.data) >= {"best_individual", "consensus"}
    found = {each["path"] for each in tally.steps}
    assert found >= {
        "sea/body/careful/outline",
        "sea/body/careful/text/start",
        "sea/body/careful/text/judge",
        "sea/body/careful/text/polish",
        "sea/body/crew/coordinator",
        "sea/body/plain",
        "sea/judge",
    }
    assert all(path.startswith("sea/") for path in found)
    assert [each.taken for each in tally.notes.routes] == ["sea"]


def test_two_calls_of_one_path_are_told_apart_by_their_round_or_sample(rig):
    process = rig.process()
    worked(process)
    process.upload()
    rows = rig.call_rows("night")
    assert len({row["call_id"] for row in rows}) == len(rows) > 20
    assert max(row["round"] for row in rows if row["step"].startswith("sea/body/careful")) == 2


def test_a_row_stopped_at_any_call_goes_on_without_sending_a_finished_one_again(rig):
    draft, tally = worked(rig.process("whole"))
    whole, calls = asked(rig), tally.calls
    assert calls > 20
    for stop in range(0, calls, 3):
        rig.simulator.reset()
        first = rig.process(f"stopped at {stop}")
        with pytest.raises(RowDeferred, match="stopped here"):
            worked(first, stop)
        assert asked(rig).total() == stop
        first.die()
        again, counted = worked(rig.process(f"stopped at {stop}"))
        assert asked(rig) == whole, f"stopped before call {stop + 1}"
        assert (again, counted.calls, counted.usd) == (draft, calls, pytest.approx(tally.usd))


def test_what_was_decided_while_a_member_and_a_judge_were_down_stands_in_a_replay(rig):
    """Everybody is up again in the second process."""
    rig.models["gpt"] = {"fallback": []}
    rig.fails("gpt", "server_error", prompt="Outline")
    rig.fails("claude", "server_error", prompt="You judge")
    first = rig.process()
    draft, _ = worked(first)
    sent = asked(rig)
    assert len(draft.metadata.warnings) >= 2
    first.die()
    rig.answers("gpt", "Outlined.", prompt="Outline")
    rig.answers("claude", judgement(0.99), prompt="You judge")
    again, _ = worked(rig.process())
    assert asked(rig) == sent
    assert again.content == draft.content
    # Members that work at the same time warn in the order in which they failed.
    assert sorted(again.metadata.warnings) == sorted(draft.metadata.warnings)
    assert replace(again, metadata=draft.metadata) == draft


def test_an_outer_steps_drafts_are_seen_at_every_depth(rig):
    inner = {"pipeline": [member("deep", "claude", "{{ first }}/{{ request.topic }}/{{ draft }}")]}
    refined = {
        "start": ask("gemini", "Start."),
        "stages": [{"name": "stage", **inner}],
        "target": 1.0,
        "judge": "gpt",
    }
    rig.answers("spare", "First.")
    rig.answers("gemini", "Started.")
    rig.answers("gpt", judgement(0.5))
    rig.make(
        recipe({"pipeline": [member("first", "spare"), {"name": "second", "refine": refined}]}), topic="tides"
    )
    (deep,) = [question for question in rig.questions() if question.model == "claude"]
    assert deep.texts == ("First./tides/Started.",)
