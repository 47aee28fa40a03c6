"""Ensembles that take several rounds (debate), and ensembles inside one another (layers), over the wire."""

from __future__ import annotations

import json

import pytest
from ensemble_rig import TIDES, WINDS, asked, asked_of, claims, ensemble, judgement, member, recipe
from row_rig import Process

TWO = (member("gpt"), member("claude"))
FAR = claims(("A.", [1], [2]), ("B.", [2], []))
NEAR = claims(("A.", [1, 2], []))


def test_members_that_differ_read_one_another_until_they_agree(rig):
    rig.answers("gpt", "17", "42")
    rig.answers("claude", "42")
    made = rig.make(ensemble(*TWO, max_rounds=5))
    assert asked(rig) == ["claude", "claude", "gpt", "gpt"]
    assert made.draft.content == "42"
    assert made.draft.data["best_individual"]["agreement"] == 1.0


def test_each_is_told_the_others_answers_and_its_own_in_the_form_it_likes(rig):
    rig.answers("gpt", "17", "42")
    rig.answers("claude", "42")
    rig.answers("gemini", "43", "42")
    rig.make(ensemble(*TWO, member("gemini"), max_rounds=2), topic="tides")
    by_model = {name: asked_of(rig, name)[1].system for name in ("gpt", "claude", "gemini")}
    assert by_model["gpt"] == (
        "## Task\ntopic: tides\n\n## Previous output own answer\n17\n\n"
        "## Answer of another model 1\n42\n\n## Answer of another model 2\n43"
    )
    assert "<previous_output_own_answer>\n42\n</previous_output_own_answer>" in by_model["claude"]
    assert "<answer_of_another_model_1>\n17\n</answer_of_another_model_1>" in by_model["claude"]
    assert json.loads(by_model["gemini"]) == {
        "task": "topic: tides",
        "previous_output_own_answer": "43",
        "answer_of_another_model_1": "17",
        "answer_of_another_model_2": "42",
    }
    assert all(asked_of(rig, name)[0].system == "" for name in by_model)


def test_a_prompt_may_quote_the_others_and_the_round_itself(rig):
    rig.answers("gpt", "17")
    rig.answers("claude", "42")
    quoting = "{{ round }}:{% for each in members %} {{ each }}{% endfor %}"
    rig.make(ensemble(member("gpt", prompt=quoting), member("claude"), max_rounds=2))
    first, second = asked_of(rig, "gpt")
    assert (first.texts, second.texts) == (("1:",), ("2: 42",))
    assert "Answer of another" not in second.system


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_a_debate_without_agreement_ends_at_its_last_round(rig, rounds):
    rig.answers("gpt", "17")
    rig.answers("claude", "42")
    made = rig.make(ensemble(*TWO, max_rounds=rounds))
    assert len(rig.questions()) == 2 * rounds
    assert (made.draft.content, made.draft.data["best_individual"]["agreement"]) == ("17", 0.5)


def test_members_of_one_mind_have_no_second_round(rig):
    rig.answers("gpt", "42")
    rig.answers("claude", "42.0")
    rig.make(ensemble(*TWO, max_rounds=5))
    assert len(rig.questions()) == 2


def test_a_member_that_is_left_alone_does_not_debate_with_itself(rig):
    rig.answers("gpt", "42")
    rig.fails("claude")
    rig.make(ensemble(*TWO, max_rounds=5))
    assert asked(rig) == ["claude", "gpt"]
    rig.simulator.reset()
    rig.answers("gpt", "17", "42")
    rig.make(ensemble(member("gpt", samples=2, temperature=1), max_rounds=5))
    assert asked(rig) == ["gpt", "gpt"]


@pytest.mark.parametrize("ends", [Process.die, Process.upload], ids=["journalled", "uploaded"])
def test_a_member_that_fails_in_a_later_round_keeps_its_answer(rig, ends):
    debate = ensemble(*TWO, member("gemini"), max_rounds=2)
    rig.answers("gpt", "17")
    rig.answers("claude", "42")
    rig.answers("gemini", "42")
    rig.fails("gemini", "server_error", prompt="own_answer")
    first = rig.process()
    made = first.make(debate)
    assert made.draft.content == "42"
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: gemini dropped out: ")
    assert made.draft.data["best_individual"]["agreement"] == pytest.approx(2 / 3)
    ends(first)
    rig.simulator.reset()
    rig.answers("*", "1")
    again = rig.process().make(debate)
    assert rig.questions() == []
    assert again.draft == made.draft


def test_who_has_dropped_out_before_does_not_come_back_for_the_next_round(rig):
    rig.answers("gpt", "17")
    rig.answers("claude", "42")
    rig.fails("gemini")
    rig.make(ensemble(*TWO, member("gemini"), max_rounds=3))
    assert asked(rig) == ["claude"] * 3 + ["gemini"] + ["gpt"] * 3


def test_killed_between_two_rounds_only_the_second_is_asked(rig):
    rig.answers("gpt", "17")
    rig.answers("claude", "42")
    first = rig.process()
    first.make(ensemble(*TWO, max_rounds=1))
    first.die()
    sent = len(rig.questions())
    rig.process().make(ensemble(*TWO, max_rounds=2))
    assert [bool(question.system) for question in rig.questions()[sent:]] == [True, True]


@pytest.mark.parametrize(
    ("target", "compared", "rounds"), [(0.9, [FAR, NEAR], 2), (0.9, [FAR], 3), (0.0, [FAR], 1)]
)
def test_prose_is_debated_until_as_much_is_agreed_as_the_recipes_target(rig, target, compared, rounds):
    rig.answers("gpt", TIDES)
    rig.answers("claude", WINDS)
    rig.answers("gemini", judgement(0.5), prompt="<text>")
    rig.answers("gemini", *compared, prompt="<answer number")
    make = {"ensemble": {"members": list(TWO), "max_rounds": 3, "combine": "consensus"}}
    made = rig.make(recipe(make, quality={"target": target, "judge": "gemini"}))
    assert len(asked_of(rig, "gpt")) == rounds
    agreement = 1.0 if compared[-1] == NEAR and rounds > 1 else 0.0
    assert made.draft.data["consensus"]["agreement"] == agreement


def layered(inner_members, **outer):
    inner = {"name": "inner", "ensemble": {"members": inner_members}}
    return ensemble(inner, member("last", "gemini"), **outer)


def test_ensembles_nest_and_the_inner_winner_votes_in_the_outer(rig):
    rig.answers("gpt", "17")
    rig.answers("claude", "17")
    rig.answers("spare", "42")
    rig.answers("gemini", "42")
    made = rig.make(layered([member("gpt"), member("claude"), member("spare")]))
    assert made.draft.content == "17"
    assert made.draft.data["best_individual"]["member"] == "inner"
    assert sorted(each["path"] for each in made.tally.steps) == [
        "inner/claude",
        "inner/gpt",
        "inner/spare",
        "last",
    ]


def test_a_nested_ensemble_of_prose_is_judged_as_prose(rig):
    rig.answers("gpt", TIDES)
    rig.answers("gemini", WINDS)
    rig.answers("spare", judgement(0.3), prompt="<text>[^$]*Moon")
    rig.answers("spare", judgement(0.8), prompt="<text>[^$]*waves")
    made = rig.make(layered([member("gpt")], judge="spare"))
    assert made.draft.data["best_individual"] == {
        "member": "last",
        "content": WINDS,
        "score": pytest.approx(0.8),
        "by": "judge",
        "agreement": None,
    }


def test_members_of_a_nested_ensemble_hear_the_outer_debate(rig):
    rig.answers("gpt", "17")
    rig.answers("gemini", "42")
    rig.make(layered([member("gpt")], max_rounds=2))
    heard = asked_of(rig, "gpt")[1].system
    assert "## Answer of another model 1\n42" in heard
    assert "## Previous output own answer\n17" in heard


def test_a_layer_may_pass_its_answers_on_to_the_next(rig):
    """Mixture of agents: a pipeline of two ensembles."""
    rig.answers("gpt", "17", "43")
    rig.answers("claude", "17", "43")
    layers = [
        {"name": "one", "ensemble": {"members": list(TWO)}},
        {"name": "two", "ensemble": {"members": [member("gpt"), member("claude", prompt="After {{ one }}")]}},
    ]
    made = rig.make(recipe({"pipeline": layers}))
    assert "## Previous output one\n17" in asked_of(rig, "gpt")[1].system
    assert asked_of(rig, "claude")[1].texts == ("After 17",)
    assert made.draft.content == "43"


def test_a_nested_ensemble_below_its_quorum_is_a_member_that_dropped_out(rig):
    rig.answers("gpt", "17")
    rig.answers("gemini", "42")
    rig.fails("claude")
    inner = {"name": "inner", "ensemble": {"members": list(TWO), "quorum": 2}}
    made = rig.make(ensemble(inner, member("last", "gemini")))
    assert made.draft.content == "42"
    assert "inner dropped out" in made.draft.metadata.warnings[-1]
