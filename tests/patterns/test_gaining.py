"""A cascade by gain over the wire: the request's text says which of two models works it."""

from __future__ import annotations

import json

import pytest
from test_cascade import asked, judged, recipe

from tasks.calling.failures import CallFailed
from tasks.choosing.estimates import Estimates
from tasks.choosing.gain_pairs import Pair, learnt_routing
from tasks.patterns.expected_case import expected_case
from tasks.patterns.gaining import asks, gain_steps, gain_text
from tasks.patterns.lint import lint
from tasks.patterns.recipe import Recipe, load_recipe, models_needed
from tasks.patterns.worst_case import worst_case
from tasks.storing.errors import UserError

EASY, HARD = (
    "tides",
    "Which of these is not more than twice the average of each, and never without the other? " * 4,
)


def chain(share: float = 0.5, more: str = "", top: str = "") -> str:
    return recipe(f"{{cascade: [gemini, gpt], by: gain, share: {share}}}", more, top)


def learnt(step: str | None = None) -> Estimates:
    """The stronger model is worth it for proofs, whatever they look like."""
    about = [("Of proofs and moors", 0.1, 0.9), ("Of tides and winds " * 9, 0.9, 0.9)]
    pairs = [
        Pair(f"{text} {number}", None, (cheap, strong), (0.1, 1))
        for number in range(30)
        for text, cheap, strong in about
    ]
    return Estimates(routings=(learnt_routing(pairs, "gemini", "gpt", step),))


@pytest.mark.parametrize(("topic", "model"), [(EASY, "gemini"), (HARD, "gpt")])
def test_before_anything_is_learnt_a_request_that_looks_hard_goes_to_the_stronger_model(rig, topic, model):
    rig.make(chain(), topic=topic)
    assert asked(rig) == [model]


@pytest.mark.parametrize(("share", "model"), [(0, "gemini"), (1, "gpt")])
def test_none_and_all_are_shares_too(rig, share, model):
    for topic in (EASY, HARD):
        rig.make(chain(share), topic=topic)
    assert asked(rig) == [model] * 2


@pytest.mark.parametrize("step", [None, ""])
def test_what_was_learnt_decides_against_what_a_request_looks_like(rig, step):
    rig.estimates = learnt(step)
    rig.make(chain(), topic="Of proofs and moors 77")
    rig.make(chain(), topic="Of tides and winds " * 9 + "77")
    assert asked(rig) == ["gpt", "gemini"]


def test_what_was_learnt_at_another_step_says_nothing(rig):
    rig.estimates = learnt("elsewhere")
    rig.make(chain(), topic=EASY)
    assert asked(rig) == ["gemini"]


def test_an_answer_that_fails_a_check_goes_on_to_the_stronger_model(rig):
    rig.answers("gemini", "Too short")
    rig.answers("gpt", "This is long enough")
    made = rig.make(chain() + "  checks: [{min_words: 3}]\n", topic=EASY)
    assert (made.draft.content, asked(rig)) == ("This is long enough", ["gemini", "gpt"])


def test_the_stronger_models_answer_that_fails_a_check_is_put_right_by_itself(rig):
    rig.answers("gpt", "Too short", "This is long enough")
    made = rig.make(chain() + "  checks: [{min_words: 3}]\n", topic=HARD)
    assert (made.draft.content, asked(rig)) == ("This is long enough", ["gpt", "gpt"])


@pytest.mark.parametrize(("topic", "down", "up"), [(EASY, "gemini", "claude"), (HARD, "claude", "gemini")])
def test_where_one_cannot_serve_the_other_does(rig, topic, down, up):
    rig.fails(down, "model_missing")
    rig.answers(up, "served")
    made = rig.make(recipe("{cascade: [gemini, claude], by: gain, share: 0.5}"), topic=topic)
    assert made.draft.content == "served"
    assert f"{down} gave no answer" in str(made.draft.metadata.warnings)


def test_a_row_fails_where_neither_can(rig):
    for model in ("gemini", "claude"):
        rig.fails(model, "model_missing")
    with pytest.raises(CallFailed):
        rig.make(recipe("{cascade: [gemini, claude], by: gain, share: 0.5}"))


def test_in_an_explored_row_both_answer_and_are_judged_and_the_best_counts(rig):
    rig.answers("gemini", "cheap")
    rig.answers("gpt", "strong")
    rig.answers("spare", *judged(0.95, 0.6))
    made = rig.make(chain(0, top="explore: 1"))
    assert asked(rig) == ["gemini", "spare", "gpt", "spare"]
    assert made.draft.content == "cheap"
    assert {each["model"]: each["quality"] for each in made.tally.steps if each["quality"]} == {
        "gemini": 0.95,
        "gpt": 0.6,
    }


def test_in_an_explored_row_an_answer_that_fails_a_check_is_a_nought_to_learn_from(rig):
    rig.answers("gemini", "Too short")
    rig.answers("gpt", "This is long enough")
    rig.answers("spare", *judged(0.9))
    made = rig.make(chain(top="explore: 1") + "  checks: [{min_words: 3}]\n")
    scored = {each["model"]: each["quality"] for each in made.tally.steps}
    assert (scored["gemini"], scored["gpt"]) == (0.0, 0.9)


def test_a_replay_goes_where_the_row_went_whatever_has_been_learnt_since(rig):
    text, topic = chain(), "Of proofs and moors 77"
    dead = rig.process()
    dead.make(text, topic=topic)
    dead.upload()
    dead.die()
    before = asked(rig)
    rig.estimates = learnt()
    rig.process().make(text, topic=topic)
    assert asked(rig) == before == ["gemini"]
    rig.process("other").make(text, "r2", topic=topic)
    assert asked(rig) == [*before, "gpt"]


def test_the_gain_is_read_from_the_cells_that_the_prompt_shows():
    text = """
recipe: r
request: {topic: {type: str}, audience: {type: str}, day: {type: date}, id: {type: str}}
make:
  pipeline:
    - name: one
      ask: {model: {cascade: [a, b], by: gain, share: 0.5}, prompt: "{{ request.topic }} for {{ request.audience }}"}
    - name: two
      ask: {model: m, prompt: "Better: {{ one }}"}
    - name: three
      ask: {model: m, prompt: "{{ request.day }}"}
"""
    made = load_recipe(text)
    specs = dict(asks(made.make))
    values = {"topic": "tides", "audience": "all", "day": "2026-01-01", "id": None}
    assert list(specs) == ["one", "two", "three"]
    assert gain_text(specs["one"], values, made.request) == "all\ntides"
    assert gain_text(specs["two"], values, made.request) == "all\n2026-01-01\ntides"
    assert gain_text(specs["three"], values, made.request) == "2026-01-01"
    frozen = Recipe.from_frozen(json.loads(json.dumps(made.canonical(), sort_keys=True)))
    assert gain_text(dict(asks(frozen.make))["one"], values, frozen.request) == "all\ntides"
    assert [(path, models) for path, _, models in gain_steps(frozen.make)] == [("one", ("a", "b"))]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{cascade: [a, b], by: gain}", "'by: gain' needs 'share'"),
        ("{cascade: [a, b, c], by: gain, share: 0.5}", "between two models"),
        ("{cascade: [a, a], by: gain, share: 0.5}", "between two models"),
        ("{cascade: [a, b], share: 0.5}", "'share' is for 'by: gain' alone"),
        ("{cascade: [a, b], by: gain, share: 1.5}", "share"),
    ],
)
def test_what_cannot_be_meant_is_refused(model, said):
    with pytest.raises(UserError, match=said):
        load_recipe(recipe(model))


def test_a_judge_is_needed_only_where_rows_are_explored(rig):
    text = "recipe: r\n{}make: {{ask: {{model: {{cascade: [gemini, claude], by: gain, share: 0.3}}, prompt: p}}}}"
    assert models_needed(load_recipe(text.format("")), rig.catalog) == {"gemini", "claude"}
    explored = load_recipe(text.format("explore: 0.1\n"))
    assert models_needed(explored, rig.catalog) == {"gemini", "claude", "gpt"}


def test_the_share_is_in_what_is_expected_and_the_worst_case_has_both():
    plain, explored = load_recipe(chain(0.3)), load_recipe(chain(0.3, top="explore: 0.1"))

    def calls(of: Recipe) -> dict[str, float]:
        lines = expected_case(of, ["gemini", "gpt", "spare"]).lines
        return {asked.model: line.calls for asked, line in lines.items()}

    assert calls(plain) == pytest.approx({"gemini": 0.7, "gpt": 0.3})
    found = calls(explored)
    assert (found["gemini"], found["gpt"]) == pytest.approx((0.1 + 0.9 * 0.7, 0.1 + 0.9 * 0.3))
    assert 0.2 <= found["spare"] <= 0.22, "both answers of an explored row are judged"
    assert (worst_case(plain, {}).calls, worst_case(plain, {}).least) == (2, 1)
    assert worst_case(explored, {}).calls == 6, (
        "each judged, and asked again for a judgement that cannot be read"
    )


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{cascade: [gemini, gpt], by: gain, share: 0.5, accept: 0.8}", "nobody looks at 'accept'"),
        ("{cascade: [gemini, gpt], by: gain, share: 0}", "all requests go to 'gemini'"),
        ("{cascade: [gemini, gpt], by: gain, share: 1}", "all requests go to 'gpt'"),
    ],
)
def test_what_has_no_effect_is_remarked_upon(rig, model, said):
    assert any(said in remark.what for remark in lint(load_recipe(recipe(model)), rig.catalog))


def test_a_sound_cascade_by_gain_that_explores_gets_no_remark_on_its_keys(rig):
    found = [remark.what for remark in lint(load_recipe(chain(0.3, top="explore: 0.1")), rig.catalog)]
    assert not any(key in what for what in found for key in ("accept", "share", "explore"))
