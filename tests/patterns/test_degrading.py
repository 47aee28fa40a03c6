"""What a row gives up before it costs more: in the recipe's order, told in its warnings, the same in a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tasks.calling.budget import Budget, OverBudget, ShardBudget
from tasks.calling.call import Row
from tasks.landing.tally import Tally
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer

if TYPE_CHECKING:
    from row_rig import Process, RowRig

    from tasks.patterns.draft import Draft

DEAR = {"price": {"input": 1000.0, "output": 1000.0}}
CHEAP = {"price": {"input": 20.0, "output": 20.0}}
JUDGING = {"price": {"input": 1.0, "output": 1.0}}

REFINE = """
recipe: r
budget: {on_budget: %s}
quality: {judge: judging, criteria: [clarity]}
make:
  refine:
    start: {name: first, ask: {model: cheap, max_tokens: 50, prompt: "Begin"}}
    stages:
      - {name: better, ask: {model: dear, max_tokens: 50, prompt: "Improve {{ draft }}"}}
      - {name: best, ask: {model: cheap, max_tokens: 50, prompt: "Finish {{ draft }}"}}
"""
REPEAT = """
recipe: r
budget: {on_budget: [skip_refinement]}
quality: {judge: judging, criteria: [clarity]}
make:
  repeat:
    max_iterations: 3
    body:
      pipeline:
        - {name: text, when: "round == 1", ask: {model: cheap, max_tokens: 50, prompt: "Begin"}}
        - {name: again, when: "round > 1", ask: {model: dear, max_tokens: 50, prompt: "Improve"}}
"""
PANEL = """
recipe: r
budget: {on_budget: %s}
quality: {judge: judging, criteria: [clarity]}
make:
  ensemble:
    combine: %s
    merger: dear
    members:
      - {name: one, ask: {model: %s, max_tokens: 50, prompt: "One"}}
      - {name: two, ask: {model: %s, max_tokens: 50, prompt: "Two"}}
      - {name: three, ask: {model: %s, max_tokens: 50, prompt: "Three"}}
"""
ASK = """
recipe: r
budget: {on_budget: %s}
make:
  ask: {model: dear, max_tokens: 50, prompt: "Write"}
"""


@pytest.fixture
def rig(rig: RowRig) -> RowRig:
    rig.models = {"dear": DEAR, "cheap": CHEAP, "judging": JUDGING}
    rig.answers("cheap", "A text.")
    rig.answers("judging", '{"scores": {"clarity": {"reason": "so so", "score": 0.1}}, "feedback": "more"}')
    return rig


def make(process: Process, recipe: str, budget: Budget | None = None) -> tuple[Draft | OverBudget, Tally]:
    """A row with 2 cents, which reach for every call of `cheap` and none of `dear`."""
    loaded, rig = load_recipe(recipe), process.rig
    row = Row("r1", "made", "r", None, 0, (budget or Budget(0.02, "request"),))
    tally = Tally(process.calls, row)
    setting = setting_of(loaded, Renderer(), rig.catalog)
    try:
        return rig.engine.wait(make_draft(loaded, {}, tally, setting, tally.notes)), tally
    except OverBudget as short:
        return short, tally


def asked(rig: RowRig) -> list[str]:
    return [question.model for question in rig.questions()]


def made(found: tuple[Draft | OverBudget, Tally]) -> Draft:
    draft, _ = found
    assert not isinstance(draft, OverBudget), draft
    return draft


def replays(rig: RowRig, process: Process, recipe: str, draft: Draft) -> None:
    """Another process, with money for everything, makes the same and asks nobody."""
    before = len(rig.questions())
    process.die()
    again = made(make(rig.process(), recipe, Budget(None)))
    assert (again.content, again.metadata.warnings) == (draft.content, draft.metadata.warnings)
    assert len(rig.questions()) == before


def test_a_refinement_that_cannot_be_paid_ends_with_the_best_draft_and_tries_no_later_stage(
    rig: RowRig,
) -> None:
    rig.answers("cheap", "begun", prompt="^Begin$")
    process, recipe = rig.process(), REFINE % "[skip_refinement, cheaper_model]"
    draft = made(make(process, recipe))
    assert draft.content == "begun"
    assert draft.score == pytest.approx(0.1)
    (warning,) = draft.metadata.warnings
    assert "refinement stopped, the best so far counts: the next call may cost" in warning
    assert asked(rig) == ["cheap", "judging"]
    replays(rig, process, recipe, draft)


def test_a_cheaper_model_refines_where_that_comes_first(rig: RowRig) -> None:
    process, recipe = rig.process(), REFINE % "[cheaper_model, skip_refinement]"
    draft = made(make(process, recipe))
    (warning,) = draft.metadata.warnings
    assert warning == "step better: cheap answered, the money did not reach for dear"
    assert set(asked(rig)) == {"cheap", "judging"}
    assert len(asked(rig)) == 6, "start, two stages, and a judgement of each"
    replays(rig, process, recipe, draft)


@pytest.mark.parametrize(
    "order", ["[]", "[defer]", "[fewer_members]", "[defer, skip_refinement, cheaper_model]"]
)
def test_a_row_is_deferred_where_nothing_may_be_given_up(rig: RowRig, order: str) -> None:
    short, _ = make(rig.process(), REFINE % order)
    assert isinstance(short, OverBudget)
    assert asked(rig) == ["cheap", "judging"]


def test_a_loop_stops_with_its_best_round(rig: RowRig) -> None:
    process = rig.process()
    draft = made(make(process, REPEAT))
    assert any("refinement stopped" in warning for warning in draft.metadata.warnings)
    assert asked(rig) == ["cheap", "judging"]
    replays(rig, process, REPEAT, draft)


def test_a_draft_that_nobody_can_be_paid_to_judge_is_taken_as_it_is(rig: RowRig) -> None:
    process, recipe = rig.process(), (REFINE % "[skip_refinement]").replace("judge: judging", "judge: dear")
    draft = made(make(process, recipe))
    (warning,) = draft.metadata.warnings
    assert "nobody could judge this: the next call may cost" in warning
    assert asked(rig) == ["cheap"]
    replays(rig, process, recipe, draft)


def test_members_that_cannot_be_paid_drop_out_below_any_quorum(rig: RowRig) -> None:
    rig.answers("cheap", "42", prompt="^Two$")
    process, recipe = rig.process(), PANEL % ("[fewer_members]", "[vote]", "dear", "cheap", "dear")
    draft = made(make(process, recipe))
    assert draft.content == "42"
    assert [warning.split(" dropped")[0] for warning in draft.metadata.warnings[:2]] == [
        "make: one",
        "make: three",
    ]
    replays(rig, process, recipe, draft)


def test_of_members_none_of_which_can_be_paid_the_first_goes_to_a_cheaper_model(rig: RowRig) -> None:
    rig.answers("cheap", "42", prompt="^One$")
    process, recipe = (
        rig.process(),
        PANEL % ("[fewer_members, cheaper_model]", "[vote]", "dear", "dear", "dear"),
    )
    draft = made(make(process, recipe))
    assert draft.content == "42"
    assert "step one: cheap answered, the money did not reach for dear" in draft.metadata.warnings
    assert asked(rig)[0] == "cheap"
    replays(rig, process, recipe, draft)
    short, _ = make(rig.process("other"), PANEL % ("[fewer_members]", "[vote]", "dear", "dear", "dear"))
    assert isinstance(short, OverBudget)


def test_a_merger_that_cannot_be_paid_leaves_it_to_the_vote(rig: RowRig) -> None:
    for name in ("One", "Two", "Three"):
        rig.answers("cheap", "42", prompt=f"^{name}$")
    process, recipe = rig.process(), PANEL % ("[fewer_members]", "[merge, vote]", "cheap", "cheap", "cheap")
    draft = made(make(process, recipe))
    assert draft.content == "42"
    assert any("the answers could not be merged: the next call" in each for each in draft.metadata.warnings)
    replays(rig, process, recipe, draft)


def test_a_plain_call_goes_to_a_cheaper_model_and_a_replay_to_the_same(rig: RowRig) -> None:
    process, recipe = rig.process(), ASK % "[skip_refinement, fewer_members, cheaper_model, defer]"
    draft, tally = make(process, recipe)
    assert tally.notes.degraded
    assert not isinstance(draft, OverBudget)
    assert draft.metadata.warnings == ("make: cheap answered, the money did not reach for dear",)
    replays(rig, process, recipe, draft)


def test_a_row_gives_nothing_up_because_its_shards_share_is_spent(rig: RowRig) -> None:
    short, tally = make(
        rig.process(), REFINE % "[skip_refinement, cheaper_model]", ShardBudget(0.02, "shard")
    )
    assert isinstance(short, OverBudget)
    assert not tally.notes.degraded
    assert set(asked(rig)) == {"cheap", "judging"}


NESTED: Any = """
recipe: r
budget: {on_budget: %s}
quality: {judge: judging, criteria: [clarity]}
make:
  refine:
    start: {name: first, ask: {model: cheap, max_tokens: 50, prompt: "Begin"}}
    stages:
      - name: panel
        ensemble:
          members:
            - {name: one, ask: {model: dear, max_tokens: 50, prompt: "One"}}
            - {name: two, ask: {model: cheap, max_tokens: 50, prompt: "Two"}}
"""


def test_the_order_says_whether_a_panel_inside_a_refinement_shrinks_or_is_skipped(rig: RowRig) -> None:
    skipped = made(make(rig.process("a"), NESTED % "[skip_refinement, fewer_members]"))
    assert [warning.split(",")[0] for warning in skipped.metadata.warnings] == ["make: refinement stopped"]
    shrunk = made(make(rig.process("b"), NESTED % "[fewer_members, skip_refinement]"))
    assert "one dropped out" in shrunk.metadata.warnings[0]
    assert not any("refinement stopped" in warning for warning in shrunk.metadata.warnings)
