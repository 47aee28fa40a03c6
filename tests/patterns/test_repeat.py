"""The pattern `repeat`, over the wire: what the next round is told, when it ends, and which round counts."""

from __future__ import annotations

from typing import Any

import pytest
from ensemble_rig import ask, judged_text, judgement, member, recipe
from row_rig import Process

from tasks.calling.failures import CallFailed
from tasks.patterns.ran import RowFailed

ROUNDS = ("First text.", "Second text.", "Third text.", "Fourth text.")
QUOTING = "{{ round }}|{{ score if score is not none }}|{{ feedback }}|{{ draft }}"


def repeated(body: dict[str, Any] | None = None, step: Any = None, top: Any = None, **more: Any) -> str:
    """gpt writes, claude judges."""
    spec = {"body": body or ask("gpt", QUOTING), "threshold": 0.9, **more}
    return recipe({"repeat": spec, **(step or {})}, **(top or {}))


@pytest.fixture
def writer(rig):
    rig.answers("gpt", *ROUNDS)
    return rig


def scored(rig, *scores: float) -> None:
    rig.answers("claude", *(judgement(score, f"Feedback to {score}.") for score in scores))


def models(rig) -> list[str]:
    return [question.model for question in rig.questions()]


def prompts(rig, model: str = "gpt") -> list[str]:
    return [question.texts[0] for question in rig.questions() if question.model == model]


def test_every_round_is_told_the_best_draft_its_score_and_what_to_change(writer):
    scored(writer, 0.2, 0.4, 0.9)
    made = writer.make(repeated())
    assert models(writer) == ["gpt", "claude"] * 3
    assert prompts(writer) == [
        "1|||",
        f"2|0.2|Feedback to 0.2.|{ROUNDS[0]}",
        f"3|0.4|Feedback to 0.4.|{ROUNDS[1]}",
    ]
    assert [judged_text(each) for each in writer.questions()[1::2]] == list(ROUNDS[:3])
    assert (made.draft.content, made.draft.score) == (ROUNDS[2], 0.9)


def test_a_body_that_quotes_nothing_is_told_draft_and_feedback_all_the_same(writer):
    scored(writer, 0.2, 0.9)
    writer.make(repeated(ask("gpt", "Write.")))
    first, second = (question for question in writer.questions() if question.model == "gpt")
    assert (first.system, first.texts) == ("", ("Write.",))
    assert second.system == (f"## Previous output draft\n{ROUNDS[0]}\n\n## Feedback\nFeedback to 0.2.")


@pytest.mark.parametrize(("threshold", "rounds"), [(0.5, 1), (0.51, 2)])
def test_a_threshold_that_is_met_exactly_is_met(writer, threshold, rounds):
    scored(writer, 0.5, 0.9)
    writer.make(repeated(threshold=threshold))
    assert len(prompts(writer)) == rounds


def test_the_recipes_target_counts_where_the_step_has_no_threshold(writer):
    scored(writer, 0.5, 0.9)
    writer.make(repeated(threshold=None, top={"quality": {"target": 0.5}}))
    assert len(prompts(writer)) == 1


@pytest.mark.parametrize("most", [1, 2, 3])
def test_it_ends_after_so_many_rounds_and_the_last_is_judged_too(writer, most):
    scored(writer, 0.1, 0.2, 0.3, 0.4)
    made = writer.make(repeated(max_iterations=most))
    assert models(writer) == ["gpt", "claude"] * most
    assert (made.draft.content, made.draft.score) == (ROUNDS[most - 1], most / 10)


@pytest.mark.parametrize("second", [0.5, 0.3])
def test_a_round_that_does_not_help_is_the_last_and_the_best_before_it_counts(writer, second):
    scored(writer, 0.5, second, 1.0)
    made = writer.make(repeated(max_iterations=9))
    assert models(writer) == ["gpt", "claude"] * 2
    assert (made.draft.content, made.draft.score) == (ROUNDS[0], 0.5)


def test_a_body_may_be_a_pipeline_of_which_every_round_sees_its_own_steps(writer):
    writer.answers("gemini", "Plan one.", "Plan two.")
    scored(writer, 0.5, 0.9)
    body = {
        "name": "attempt",
        "pipeline": [
            member("plan", "gemini", "Plan. {{ feedback }}"),
            member("text", "gpt", "{{ plan }} {{ draft }}"),
        ],
        "result": {"data": {"plan": "{{ plan }}"}},
    }
    made = writer.make(repeated(body, step={"result": {"data": {"by": "{{ attempt.data.plan }}"}}}))
    assert models(writer) == ["gemini", "gpt", "claude"] * 2
    assert prompts(writer, "gemini") == ["Plan. ", "Plan. Feedback to 0.5."]
    assert prompts(writer) == ["Plan one. ", f"Plan two. {ROUNDS[0]}"]
    assert [each["path"] for each in made.tally.steps] == ["attempt/plan", "attempt/text", "judge"] * 2
    assert made.draft.data == {"by": "Plan two."}


def test_a_loop_in_a_loop_begins_with_what_the_outer_one_has_to_change(writer):
    """The outer judge is gemini, the inner claude: the feedback of one is about the draft that is shown."""
    scored(writer, 0.9, 0.9)
    writer.answers("gemini", judgement(0.3, "Outer feedback."), judgement(1.0))
    inner = {"repeat": {"body": ask("gpt", QUOTING), "threshold": 0.9, "judge": "claude"}}
    writer.make(repeated(inner, judge="gemini"))
    assert models(writer) == ["gpt", "claude", "gemini"] * 2
    assert prompts(writer) == ["1|||", f"2|0.3|Outer feedback.|{ROUNDS[0]}"]


def test_a_body_that_fails_in_a_later_round_leaves_the_best_before_it(writer):
    writer.answers("gpt", ROUNDS[0])
    writer.fails("gpt", "bad_request", prompt="^2")
    scored(writer, 0.5)
    made = writer.make(repeated())
    assert (made.draft.content, made.draft.score) == (ROUNDS[0], 0.5)
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: round 2 failed, so the best before it counts: ")
    assert len(prompts(writer)) == 2


def test_a_body_whose_checks_fail_in_a_later_round_leaves_the_best_before_it(writer):
    writer.answers("gpt", "Long enough text.", "Short.")
    scored(writer, 0.5)
    made = writer.make(repeated({**ask("gpt", QUOTING), "checks": [{"min_words": 3}]}))
    assert made.draft.content == "Long enough text."
    assert "has 1 words" in made.draft.metadata.warnings[0]


def test_a_body_that_fails_in_the_first_round_fails_the_row(writer):
    writer.fails("gpt", "bad_request")
    with pytest.raises(CallFailed, match="bad_request"):
        writer.make(repeated())
    assert len(writer.questions()) == 1


def test_a_body_that_does_not_run_is_not_judged(writer):
    with pytest.raises(RowFailed, match="no step of the recipe ran"):
        writer.make(
            repeated(
                {"name": "text", **ask("gpt"), "when": "false"}, step={"result": {"content": "{{ text }}"}}
            )
        )
    assert models(writer) == []


def test_a_body_that_has_nothing_to_do_in_a_later_round_ends_it(writer):
    scored(writer, 0.5)
    made = writer.make(repeated({**ask("gpt"), "when": "round == 1"}))
    assert models(writer) == ["gpt", "claude"]
    assert (made.draft.content, made.draft.score) == (ROUNDS[0], 0.5)


def test_without_a_first_judgement_there_is_one_round_and_no_score(writer):
    writer.fails("claude")
    made = writer.make(repeated())
    assert len(prompts(writer)) == 1
    assert (made.draft.content, made.draft.score) == (ROUNDS[0], None)
    assert "nobody could judge this" in made.draft.metadata.warnings[0]


def test_a_round_that_nobody_could_judge_is_the_last_and_does_not_win(writer):
    writer.answers("claude", judgement(0.5), "no", "json")
    made = writer.make(repeated())
    assert len(prompts(writer)) == 2
    assert (made.draft.content, made.draft.score) == (ROUNDS[0], 0.5)


def test_a_round_that_fails_a_check_is_not_judged_and_its_faults_are_fed_back(writer):
    writer.answers("gpt", "Short.", ROUNDS[1])
    scored(writer, 0.9)
    made = writer.make(repeated(step={"checks": [{"min_words": 2}]}))
    assert models(writer) == ["gpt", "gpt", "claude"]
    assert prompts(writer)[1] == "2|0.0|has 1 words, needs at least 2|Short."
    assert (made.draft.content, made.draft.score) == (ROUNDS[1], 0.9)


def test_judgements_and_steps_say_of_which_round_they_are(writer):
    scored(writer, 0.2, 0.4, 0.3)
    made = writer.make(repeated({"name": "text", **ask("gpt", QUOTING)}))
    assert [(each.step, each.round, each.judgement.score) for each in made.tally.notes.judged] == [
        ("text", 1, pytest.approx(0.2)),
        ("text", 2, pytest.approx(0.4)),
        ("text", 3, pytest.approx(0.3)),
    ]
    assert [each["quality"] for each in made.tally.steps if each["path"] == "text"] == [
        pytest.approx(score) for score in (0.2, 0.4, 0.3)
    ]
    process = writer.processes[-1]
    process.upload()
    rows = writer.call_rows(process.calls.ledger.run)
    assert sorted((row["step"], row["role"] or "", row["round"]) for row in rows) == sorted(
        [("text", "", number) for number in (1, 2, 3)] + [("judge", "judge", number) for number in (1, 2, 3)]
    )


def test_equal_prompts_of_several_rounds_are_asked_anew_each_time(writer):
    scored(writer, 0.2, 0.4, 0.6)
    silent = {"ask": {"model": "gpt", "prompt": "{{ draft and 'x' and '' }}{{ feedback and '' }}Write."}}
    made = writer.make(repeated(silent))
    assert prompts(writer) == ["Write."] * 3
    assert made.draft.content == ROUNDS[2]


@pytest.mark.parametrize("lets_go", [Process.die, Process.upload], ids=["journalled", "uploaded"])
def test_a_round_lost_because_its_provider_was_down_stays_lost_in_a_replay(writer, lets_go):
    writer.models["gpt"] = {"fallback": []}
    writer.fails("gpt", "server_error", prompt="^2")
    scored(writer, 0.5, 0.9)
    pair = recipe(
        {
            "pipeline": [
                {"name": "text", "repeat": {"body": ask("gpt", QUOTING), "threshold": 0.9}},
                member("last", "gemini", "Close {{ text }}"),
            ]
        }
    )
    first = writer.process()
    made = first.make(pair)
    sent = len(writer.questions())
    lets_go(first)
    writer.answers("gpt", "Up again.")
    again = writer.process().make(pair)
    assert writer.questions()[sent:] == []
    assert again.draft == made.draft
