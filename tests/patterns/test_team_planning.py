"""A team's plan: what makes it unusable, the one more time it is asked for, the general step, order and lessons."""

from __future__ import annotations

import json

import pytest
from ensemble_rig import member, recipe
from row_rig import Process
from team_rig import ONE, models, plan, plans, review, reviews, subtask, team, told

from deployments.simulator.config import Script, Scripted
from tasks.patterns.ran import RowFailed

BAD = {
    "unknown role": (plan(subtask("a", "pilot")), "'pilot' is not one of"),
    "unknown need": (plan(subtask("a", "writer", "b")), "'a' needs 'b', which is no subtask"),
    "duplicate id": (plan(subtask("a", "writer"), subtask("a", "analyst")), "the id 'a' is given twice"),
    "cycle": (
        plan(subtask("a", "writer", "b"), subtask("b", "analyst", "a")),
        "subtasks wait for one another: ",
    ),
    "of itself": (plan(subtask("a", "writer", "a")), "subtasks wait for one another: a → a"),
    "too many": (plan(*(subtask(f"s{number}", "writer") for number in range(13))), "subtasks: "),
    "none": (plan(), "subtasks: "),
    "prose": ("First I would ask the analyst.", "it is not valid JSON"),
}
GENERAL = {"ask": {"model": "gemini", "prompt": "Write it all."}}


@pytest.fixture
def staffed(rig):
    rig.answers("spare", "Facts.")
    rig.answers("gemini", "Text.")
    reviews(rig, (0.95, ""))
    return rig


@pytest.mark.parametrize(("bad", "said"), BAD.values(), ids=BAD)
def test_a_bad_plan_is_asked_for_once_more_with_what_is_wrong_with_it(staffed, bad, said):
    plans(staffed, bad, ONE)
    made = staffed.make(team())
    assert models(staffed) == ["gpt", "gpt", "gemini", "claude"]
    _, answer, wrong = staffed.questions()[1].texts
    assert answer == bad
    assert said in wrong
    assert made.draft.content == "Text."


@pytest.mark.parametrize(("bad", "said"), BAD.values(), ids=BAD)
def test_after_two_bad_plans_the_general_step_works_and_the_row_says_why(staffed, bad, said):
    plans(staffed, bad)
    made = staffed.make(team(general=GENERAL))
    assert models(staffed) == ["gpt", "gpt", "gemini"]
    assert staffed.questions()[2].texts == ("Write it all.",)
    assert made.draft.content == "Text."
    (warning,) = made.draft.metadata.warnings
    assert warning.endswith("; the general step works instead")
    assert said in warning


def test_without_a_general_step_two_bad_plans_fail_the_row(staffed):
    plans(staffed, BAD["cycle"][0])
    with pytest.raises(RowFailed, match="wait for one another") as failure:
        staffed.make(team())
    assert failure.value.error_kind == "no_plan"
    assert models(staffed) == ["gpt", "gpt"]


def test_two_bad_plans_in_a_later_round_leave_the_best_before_it(staffed):
    plans(staffed, ONE, BAD["cycle"][0])
    reviews(staffed, (0.5, "More."))
    made = staffed.make(team(general=GENERAL))
    assert models(staffed) == ["gpt", "gemini", "claude", "gpt", "gpt"]
    assert (made.draft.content, made.draft.score) == ("Text.", 0.5)
    assert "round 2 failed" in made.draft.metadata.warnings[0]


@pytest.mark.parametrize("lets_go", [Process.die, Process.upload], ids=["journalled", "uploaded"])
def test_a_row_without_a_plan_comes_to_the_same_in_a_replay_and_counts_the_same(staffed, lets_go):
    plans(staffed, BAD["cycle"][0])
    first = staffed.process()
    made = first.make(team(general=GENERAL))
    sent = len(staffed.questions())
    lets_go(first)
    plans(staffed, ONE)
    again = staffed.process().make(team(general=GENERAL))
    assert staffed.questions()[sent:] == []
    assert (again.draft, again.tally.usd, again.tally.calls) == (made.draft, made.tally.usd, 3)


def test_the_result_may_name_the_general_step_whether_it_ran_or_not(staffed):
    whole = team({"result": {"data": {"alone": "{{ alone }}"}}}, general={"name": "alone", **GENERAL})
    plans(staffed, ONE)
    assert staffed.make(whole).draft.data == {"alone": ""}
    plans(staffed, BAD["cycle"][0])
    assert staffed.make(whole).draft.data == {"alone": "Text."}


def test_subtasks_that_need_nothing_of_each_other_run_at_once_and_what_needs_both_after_them(staffed):
    rest = ("Do b.", "Do c.")
    for task in rest:
        slow = Scripted(text=f"Result of {task}", latency_seconds=0.15)
        staffed.simulator.script(Script(model="spare", prompt=task, replies=(slow,)))
    plans(staffed, plan(subtask("a", "writer", "b", "c"), subtask("b", "analyst"), subtask("c", "analyst")))
    made = staffed.make(team())
    assert models(staffed) == ["gpt", "spare", "spare", "gemini", "claude"]
    assert staffed.simulator.stats()["highest_concurrency"] == 2
    last = told(staffed.questions()[3])
    assert last["Results of others"] == "## b\nResult of Do b.\n\n## c\nResult of Do c."
    assert sorted(each["path"] for each in made.tally.steps if each["role"] == "analyst") == [
        "analyst",
        "analyst 2",
    ]


def test_a_chain_waits_for_what_it_needs_and_for_nothing_else(staffed):
    """b is slow, d needs only c: d is asked before b is answered."""
    slow = Scripted(text="B", latency_seconds=0.3)
    staffed.simulator.script(Script(model="spare", prompt="Do b", replies=(slow,)))
    plans(
        staffed,
        plan(
            subtask("b", "analyst"),
            subtask("c", "writer"),
            subtask("d", "writer", "c"),
            subtask("e", "writer", "b", "d"),
        ),
    )
    made = staffed.make(team())
    order = [each["path"] for each in made.tally.steps]
    assert order.index("writer 2") < order.index("analyst") < order.index("writer 3")


def test_an_earlier_steps_text_is_told_to_the_coordinator_who_decides_what_specialists_need_of_it(staffed):
    plans(staffed, ONE)
    staffed.answers("claude", "An outline.", prompt="Outline")
    crew = {**json.loads(team())["make"], "name": "crew"}
    staffed.make(recipe({"pipeline": [member("outline", "claude", "Outline."), crew]}, about="Notes"))
    _, coordinator, specialist, _ = staffed.questions()
    assert told(coordinator) == {"Task": "Notes", "What there is so far": "An outline."}
    assert told(specialist) == {"The whole task": "Notes", "Your part": "You are the writer.\nDo text."}


def test_a_lesson_is_asked_for_and_noted_with_the_score_of_its_text(staffed):
    plans(staffed, ONE)
    reviews(staffed, (0.4, "More.", "Name the harbour early."), (0.95, "", ""))
    made = staffed.make(team(feedback={"auto_improvement": True}))
    reviewer = staffed.questions()[2]
    assert "As lesson, write one sentence" in reviewer.system
    assert [(each.text, each.score) for each in made.tally.notes.lessons] == [
        ("Name the harbour early.", pytest.approx(0.4))
    ]


def test_without_auto_improvement_no_lesson_is_asked_for_noted_or_offered(staffed):
    staffed.lessons = ("Name the harbour early.",)
    plans(staffed, ONE)
    staffed.answers("claude", review(0.95))
    made = staffed.make(team())
    assert made.tally.notes.lessons == []
    said = [text for question in staffed.questions() for text in (question.system, *question.texts)]
    assert all("lesson" not in text and "harbour" not in text for text in said)


def test_lessons_of_earlier_runs_are_offered_to_coordinator_and_specialists_but_not_to_the_reviewer(staffed):
    staffed.lessons = ("Name the harbour early.", "Give times in UTC.")
    plans(staffed, ONE)
    reviews(staffed, (0.95, "", ""))
    staffed.make(team(feedback={"auto_improvement": True}))
    coordinator, specialist, reviewer = staffed.questions()
    for question in (coordinator, specialist):
        assert told(question)["What reviews of earlier work taught"] == (
            "- Name the harbour early.\n- Give times in UTC."
        )
    assert "harbour" not in reviewer.system + reviewer.texts[0]
