"""The pattern `ensemble` and its vote on short and structured answers, over the wire: no judge is asked."""

from __future__ import annotations

import json

import pytest
from ensemble_rig import asked, ensemble, member, recipe

from tasks.choosing.estimates import Observed, learnt
from tasks.patterns.ran import RowFailed

THREE = (member("gpt"), member("claude"), member("gemini"))
WEAK = ("weak1", "weak2", "weak3")


def say(rig, **texts):
    for model, text in texts.items():
        rig.answers(model, text)


def best(made):
    return made.draft.data["best_individual"]


def weighted(rig, weak, strong):
    rig.models = {name: {"strengths": {"math": weak}} for name in WEAK}
    rig.models["strong"] = {"strengths": {"math": strong, "code": strong}}
    say(rig, weak1="17", weak2="17", weak3="17", strong="42")
    return rig.make(ensemble(*map(member, WEAK), member("strong")))


@pytest.mark.parametrize(
    ("texts", "content"),
    [
        (("41", "$42", "The answer is 42."), "$42"),
        (("(A)", "B", "Answer: B"), "B"),
        (('{"x": 1}', '{"x": 2, "y": [1]}', '{"y": [1], "x": 2.0}'), '{"x": 2, "y": [1]}'),
        (("Oslo", "**Paris**", "paris."), "**Paris**"),
        (("Yes.", "no", "Long thought.\nMore of it.\nAnswer: No"), "no"),
    ],
)
def test_most_members_win_however_each_writes_its_answer(rig, texts, content):
    say(rig, **dict(zip(("gpt", "claude", "gemini"), texts, strict=True)))
    made = rig.make(ensemble(*THREE))
    assert asked(rig) == ["claude", "gemini", "gpt"]
    assert made.draft.content == content
    assert best(made) == {
        "member": "claude",
        "content": content,
        "score": None,
        "by": "majority",
        "agreement": pytest.approx(2 / 3),
    }
    assert (made.draft.score, made.draft.metadata.warnings, made.tally.notes.judged) == (None, (), [])


def test_each_member_is_asked_its_own_prompt_and_knows_of_no_other(rig):
    say(rig, gpt="1", claude="1")
    rig.make(
        ensemble(member("gpt", prompt="{{ request.topic }}?"), member("claude", prompt="{{ members }}!")),
        topic="t",
    )
    assert sorted((q.model, q.system, q.texts) for q in rig.questions()) == [
        ("claude", "", ("[]!",)),
        ("gpt", "", ("t?",)),
    ]


def test_objects_are_voted_on_field_by_field(rig):
    """`claude` shares a field with each of the others, which share none with one another."""
    say(rig, gpt='{"a": 1, "b": 1}', claude='{"a": 1, "b": 2}', gemini='{"a": 3, "b": 2}')
    structured = [member(name, format="json") for name in ("gpt", "claude", "gemini")]
    made = rig.make(ensemble(*structured))
    assert best(made)["member"] == "claude"
    assert {name: made.draft.data[name] for name in ("a", "b")} == {"a": 1, "b": 2}


def test_what_stands_beside_a_short_answer_does_not_count_in_the_vote(rig):
    for model, answer, why in [("gpt", "C", "x"), ("claude", "B", "x"), ("gemini", "(B)", "y")]:
        rig.answers(model, json.dumps({"content": answer, "why": why}))
    made = rig.make(ensemble(*(member(name, format="json") for name in ("gpt", "claude", "gemini"))))
    assert (made.draft.content, made.draft.data["why"]) == ("B", "x")


def test_three_weak_members_do_not_outvote_a_strong_one(rig):
    made = weighted(rig, weak=0.6, strong=0.95)
    assert (made.draft.content, best(made)["member"]) == ("42", "strong")


def test_three_good_members_outvote_a_better_one(rig):
    made = weighted(rig, weak=0.8, strong=0.95)
    assert (made.draft.content, best(made)["member"]) == ("17", "weak1")


def test_a_member_of_whom_nothing_is_known_counts_as_much_as_the_weakest(rig):
    rig.models = {"gpt": {"strengths": {"math": 0.9}}, "claude": {"strengths": {"math": 0.6}}}
    say(rig, gpt="1", claude="2", gemini="2")
    assert rig.make(ensemble(*THREE)).draft.content == "1"


def test_a_member_known_to_be_much_weaker_is_named_once(rig):
    rig.models = {"gpt": {"strengths": {"math": 0.9}}, "claude": {"strengths": {"math": 0.6}}}
    say(rig, gpt="1", claude="1", gemini="1")
    made = rig.make(ensemble(member("gpt"), member("claude", samples=3, temperature=1), member("gemini")))
    assert made.draft.metadata.warnings == (
        "make: claude is known to be much weaker (0.60, the best 0.90): it can only harm",
    )


def test_a_members_skill_is_that_of_the_model_asked_first_for_its_last_text(rig):
    rig.models = {"gpt": {"strengths": {"math": 0.9}}, "claude": {"strengths": {"math": 0.6}}}
    say(rig, gpt="1", claude="2", gemini="2")
    steps = [member(f"s{n}", model) for n, model in enumerate(["claude", "gpt", "gemini", "gpt"])]
    made = rig.make(
        ensemble(
            {"name": "a", "pipeline": steps},
            member("b", ["claude", "gpt"]),
            member("c", ["gemini", "gpt"]),
        )
    )
    assert made.draft.content == "1"
    assert len(made.draft.metadata.warnings) == 1


@pytest.mark.parametrize("texts", [("1", "2", "3"), ("3", "1", "2")])
def test_of_equally_many_votes_the_first_listed_wins(rig, texts):
    say(rig, **dict(zip(("gpt", "claude", "gemini"), texts, strict=True)))
    made = rig.make(ensemble(*THREE))
    assert (best(made)["member"], made.draft.content) == ("gpt", texts[0])
    assert best(made)["agreement"] == pytest.approx(1 / 3)


def test_when_all_are_of_one_mind_the_first_is_the_content_and_nobody_judges(rig):
    say(rig, gpt="42", claude="42.0", gemini="It is. Answer: 42")
    made = rig.make(ensemble(*THREE))
    assert len(rig.questions()) == 3
    assert (made.draft.content, best(made)["agreement"]) == ("42", 1.0)


def test_samples_of_one_member_vote_each_for_itself(rig):
    """Self-consistency: three samples of one model against one of another."""
    rig.answers("gpt", "7", "8", "8")
    rig.answers("claude", "7")
    made = rig.make(ensemble(member("gpt", samples=3, temperature=1), member("claude")))
    assert asked(rig) == ["claude", "gpt", "gpt", "gpt"]
    assert best(made)["agreement"] == 0.5
    assert made.draft.content == "7"
    rig.simulator.reset()
    rig.answers("gpt", "7", "8", "8")
    rig.answers("claude", "8")
    made = rig.make(ensemble(member("gpt", samples=3, temperature=1), member("claude")))
    assert (best(made)["member"], best(made)["agreement"]) == ("gpt 2", 0.75)


def test_a_sample_that_wins_brings_its_own_data_and_no_list_of_samples(rig):
    rig.answers("gpt", '{"x": 1}', '{"x": 2}', '{"x": 2}')
    made = rig.make(ensemble(member("gpt", samples=3, temperature=1, format="json")))
    assert set(made.draft.data) == {"x", "best_individual"}
    assert made.draft.data["x"] == 2
    assert best(made)["agreement"] == pytest.approx(2 / 3)


def test_a_list_that_wins_gets_a_name_in_the_data(rig):
    say(rig, gpt="[1, 2]", claude="[1, 2]")
    made = rig.make(ensemble(member("gpt", format="json"), member("claude", format="json")))
    assert made.draft.data["items"] == [1, 2]


def test_checks_of_an_ensemble_see_the_answer_and_not_what_the_ensemble_adds(rig):
    shape = {"type": "object", "properties": {"x": {}}, "additionalProperties": False}
    say(rig, gpt='{"x": 1}', claude='{"x": 1}')
    members = (member("gpt", format="json"), member("claude", format="json"))
    made = rig.make(ensemble(*members, step={"checks": [{"json_schema": shape}]}))
    assert made.draft.data["x"] == 1
    rig.simulator.reset()
    say(rig, gpt="plain", claude="plain")
    plain = (member("gpt"), member("claude"))
    assert rig.make(ensemble(*plain, step={"checks": [{"is_json": False}]})).draft.content == "plain"
    with pytest.raises(RowFailed, match="is not valid JSON"):
        rig.make(ensemble(*plain, step={"checks": [{"is_json": True}]}))


def test_a_failed_check_has_all_members_answer_again_knowing_why(rig):
    say(rig, claude="one two three", gemini="one two three")
    rig.answers("gpt", "one", "one two three")
    made = rig.make(
        ensemble(member("gpt"), member("claude", prompt="Yes."), step={"checks": [{"min_words": 3}]})
    )
    assert asked(rig) == ["claude", "claude", "gpt", "gpt"]
    assert all("has 1 words, needs at least 3" in q.system for q in rig.questions()[2:])
    assert made.draft.content == "one two three"


def test_a_later_step_reads_the_content_and_what_the_ensemble_adds(rig):
    say(rig, gpt="42", claude="42", gemini="done")
    vote = {"name": "vote", "ensemble": {"members": [member("a", "gpt"), member("b", "claude")]}}
    shown = "{{ vote }} {{ vote.data.best_individual.member }} {{ vote.score is none }}"
    made = rig.make(recipe({"pipeline": [vote, member("end", "gemini", shown)]}))
    assert rig.questions()[2].texts == ("42 a true",)
    assert [step["path"] for step in made.tally.steps[2:]] == ["end"]
    assert sorted(step["path"] for step in made.tally.steps[:2]) == ["vote/a", "vote/b"]


def test_what_past_nights_saw_of_a_member_weighs_more_than_its_catalog_entry(rig):
    rig.estimates = learnt([Observed(name, judged=500, quality=0.55) for name in WEAK], 1)
    made = weighted(rig, weak=0.9, strong=0.95)
    assert made.draft.content == "42"
