"""The pattern `team`, over the wire: the plan is worked, reviewed and remade, and the best round counts."""

from __future__ import annotations

import pytest
from row_rig import Process
from team_rig import (
    ASSEMBLING,
    ONE,
    PLANNING,
    TWO,
    models,
    plan,
    plans,
    review,
    reviews,
    subtask,
    team,
    told,
)

from tasks.calling.failures import CallFailed
from tasks.patterns.ran import RowFailed


@pytest.fixture
def staffed(rig):
    """A coordinator who plans one piece of work, specialists who do theirs, a reviewer who is content."""
    plans(rig, ONE)
    rig.answers("spare", "Facts one.", "Facts two.", "Facts three.")
    rig.answers("gemini", "Text one.", "Text two.", "Text three.", "Text four.")
    reviews(rig, (0.95, ""))
    return rig


def test_the_coordinator_is_told_the_task_and_the_roles_and_the_last_subtask_gives_the_text(staffed):
    plans(staffed, TWO)
    made = staffed.make(team({"expects": "One page"}), topic="tides")
    assert models(staffed) == ["gpt", "spare", "gemini", "claude"]
    coordinator = staffed.questions()[0]
    assert "- analyst\n- writer\n" in coordinator.system
    assert told(coordinator) == {
        "Task": "Notes for sailors\ntopic: tides",
        "The form of the finished text": "One page",
    }
    assert (made.draft.content, made.draft.score) == ("Text one.", 0.95)
    assert made.draft.metadata.warnings == ()


def test_a_specialist_is_told_the_task_its_part_and_the_results_it_needs_and_no_others(staffed):
    plans(
        staffed,
        plan(
            subtask("facts", "analyst"),
            subtask("prices", "analyst", "facts"),
            subtask("text", "writer", "prices"),
        ),
    )
    staffed.make(team({"expects": "One page"}), topic="tides")
    first, second, last = staffed.questions()[1:4]
    assert told(first) == {
        "The whole task": "Notes for sailors\ntopic: tides",
        "Your part": "You are the analyst.\nDo facts.",
    }
    assert told(second)["Results of others"] == "## facts\nFacts one."
    assert told(last)["Your part"] == "You are the writer.\nDo text."
    assert told(last)["Results of others"] == "## prices\nFacts two."
    assert told(last)["The form of the finished text"] == "One page"


def test_what_all_parts_of_a_round_are_told_comes_before_what_only_one_is_told(staffed):
    plans(staffed, plan(subtask("facts", "analyst"), subtask("text", "writer", "facts")))
    reviews(staffed, (0.4, "Name the ports."), (0.95, ""))
    staffed.make(team(), topic="tides")
    analyst, writer = [each for each in staffed.questions()[4:] if each.model in ("spare", "gemini")][:2]
    assert analyst.system == writer.system
    common = "# The whole task\nNotes for sailors\ntopic: tides\n\n# The text so far\n"
    told_both = analyst.texts[0].partition("\n\n# Your part")[0]
    assert told_both.startswith(common)
    assert told_both.endswith("# What the reviewer wants changed\nName the ports.")
    assert writer.texts[0].startswith(told_both)


def test_a_plan_of_several_ends_is_assembled_by_the_coordinator_from_the_ends_alone(staffed):
    ends = plan(subtask("facts", "analyst"), subtask("a", "writer", "facts"), subtask("b", "writer"))
    plans(staffed, ends)
    staffed.answers("gpt", "One text.", prompt=ASSEMBLING)
    made = staffed.make(team({"expects": "One page"}))
    assembling = staffed.questions()[-2]
    assert (assembling.model, told(assembling)["The form of the finished text"]) == ("gpt", "One page")
    pieces = told(assembling)["The pieces"]
    assert sorted(line for line in pieces.splitlines() if line) == sorted(
        ["## Do a. (writer)", "## Do b. (writer)", "Text one.", "Text two."]
    )
    assert made.draft.content == "One text."
    assert [each["path"] for each in made.tally.steps if each["model"] == "gpt"] == [
        "coordinator",
        "assembly",
    ]


def test_below_the_threshold_the_coordinator_replans_with_the_feedback_and_the_text_so_far(staffed):
    reviews(staffed, (0.4, "Name the ports."), (0.9, ""))
    made = staffed.make(team(), topic="tides")
    assert models(staffed) == ["gpt", "gemini", "claude"] * 2
    replanned, reworked = staffed.questions()[3:5]
    wanted = {"What the reviewer wants changed": "Name the ports."}
    assert (
        told(replanned)
        == {
            "Task": "Notes for sailors\ntopic: tides",
            "What there is so far": "Text one.",
        }
        | wanted
    )
    assert (
        told(reworked)
        == {
            "The whole task": "Notes for sailors\ntopic: tides",
            "The text so far": "Text one.",
            "Your part": "You are the writer.\nDo text.",
        }
        | wanted
    )
    assert (made.draft.content, made.draft.score) == ("Text two.", 0.9)


@pytest.mark.parametrize(("threshold", "rounds"), [(0.5, 1), (0.51, 2)])
def test_a_threshold_that_is_met_exactly_is_met(staffed, threshold, rounds):
    reviews(staffed, (0.5, "More."), (0.95, ""))
    staffed.make(team(feedback={"quality_threshold": threshold}))
    assert len(models(staffed)) == 3 * rounds


def test_three_rounds_are_the_most_and_the_best_of_them_counts(staffed):
    reviews(staffed, (0.4, "More."), (0.7, "Still more."), (0.6, "Less."), (1.0, ""))
    made = staffed.make(team())
    assert models(staffed) == ["gpt", "gemini", "claude"] * 3
    assert (made.draft.content, made.draft.score) == ("Text two.", 0.7)
    third = told(staffed.questions()[6])
    assert (third["What there is so far"], third["What the reviewer wants changed"]) == (
        "Text two.",
        "Still more.",
    )


def test_a_recipe_may_allow_one_round_only(staffed):
    reviews(staffed, (0.1, "More."))
    made = staffed.make(team(feedback={"max_iterations": 1}))
    assert (len(models(staffed)), made.draft.score) == (3, pytest.approx(0.1))


def test_without_a_review_the_first_round_counts_unscored(staffed):
    staffed.fails("claude")
    made = staffed.make(team())
    assert (made.draft.content, made.draft.score) == ("Text one.", None)
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: nobody could judge this: ")


def test_a_round_that_nobody_could_review_does_not_win(staffed):
    staffed.answers("claude", review(0.5, "More."), "no", "json", review(0.4, "Less."))
    made = staffed.make(team())
    assert (made.draft.content, made.draft.score) == ("Text one.", 0.5)


def test_a_specialist_that_fails_in_the_first_round_fails_the_row(staffed):
    staffed.fails("gemini", "bad_request")
    with pytest.raises(CallFailed, match="bad_request"):
        staffed.make(team())
    assert models(staffed) == ["gpt", "gemini"]


def test_what_needs_a_failed_subtask_is_not_begun_and_what_does_not_is_awaited(staffed):
    staffed.fails("spare")
    plans(staffed, plan(subtask("facts", "analyst"), subtask("a", "writer", "facts"), subtask("b", "writer")))
    process = staffed.process()
    with pytest.raises(CallFailed):
        process.make(team())
    process.upload()
    rows = {row["step"]: row["status"] for row in staffed.call_rows("night")}
    assert rows == {"coordinator": "ok", "analyst": "failed", "writer": "ok"}, "b alone was written"


def test_a_specialist_that_fails_in_a_later_round_leaves_the_best_before_it(staffed):
    reviews(staffed, (0.5, "More."))
    staffed.fails("gemini", prompt="The text so far")
    made = staffed.make(team())
    assert (made.draft.content, made.draft.score) == ("Text one.", 0.5)
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: round 2 failed, so the best before it counts: ")


def test_a_draft_that_fails_a_check_is_replanned_without_a_review(staffed):
    staffed.answers("gemini", "Short.", "Long enough text.")
    made = staffed.make(team({"checks": [{"min_words": 3}]}))
    assert models(staffed) == ["gpt", "gemini", "gpt", "gemini", "claude"]
    assert told(staffed.questions()[2])["What the reviewer wants changed"] == "has 1 words, needs at least 3"
    assert made.draft.content == "Long enough text."


def test_a_piece_that_was_cut_off_warns_the_row(staffed):
    plans(staffed, plan(subtask("a", "writer"), subtask("b", "writer")))
    staffed.answers("gemini", "Half a", finish="length", prompt="Do b")
    staffed.answers("gpt", "Half of all", finish="length", prompt=ASSEMBLING)
    made = staffed.make(team())
    assert sorted(made.draft.metadata.warnings) == [
        "step assembly: the answer was cut off at max_tokens",
        "step writer 2: the answer was cut off at max_tokens",
    ]


def test_steps_and_judgements_say_who_did_what_and_how_good_each_round_was(staffed):
    plans(staffed, TWO)
    reviews(staffed, (0.4, "More."), (0.9, ""))
    made = staffed.make(team())
    assert [(each["path"], each["role"], each["quality"]) for each in made.tally.steps] == [
        ("coordinator", "coordinator", None),
        ("analyst", "analyst", None),
        ("writer", "writer", pytest.approx(0.4)),
        ("reviewer", "reviewer", None),
        ("coordinator", "coordinator", None),
        ("analyst", "analyst", None),
        ("writer", "writer", pytest.approx(0.9)),
        ("reviewer", "reviewer", None),
    ]
    assert [(each.round, each.judgement.judge) for each in made.tally.notes.judged] == [
        (1, "claude"),
        (2, "claude"),
    ]


@pytest.mark.parametrize("lets_go", [Process.die, Process.upload], ids=["journalled", "uploaded"])
def test_a_round_lost_because_a_specialist_was_down_stays_lost_in_a_replay(staffed, lets_go):
    staffed.fails("gemini", "server_error", prompt="The text so far")
    reviews(staffed, (0.5, "More."), (1.0, ""))
    first = staffed.process()
    made = first.make(team())
    sent = len(staffed.questions())
    lets_go(first)
    staffed.answers("gemini", "Up again.")
    again = staffed.process().make(team())
    assert staffed.questions()[sent:] == []
    assert again.draft == made.draft


def test_a_role_with_a_list_of_models_is_worked_by_the_first_that_can(staffed):
    staffed.fails("gemini", "model_missing")
    staffed.answers("spare", "Stood in.")
    made = staffed.make(team(specialists={"writer": ["gemini", "spare"]}))
    assert models(staffed) == ["gpt", "gemini", "spare", "claude"]
    assert made.draft.content == "Stood in."


def test_a_coordinator_that_is_down_fails_the_row_so_that_another_night_may_do_it(staffed):
    staffed.models["gpt"] = {"fallback": []}
    staffed.fails("gpt", "server_error", prompt=PLANNING)
    with pytest.raises(CallFailed) as failure:
        staffed.make(team(general={"ask": {"model": "gemini", "prompt": "Write."}}))
    assert failure.value.error_kind == "server_error"


def test_a_best_round_that_fails_the_checks_twice_fails_the_row(staffed):
    with pytest.raises(RowFailed, match="needs at least 9"):
        staffed.make(team({"checks": [{"min_words": 9}]}, feedback={"max_iterations": 1}))
    assert models(staffed) == ["gpt", "gemini"] * 2
