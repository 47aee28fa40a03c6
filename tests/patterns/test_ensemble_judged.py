"""The vote of an ensemble on prose: each text judged on its own, or the one most like the others; and no judge to be had."""

from __future__ import annotations

import json

import pytest
from ensemble_rig import (
    DEPTH,
    TIDES,
    WINDS,
    asked,
    asked_of,
    ensemble,
    judged_text,
    judgement,
    member,
    recipe,
)
from row_rig import Process

from deployments.simulator.config import Script, Scripted

TWO = (member("gpt"), member("claude"))


@pytest.fixture
def prose(rig):
    """`gpt` writes of tides, `claude` of winds; `gemini` judges."""
    rig.answers("gpt", TIDES)
    rig.answers("claude", WINDS)
    return rig


def scores(rig, tides, winds):
    """The judge's scripts are by the text that it is shown."""
    rig.answers("gemini", judgement(tides), prompt="follow the Moon")
    rig.answers("gemini", judgement(winds), prompt="makes the waves")


@pytest.mark.parametrize(("tides", "winds", "member_"), [(0.9, 0.6, "gpt"), (0.6, 0.9, "claude")])
def test_the_text_that_a_judge_scores_best_wins_with_its_score(prose, tides, winds, member_):
    scores(prose, tides, winds)
    made = prose.make(ensemble(*TWO))
    assert made.draft.content == {"gpt": TIDES, "claude": WINDS}[member_]
    assert made.draft.score == pytest.approx(0.9)
    assert made.draft.data["best_individual"] == {
        "member": member_,
        "content": made.draft.content,
        "score": pytest.approx(0.9),
        "by": "judge",
        "agreement": None,
    }


def test_a_judge_of_another_family_sees_each_text_on_its_own_and_not_who_wrote_it(prose):
    scores(prose, 0.9, 0.6)
    prose.make(ensemble(*TWO, step={"expects": "two lines"}), topic="tides")
    questions = asked_of(prose, "gemini")
    assert sorted(map(judged_text, questions)) == sorted([TIDES, WINDS])
    for question in questions:
        assert question.texts[0].startswith(
            "<expected_form>\ntwo lines\n</expected_form>\n<task>\ntopic: tides\n"
        )
        assert not any(name in str(question.body) for name in ("gpt", "claude"))
        assert question.body["generationConfig"]["temperature"] == 0.0
    assert asked(prose) == ["claude", "gemini", "gemini", "gpt"]


def test_the_texts_are_judged_at_once(prose):
    prose.simulator.script(
        Script(model="gemini", replies=(Scripted(text=judgement(0.5), latency_seconds=0.15),))
    )
    prose.answers("spare", DEPTH)
    prose.make(ensemble(*TWO, member("spare")))
    assert prose.simulator.stats()["highest_concurrency"] == 3


def test_of_equal_scores_the_first_listed_wins(prose):
    scores(prose, 0.7, 0.7)
    assert prose.make(ensemble(*TWO)).draft.content == TIDES
    assert prose.make(ensemble(*reversed(TWO))).draft.content == WINDS


def test_equal_texts_are_judged_once(rig):
    rig.answers("gpt", TIDES)
    rig.answers("claude", TIDES)
    rig.answers("gemini", judgement(0.8))
    made = rig.make(ensemble(*TWO))
    assert asked(rig) == ["claude", "gemini", "gpt"]
    assert (made.draft.content, made.draft.score) == (TIDES, pytest.approx(0.8))
    assert made.draft.data["best_individual"]["member"] == "gpt"


def test_every_judgement_is_noted_with_its_step_and_gives_the_members_call_its_quality(prose):
    scores(prose, 0.9, 0.6)
    vote = {"name": "vote", "ensemble": {"members": [member("a", "gpt"), member("b", "claude")]}}
    made = prose.make(recipe({"pipeline": [vote]}))
    notes = made.tally.notes
    assert sorted(
        (each.step, each.round, each.judgement.score, each.judgement.judge) for each in notes.judged
    ) == [
        ("vote/a", 1, pytest.approx(0.9), "gemini"),
        ("vote/b", 1, pytest.approx(0.6), "gemini"),
    ]
    quality = {each["path"]: each["quality"] for each in notes.steps}
    assert quality == {
        "vote/a": pytest.approx(0.9),
        "vote/b": pytest.approx(0.6),
        "vote/a/judge": None,
        "vote/b/judge": None,
    }


def test_each_sample_is_judged_and_noted_as_its_members(prose):
    prose.answers("gpt", TIDES, DEPTH)
    prose.answers("gemini", judgement(0.8), prompt="sea floor decides")
    prose.answers("gemini", judgement(0.4), prompt="follow the Moon")
    made = prose.make(ensemble(member("gpt", samples=2, temperature=1), judge="gemini"))
    assert made.draft.content == DEPTH
    assert made.draft.data["best_individual"]["member"] == "gpt 2"
    assert sorted((each.step, each.judgement.score) for each in made.tally.notes.judged) == [
        ("gpt", pytest.approx(0.4)),
        ("gpt", pytest.approx(0.8)),
    ]


def test_prose_with_data_beside_it_is_prose(rig):
    """A majority of such data would decide by what stands beside the text."""
    rig.answers("gpt", json.dumps({"content": TIDES, "n": 1}))
    rig.answers("claude", json.dumps({"content": WINDS, "n": 2}))
    scores(rig, 0.3, 0.8)
    made = rig.make(ensemble(member("gpt", format="json"), member("claude", format="json")))
    assert (made.draft.content, made.draft.data["n"]) == (WINDS, 2)
    assert made.draft.data["best_individual"]["by"] == "judge"


def test_the_judge_that_the_ensemble_names_goes_before_the_recipes(prose):
    prose.answers("spare", judgement(0.8))
    prose.make(ensemble(*TWO, judge="spare"))
    assert asked(prose) == ["claude", "gpt", "spare", "spare"]
    prose.simulator.reset()
    prose.answers("gpt", TIDES)
    prose.answers("claude", WINDS)
    prose.answers("gpt", judgement(0.8), prompt="<text>")
    prose.make(recipe({"ensemble": {"members": [*TWO]}}, quality={"judge": ["gpt"]}))
    assert asked(prose) == ["claude", "gpt", "gpt", "gpt"]


def test_short_answers_are_judged_where_the_recipe_says_so(rig):
    rig.answers("gpt", "17")
    rig.answers("claude", "17")
    rig.answers("spare", "42")
    rig.answers("gemini", judgement(0.2), prompt="17")
    rig.answers("gemini", judgement(0.9), prompt="42")
    made = rig.make(ensemble(*TWO, member("spare"), by="judge"))
    assert made.draft.content == "42"
    assert len(asked_of(rig, "gemini")) == 2


def test_prose_can_be_put_to_the_vote_word_by_word(rig):
    rig.answers("gpt", WINDS)
    rig.answers("claude", TIDES)
    rig.answers("spare", TIDES.upper().replace("\n", "  \n"))
    made = rig.make(ensemble(*TWO, member("spare"), by="majority"))
    assert (made.draft.content, len(rig.questions())) == (TIDES, 3)


def test_by_similarity_the_text_most_like_the_others_wins_and_nobody_is_asked(rig):
    rig.answers("gpt", "Completely different matters: budget, staff, offices.\nNothing else.")
    rig.answers("claude", TIDES)
    rig.answers("spare", TIDES)
    made = rig.make(ensemble(*TWO, member("spare"), by="similarity"))
    assert len(rig.questions()) == 3
    assert made.draft.content == TIDES
    assert made.draft.data["best_individual"]["by"] == "similarity"


def test_a_draft_that_fails_the_ensembles_checks_costs_no_judge_and_does_not_win(prose):
    prose.answers("gemini", judgement(0.1))
    made = prose.make(ensemble(*TWO, step={"checks": [{"mentions": ["wind"]}]}))
    (question,) = asked_of(prose, "gemini")
    assert judged_text(question) == WINDS
    assert (made.draft.content, made.draft.score) == (WINDS, pytest.approx(0.1))


@pytest.mark.parametrize("ends", [Process.die, Process.upload], ids=["journalled", "uploaded"])
@pytest.mark.parametrize("kind", ["server_error", "content_filter", "model_missing"])
def test_without_a_judge_the_most_skilled_wins_and_a_replay_asks_nobody_again(prose, kind, ends):
    prose.models = {"gpt": {"strengths": {"writing": 0.8}}, "claude": {"strengths": {"writing": 0.9}}}
    prose.fails("gemini", kind)
    first = prose.process()
    made = first.make(ensemble(*TWO))
    assert (made.draft.content, made.draft.score) == (WINDS, None)
    assert made.draft.data["best_individual"]["by"] == "skill"
    *nobody, taken = made.draft.metadata.warnings
    assert len(nobody) == 2
    assert all("nobody could judge this: g: gemini: " in each for each in nobody)
    assert taken.startswith("make: no judge, so the answer of the member that is known to be best was taken")
    ends(first)
    prose.simulator.reset()
    scores(prose, 0.9, 0.1)
    again = prose.process().make(ensemble(*TWO))
    assert prose.questions() == []
    assert again.draft.content == WINDS
    assert sorted(again.draft.metadata.warnings) == sorted(made.draft.metadata.warnings)


def test_without_a_judge_and_without_known_skills_the_first_listed_wins(prose):
    prose.fails("gemini")
    assert prose.make(ensemble(*TWO)).draft.content == TIDES


def test_a_text_that_could_not_be_judged_does_not_win_over_one_that_was(prose):
    prose.fails("gemini", prompt="follow the Moon")
    prose.answers("gemini", judgement(0.1), prompt="makes the waves")
    made = prose.make(ensemble(*TWO))
    assert (made.draft.content, made.draft.score) == (WINDS, pytest.approx(0.1))
    assert len(made.draft.metadata.warnings) == 1


def test_a_judge_that_gives_no_json_is_told_so_once_and_may_put_it_right(prose):
    prose.answers("gemini", "Both are fine.", judgement(0.8), prompt="follow the Moon")
    prose.answers("gemini", judgement(0.3), prompt="makes the waves")
    made = prose.make(ensemble(*TWO))
    assert (made.draft.content, made.draft.metadata.warnings) == (TIDES, ())
    again = next(question for question in asked_of(prose, "gemini") if len(question.texts) == 3)
    assert again.texts[1] == "Both are fine."
    assert "it is not valid JSON" in again.texts[2]


def test_a_judge_that_gives_no_json_twice_is_down_for_that_text(prose):
    scores(prose, 0.8, 0.3)
    prose.answers("gemini", "Fine.", '{"scores": {}}', prompt="follow the Moon")
    made = prose.make(ensemble(*TWO))
    assert made.draft.content == WINDS
    (warning,) = made.draft.metadata.warnings
    assert "nobody could judge this: gemini: no_parse" in warning
    assert len(asked_of(prose, "gemini")) == 3
