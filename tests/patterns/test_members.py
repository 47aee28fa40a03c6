"""Members of an ensemble: all at once, who fails drops out, enough must answer, and a replay asks no more than it must."""

from __future__ import annotations

import pytest
from ensemble_rig import asked, ensemble, member
from row_rig import Process

from deployments.simulator.config import Script, Scripted
from tasks.calling.failures import CallFailed
from tasks.landing.outputs import RETRYABLE
from tasks.patterns.ran import RowFailed
from tasks.storing.errors import RowDeferred

THREE = (member("gpt"), member("claude"), member("gemini"))
ENDS = pytest.mark.parametrize("ends", [Process.die, Process.upload], ids=["journalled", "uploaded"])


def all_say(rig, text="42"):
    rig.answers("*", text)


def test_members_are_asked_at_once(rig):
    models = [f"m{number}" for number in range(1, 7)]
    rig.models = {name: {} for name in models}
    slow = Scripted(text="42", latency_seconds=0.15)
    rig.simulator.script(Script(replies=(slow,)))
    rig.make(ensemble(*map(member, models)))
    assert rig.simulator.stats()["highest_concurrency"] == 6
    assert asked(rig) == models


def test_steps_inside_a_member_are_asked_one_after_another(rig):
    rig.simulator.script(Script(replies=(Scripted(text="42", latency_seconds=0.05),)))
    steps = [member("x", "gpt"), member("y", "gpt", "{{ x }}")]
    rig.make(ensemble({"name": "a", "pipeline": steps}, member("b", "claude")))
    assert [question.texts for question in rig.questions()][2:] == [("42",)]
    assert rig.simulator.stats()["highest_concurrency"] == 2


def test_a_member_that_fails_drops_out_and_the_row_says_so(rig):
    all_say(rig)
    rig.fails("claude")
    made = rig.make(ensemble(*THREE))
    assert made.draft.content == "42"
    (warning,) = made.draft.metadata.warnings
    assert warning.startswith("make: claude dropped out: a: claude: content_filter (HTTP 400): ")
    assert made.draft.data["best_individual"]["agreement"] == 1.0


def test_a_member_whose_answer_fails_its_checks_drops_out(rig):
    all_say(rig)
    made = rig.make(ensemble(*THREE[:2], member("gemini") | {"checks": [{"min_words": 3}]}))
    assert made.draft.metadata.warnings == (
        "make: gemini dropped out: step gemini: has 1 words, needs at least 3",
    )


def test_a_member_whose_prompt_cannot_be_filled_in_drops_out(rig):
    all_say(rig)
    made = rig.make(ensemble(*THREE[:2], member("gemini", prompt="{{ request.topic.x }}")))
    assert asked(rig) == ["claude", "gpt"]
    (warning,) = made.draft.metadata.warnings
    assert "gemini dropped out: cannot fill in" in warning


@pytest.mark.parametrize(
    ("fault", "kind"), [("server_error", "server_error"), ("reset", "connection"), ("not_json", "bad_body")]
)
def test_a_row_below_the_quorum_fails_of_the_kind_that_lets_another_night_retry_it(rig, fault, kind):
    all_say(rig)
    rig.fails("claude", fault)
    rig.fails("gemini", fault)
    with pytest.raises(CallFailed, match="make: 1 members answered, 2 are needed") as failure:
        rig.make(ensemble(*THREE))
    assert (failure.value.kind, failure.value.error_kind) == ("row_fails", kind)
    assert kind in RETRYABLE


def test_a_row_below_the_quorum_for_its_checks_fails_as_quorum(rig):
    all_say(rig)
    long = {"checks": [{"min_words": 3}]}
    with pytest.raises(RowFailed, match="has 1 words, needs at least 3") as failure:
        rig.make(ensemble(member("gpt"), member("claude") | long, member("gemini") | long))
    assert failure.value.error_kind == "quorum"


def test_a_row_below_the_quorum_asks_all_anew_the_next_time(rig):
    """Nothing is journalled of members that a failed row lost: they may be up when it is retried."""
    all_say(rig)
    rig.fails("claude", "server_error")
    rig.fails("gemini", "server_error")
    first = rig.process()
    with pytest.raises(CallFailed):
        first.make(ensemble(*THREE))
    first.die()
    rig.simulator.reset()
    all_say(rig)
    again = rig.process().make(ensemble(*THREE))
    assert asked(rig) == ["claude", "gemini"]
    assert again.draft.metadata.warnings == ()


@pytest.mark.parametrize(("quorum", "content"), [(1, "42"), (2, None)])
def test_the_recipe_may_say_how_many_are_enough(rig, quorum, content):
    all_say(rig)
    rig.fails("claude")
    rig.fails("gemini")
    recipe = ensemble(*THREE, quorum=quorum)
    if content is None:
        with pytest.raises(CallFailed, match=f"{quorum} are needed"):
            rig.make(recipe)
    else:
        assert rig.make(recipe).draft.content == content


def test_of_two_members_one_is_enough_and_a_lone_one_is_needed(rig):
    all_say(rig)
    rig.fails("claude")
    assert rig.make(ensemble(*THREE[:2])).draft.content == "42"
    with pytest.raises(CallFailed, match="0 members answered, 1 are needed"):
        rig.make(ensemble(member("claude")))


def test_a_member_whose_condition_does_not_hold_is_not_asked_nor_missed(rig):
    all_say(rig)
    rig.fails("gemini")
    skipped = member("claude") | {"when": "request.topic == 'tides'"}
    made = rig.make(ensemble(member("gpt"), skipped, member("gemini")))
    assert asked(rig) == ["gemini", "gpt"]
    assert [warning.split(":")[1] for warning in made.draft.metadata.warnings] == [" gemini dropped out"]
    rig.simulator.reset()
    all_say(rig)
    rig.make(ensemble(member("gpt"), skipped, member("gemini")), topic="tides")
    assert "claude" in asked(rig)


def test_an_ensemble_of_which_nobody_takes_part_fails_the_row(rig):
    with pytest.raises(RowFailed, match="0 members answered, 1 are needed; none ran"):
        rig.make(ensemble(*(one | {"when": "false"} for one in THREE)))
    assert rig.questions() == []


def test_a_closed_provider_keeps_the_row_for_later_and_the_others_answers_are_kept(rig):
    all_say(rig)
    rig.fails("claude", "bad_key")
    first = rig.process()
    with pytest.raises(RowDeferred):
        first.make(ensemble(*THREE))
    assert asked(rig) == ["claude", "gemini", "gpt"]
    first.die()
    rig.simulator.reset()
    all_say(rig)
    assert rig.process().make(ensemble(*THREE)).draft.content == "42"
    assert asked(rig) == ["claude"]


@ENDS
def test_a_replay_asks_nobody_who_had_dropped_out_though_it_is_up_again(rig, ends):
    all_say(rig)
    rig.answers("gpt", "41")
    rig.fails("gemini", "server_error")
    first = rig.process()
    made = first.make(ensemble(*THREE))
    ends(first)
    rig.simulator.reset()
    all_say(rig)
    again = rig.process().make(ensemble(*THREE))
    assert rig.questions() == []
    assert again.draft == made.draft
    assert again.draft.content == "41"
    assert len(again.draft.metadata.warnings) == 1


def test_killed_half_way_only_the_members_that_had_not_answered_are_asked(rig):
    all_say(rig)
    first = rig.process()
    first.make(ensemble(*THREE[:2]))
    first.die()
    rig.simulator.reset()
    all_say(rig)
    made = rig.process().make(ensemble(*THREE))
    assert asked(rig) == ["gemini"]
    assert (made.tally.calls, made.tally.cached) == (3, 0)


@ENDS
def test_members_that_ask_the_very_same_are_each_asked_once_and_replayed_alike(rig, ends):
    rig.answers("gpt", "1", "2", "2")
    twins = ensemble(member("a", "gpt"), member("b", "gpt"), member("c", "gpt"))
    first = rig.process()
    made = first.make(twins)
    assert (asked(rig), made.draft.content) == (["gpt"] * 3, "2")
    ends(first)
    again = rig.process().make(twins)
    assert len(rig.questions()) == 3
    assert again.draft == made.draft
