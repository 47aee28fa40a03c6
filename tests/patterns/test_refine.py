"""The pattern `refine`, over the wire: who is asked after which judgement, with what, and which draft is kept."""

from __future__ import annotations

from typing import Any

import pytest
from ensemble_rig import CRITERIA, ask, judged_text, judgement, member, recipe
from row_rig import Process

from tasks.calling.failures import CallFailed
from tasks.patterns.ran import RowFailed

START, EDIT, POLISH = "The first text.", "The edited text.", "The polished text."


def refined(
    *stages: dict[str, Any], start: dict[str, Any] | None = None, step: Any = None, **more: Any
) -> str:
    """gpt writes, then gemini edits and spare polishes unless other stages are given; claude judges."""
    stages = stages or (member("edit", "gemini", "Edit."), member("polish", "spare", "Polish."))
    spec = {"start": start or ask("gpt", "Write."), "stages": list(stages), "target": 0.9, **more}
    return recipe({"refine": spec, **(step or {})}, about="Notes for sailors")


@pytest.fixture
def writers(rig):
    for model, text in [("gpt", START), ("gemini", EDIT), ("spare", POLISH)]:
        rig.answers(model, text)
    return rig


def models(rig) -> list[str]:
    return [question.model for question in rig.questions()]


def scored(rig, *scores: float) -> None:
    """What the judge gives, judgement after judgement."""
    rig.answers("claude", *(judgement(score, f"Feedback to {score}.") for score in scores))


def test_the_start_is_judged_before_any_stage_and_enough_asks_none(writers):
    scored(writers, 0.95)
    made = writers.make(refined(), topic="tides")
    assert models(writers) == ["gpt", "claude"]
    assert judged_text(writers.questions()[1]) == START
    assert (made.draft.content, made.draft.score) == (START, 0.95)
    assert made.draft.metadata.warnings == ()


@pytest.mark.parametrize(("target", "asked"), [(0.5, 2), (0.51, 6)])
def test_a_target_that_is_met_exactly_is_met(writers, target, asked):
    scored(writers, 0.5)
    writers.make(refined(target=target))
    assert len(models(writers)) == asked


def test_the_recipes_target_counts_where_the_step_has_none(writers):
    scored(writers, 0.5)
    made = writers.make(refined(target=None).replace('"about"', '"quality": {"target": 0.5}, "about"'))
    assert models(writers) == ["gpt", "claude"]
    assert made.draft.score == 0.5


def test_it_stops_at_the_first_stage_that_meets_the_target(writers):
    scored(writers, 0.4, 0.9, 1.0)
    made = writers.make(refined())
    assert models(writers) == ["gpt", "claude", "gemini", "claude"]
    assert (made.draft.content, made.draft.score) == (EDIT, 0.9)


def test_a_stage_is_told_the_draft_and_the_feedback_that_it_does_not_quote(writers):
    writers.answers("claude", EDIT)
    writers.answers("gemini", judgement(0.4, "Be shorter."))
    writers.make(refined(member("edit", "claude", "Edit."), judge="gemini"), topic="tides")
    (told,) = [question for question in writers.questions() if question.model == "claude"]
    assert told.texts == ("Edit.",)
    assert told.system == (
        "<task>\nNotes for sailors\ntopic: tides\n</task>\n"
        f"<previous_output_draft>\n{START}\n</previous_output_draft>\n<feedback>\nBe shorter.\n</feedback>"
    )


def test_a_stage_may_quote_draft_score_feedback_and_round_and_is_told_them_once(writers):
    scored(writers, 0.25, 0.5, 0.75)
    quoting = "{{ round }}|{{ score }}|{{ draft.score }}|{{ feedback }}|{{ draft }}"
    writers.make(refined(member("edit", "gemini", quoting), member("polish", "spare", quoting)))
    told = [question for question in writers.questions() if question.model in ("gemini", "spare")]
    assert [question.texts[0] for question in told] == [
        f"2|0.25|0.25|Feedback to 0.25.|{START}",
        f"3|0.5|0.5|Feedback to 0.5.|{EDIT}",
    ]
    assert all("Feedback" not in question.system for question in told)
    assert all(START not in question.system and EDIT not in question.system for question in told)


def test_a_later_stage_that_is_worse_never_wins_and_the_next_one_starts_from_the_best(writers):
    scored(writers, 0.6, 0.3, 0.5)
    made = writers.make(
        refined(member("edit", "gemini"), member("polish", "spare", "{{ draft }} {{ feedback }}"))
    )
    assert (made.draft.content, made.draft.score) == (START, 0.6)
    assert writers.questions()[4].texts == (f"{START} Feedback to 0.6.",)


def test_of_equally_good_drafts_the_earlier_is_kept(writers):
    scored(writers, 0.6, 0.6, 0.6)
    assert writers.make(refined()).draft.content == START


@pytest.mark.parametrize(
    "edit",
    [
        member("edit", "broken"),
        member("edit", "gemini", checks=[{"min_words": 99}]),
        member("edit", "gemini", "{{ request.topic.part }}"),
    ],
    ids=["call", "checks", "template"],
)
def test_a_stage_that_fails_is_left_out_and_the_row_says_so(writers, edit):
    writers.models["broken"] = {"provider": "o"}
    writers.fails("broken")
    if "checks" in edit["ask"]:
        edit = {**edit, "checks": edit["ask"].pop("checks")}
    scored(writers, 0.4, 0.8)
    made = writers.make(refined(edit, member("polish", "spare")))
    assert (made.draft.content, made.draft.score) == (POLISH, 0.8)
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: the stage edit failed and was left out: ")


def test_a_stage_whose_condition_does_not_hold_costs_neither_call_nor_judgement(writers):
    scored(writers, 0.4, 0.8)
    skipped = {**member("edit", "gemini"), "when": "score > 0.5"}
    made = writers.make(refined(skipped, member("polish", "spare")))
    assert models(writers) == ["gpt", "claude", "spare", "claude"]
    assert made.draft.metadata.warnings == ()


def test_a_start_that_fails_fails_the_row(writers):
    writers.fails("gpt", "bad_request")
    with pytest.raises(CallFailed, match="bad_request"):
        writers.make(refined())
    assert models(writers) == ["gpt"]


def test_a_start_that_does_not_run_leaves_nothing_to_refine(writers):
    with pytest.raises(RowFailed) as failure:
        writers.make(refined(start={**ask("gpt"), "when": "false"}))
    assert failure.value.error_kind == "empty"
    assert models(writers) == []


def test_without_a_first_judgement_the_start_is_kept_unscored_and_no_stage_is_asked(writers):
    writers.fails("claude")
    made = writers.make(refined())
    assert models(writers) == ["gpt", "claude"]
    assert (made.draft.content, made.draft.score) == (START, None)
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: nobody could judge this: ")
    assert made.tally.notes.judged == []


def test_a_stage_that_nobody_could_judge_does_not_win_and_the_next_one_still_may(writers):
    writers.answers("claude", judgement(0.4), "no", "json", judgement(0.7))
    made = writers.make(refined())
    assert models(writers) == ["gpt", "claude", "gemini", "claude", "claude", "spare", "claude"]
    assert (made.draft.content, made.draft.score) == (POLISH, 0.7)
    assert [each.round for each in made.tally.notes.judged] == [1, 3]


def test_a_draft_that_fails_a_check_costs_no_judgement_and_its_faults_are_the_feedback(writers):
    writers.answers("gpt", "Short.")
    scored(writers, 0.95)
    checked = {"checks": [{"min_words": 3}]}
    made = writers.make(refined(member("edit", "gemini", "{{ score }} {{ feedback }}"), step=checked))
    assert models(writers) == ["gpt", "gemini", "claude"]
    assert writers.questions()[1].texts == ("0.0 has 1 words, needs at least 3",)
    assert (made.draft.content, made.draft.score) == (EDIT, 0.95)


def test_a_best_draft_that_still_fails_the_checks_is_refined_once_more_and_then_fails_the_row(writers):
    checked = {"checks": [{"min_words": 99}]}
    with pytest.raises(RowFailed) as failure:
        writers.make(refined(member("edit", "gemini"), step=checked))
    assert failure.value.error_kind == "checks_failed"
    assert models(writers) == ["gpt", "gemini"] * 2
    assert "needs at least 99" in writers.questions()[2].system


def test_the_judge_is_of_another_family_than_every_writer_unless_somebody_says_who_judges(writers):
    judging = judgement(1.0)
    writers.answers("gemini", judging)
    writers.answers("claude", judging)
    writers.make(refined(member("edit", "claude")))
    assert models(writers)[-1] == "gemini", "gpt writes, and claude would"
    writers.make(
        refined(member("edit", "spare")).replace('"about"', '"quality": {"judge": "claude"}, "about"')
    )
    assert models(writers)[-1] == "claude", "whom the recipe names"
    writers.make(refined(member("edit", "spare"), judge="gemini"))
    assert models(writers)[-1] == "gemini", "whom the step names"


def test_judges_in_a_list_stand_in_for_one_another_and_the_one_that_judged_is_noted(writers):
    writers.fails("gemini", "model_missing")
    scored(writers, 0.95)
    made = writers.make(refined(judge=["gemini", "claude"]))
    assert models(writers) == ["gpt", "gemini", "claude"]
    (judged,) = made.tally.notes.judged
    assert (judged.judgement.judge, judged.judgement.score) == ("claude", 0.95)


def test_every_judgement_is_noted_with_its_step_its_round_and_its_criteria(writers):
    writers.answers("claude", judgement(0.4, tone=0.8), judgement(0.6))
    made = writers.make(refined(member("edit", "gemini")))
    judged = made.tally.notes.judged
    assert [(each.step, each.round) for each in judged] == [("start", 1), ("edit", 2)]
    assert judged[0].judgement.by == dict.fromkeys(CRITERIA, 0.4) | {"tone": 0.8}
    assert judged[0].judgement.score == pytest.approx(0.5)
    assert [(each["path"], each["quality"]) for each in made.tally.steps] == [
        ("start", pytest.approx(0.5)),
        ("judge", None),
        ("edit", pytest.approx(0.6)),
        ("judge", None),
    ]


def test_the_result_may_name_every_stage_and_one_that_did_not_run_is_empty(writers):
    scored(writers, 0.4, 0.95)
    names = {"first": "{{ text }}", "edited": "{{ edit }}", "last": "{{ polish }}"}
    made = writers.make(refined(start={"name": "text", **ask("gpt")}, step={"result": {"data": names}}))
    assert made.draft.data == {"first": START, "edited": EDIT, "last": ""}
    assert made.draft.score == 0.95


def test_a_stages_data_come_with_its_text(writers):
    writers.answers("gemini", '{"content": "The text.", "title": "T"}')
    scored(writers, 0.4, 0.95)
    made = writers.make(refined(member("edit", "gemini", format="json")))
    assert (made.draft.content, made.draft.data) == ("The text.", {"title": "T"})


@pytest.mark.parametrize("lets_go", [Process.die, Process.upload], ids=["journalled", "uploaded"])
def test_a_stage_left_out_because_its_provider_was_down_stays_out_in_a_replay(writers, lets_go):
    """Once it is up again it would answer, and what came after it would be paid for again."""
    writers.models["shaky"] = {"provider": "o"}
    writers.fails("shaky", "server_error")
    scored(writers, 0.4, 0.8)
    whole = refined(member("edit", "shaky"), member("polish", "spare"))
    first = writers.process()
    made = first.make(whole)
    sent = len(writers.questions())
    lets_go(first)
    writers.answers("shaky", "Up again.")
    again = writers.process().make(whole)
    assert writers.questions()[sent:] == []
    assert again.draft == made.draft
    assert again.draft.content == POLISH
